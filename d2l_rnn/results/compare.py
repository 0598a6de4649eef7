"""Run records against the published numbers: reproduced, differs, or not comparable.

A run is *comparable* when it is finished and unaltered, on the book's corpus (by
SHA-1), with the book's hyperparameters and as many epochs; the comparable runs of an
experiment are judged together, each seed once, by the rule of ``judge``. Every other
run is listed as not comparable, with the reason. ``tables`` renders the verdicts.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import RunError
from .book import BookNumber
from .comparable import incomparable, published_curve
from .judge import Judgement, judge, too_few
from .record import CONFIG, EPOCHS, RESULT, RunRecord, read_run

REPRODUCED = "reproduced"
DIFFERS = "differs"
NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True)
class Verdict:
    """What the runs of one experiment say about its published number.

    Attributes
    ----------
    experiment : str
    verdict : {'reproduced', 'differs', 'not comparable'}
    reason : str
        One line: the figures behind the verdict, or why there is none.
    runs : tuple of RunRecord
        The runs it is about.
    values : tuple of float
        Their final value, in the book's metric where there is a published number.
    book : BookNumber or None
    judgement : Judgement or None
    """

    experiment: str
    verdict: str
    reason: str
    runs: Tuple[RunRecord, ...]
    values: Tuple[float, ...]
    book: Optional[BookNumber] = None
    judgement: Optional[Judgement] = None

    @property
    def seeds(self) -> Tuple[Any, ...]:
        """The runs' seeds."""
        return tuple(run.config.get("seed") for run in self.runs)

    @property
    def mean(self) -> Optional[float]:
        """Mean of the final values, None where there is none."""
        return sum(self.values) / len(self.values) if self.values else None

    @property
    def tokens_per_sec(self) -> Optional[float]:
        """Mean speed of the runs, None where it was not recorded."""
        speeds = [
            _number((run.result or {}).get("tokens_per_sec")) for run in self.runs
        ]
        known = [speed for speed in speeds if speed is not None]
        return sum(known) / len(known) if known else None

    @property
    def devices(self) -> str:
        """The devices of the runs."""
        names = {str((run.result or {}).get("device", "")) for run in self.runs}
        return ", ".join(sorted(name for name in names if name))


def compare(
    runs: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    defaults: Optional[Mapping[str, Mapping[str, Any]]] = None,
) -> List[Verdict]:
    """Judge runs by the published numbers.

    Parameters
    ----------
    runs : iterable of RunRecord
        In any order, of any number of experiments.
    book : dict of str to BookNumber
    defaults : dict of str to dict, optional
        The configuration of each experiment as the book has it, in full. A run that
        departs from it in any field which changes the computation is not comparable.
        What the book itself names (``BookNumber.requires``) is checked in any case.

    Returns
    -------
    list of Verdict
        By experiment in order of appearance: first the comparable runs together, then
        the others by reason.
    """
    groups: Dict[Tuple[str, Optional[str]], List[RunRecord]] = {}
    seeds: Dict[Tuple[str, str], Path] = {}
    for run in runs:
        name = run.experiment
        number = book.get(name)
        reason = incomparable(run, number, (defaults or {}).get(name))
        if reason is None:
            # A seed determines the run: a second copy is no further evidence.
            key = (name, repr(run.config.get("seed")))
            if key in seeds:
                reason = f"seed {key[1]} is there already ({seeds[key]})"
            else:
                seeds[key] = run.directory
        groups.setdefault((name, None), [])
        groups.setdefault((name, reason), []).append(run)
    verdicts = []
    for (name, reason), members in groups.items():
        if not members:
            continue
        if reason is None:
            verdicts.append(_judged(name, members, book[name]))
        else:
            verdicts.append(
                Verdict(
                    name,
                    NOT_COMPARABLE,
                    reason,
                    tuple(members),
                    _final_values(members, book.get(name)),
                    book.get(name),
                )
            )
    order = {name: place for place, (name, _) in reversed(list(enumerate(groups)))}
    return sorted(verdicts, key=lambda verdict: order[verdict.experiment])


def _judged(name: str, runs: Sequence[RunRecord], number: BookNumber) -> Verdict:
    curves = [published_curve(run, number) for run in runs]
    values = tuple(curve[-1] for curve in curves)
    verdict, reason, judgement = verdict_on_curves(curves, number)
    return Verdict(name, verdict, reason, tuple(runs), values, number, judgement)


def verdict_on_curves(
    curves: Sequence[Sequence[float]], number: BookNumber
) -> Tuple[str, str, Optional[Judgement]]:
    """The verdict on comparable runs, the figures behind it, and the judgement.

    Parameters
    ----------
    curves : sequence of sequence of float
        Of each run the book's metric at each of ``number.epochs``.
    number : BookNumber
    """
    builds = [build.values for build in number.builds]
    few = too_few(len(curves), len(builds))
    if few is not None:
        return NOT_COMPARABLE, few, None
    judgement = judge(curves, builds)
    reason = (
        f"{judgement.inside} of {len(number.epochs)} epochs inside the range of "
        f"{len(builds)} builds"
    )
    if judgement.differs:
        place = judgement.epoch
        low, _, high = number.band()
        ours = _geometric_mean([curve[place] for curve in curves])
        reason += (
            f"; farthest at epoch {number.epochs[place]}: {number.format(ours)}, the "
            f"builds {number.format(low[place])} to {number.format(high[place])}"
        )
    reason += f"; p = {judgement.p_curve:.2g} (curve), {judgement.p_final:.2g} (final)"
    return DIFFERS if judgement.differs else REPRODUCED, reason, judgement


def _final_values(
    runs: Sequence[RunRecord], number: Optional[BookNumber]
) -> Tuple[float, ...]:
    values = []
    for run in runs:
        value = _number((run.result or {}).get("perplexity"))
        if number is not None and run.epochs:
            try:
                value = number.value_of(run.epochs[-1])
            except (KeyError, TypeError, ValueError, ArithmeticError):
                value = None
        if value is not None and not math.isnan(value):
            values.append(value)
    return tuple(values)


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def _number(value: Any) -> Optional[float]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else None


def read_runs(paths: Iterable[Union[str, os.PathLike[str]]]) -> List[RunRecord]:
    """Read run directories, and all those below the other directories given.

    What is below a directory is taken as it is: a record that cannot be read becomes
    one with its ``damage``, so that it does not hide the others. Runs that made room
    for another (``earlier-1-seed-1``) are read only if they are named themselves.

    Raises
    ------
    RunError
        If a path is not a directory, is a run that cannot be read, or has no run below
        it.
    """
    records = []
    for path in map(Path, paths):
        if (path / CONFIG).is_file() or not path.is_dir():
            records.append(read_run(path))
            continue
        below = _run_directories(path)
        if not below:
            raise RunError(f"{path}: no run directory, and none below it")
        records += map(_read_or_note, below)
    return records


def _run_directories(path: Path) -> List[Path]:
    """All directories below that hold a file of a run, complete or not."""
    files = (path.rglob(name) for name in (CONFIG, EPOCHS, RESULT))
    found = {file.parent for group in files for file in group}
    return sorted(run for run in found if not run.name.startswith("earlier-"))


def _read_or_note(directory: Path) -> RunRecord:
    try:
        return read_run(directory)
    except RunError as error:
        name = {"experiment": directory.parent.name}
        return RunRecord(directory, name, {}, [], None, str(error))


def exit_status(verdicts: Iterable[Verdict]) -> int:
    """1 if any verdict is ``differs``, else 0."""
    return int(any(verdict.verdict == DIFFERS for verdict in verdicts))
