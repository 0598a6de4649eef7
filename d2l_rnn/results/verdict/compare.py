"""Run records against the published numbers: reproduced, differs, or not comparable.

Runs are grouped by what they are, all but the seed (:mod:`.grouping`). A group is
*comparable* when its runs are finished and unaltered, on the book's corpus (by SHA-1),
with the book's hyperparameters and as many epochs; it is judged, each seed once, by the
rule that its initial weights call for (:mod:`.judge`). Every other run is listed with
the reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..book import BookNumber
from ..record import OLDER, RunRecord, verified
from .comparable import Settings, incomparable, published_curve
from .grouping import BOOK_WEIGHTS, SAID, Kind, kind_of, set_apart
from .judge import MIXED, QUARTER, Judgement, judge, too_few
from .mixed import INITIALISATION, MASKS

REPRODUCED = "reproduced"
DIFFERS = "differs"
NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True)
class Verdict:
    """What the runs of one kind say about a published number.

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
    apart : str
        The settings that set these runs apart from others of the experiment.
    """

    experiment: str
    verdict: str
    reason: str
    runs: Tuple[RunRecord, ...]
    values: Tuple[float, ...]
    book: Optional[BookNumber] = None
    judgement: Optional[Judgement] = None
    apart: str = ""

    @property
    def title(self) -> str:
        """The experiment, and what sets these runs apart."""
        return f"{self.experiment} ({self.apart})" if self.apart else self.experiment

    @property
    def seeds(self) -> Tuple[Optional[int], ...]:
        """The runs' seeds."""
        return tuple(run.seed for run in self.runs)

    @property
    def mean(self) -> Optional[float]:
        """Mean of the final values, None where there is none."""
        return sum(self.values) / len(self.values) if self.values else None

    @property
    def tokens_per_sec(self) -> Optional[float]:
        """Mean speed of the runs, None where it was not recorded."""
        return self._mean_of("tokens_per_sec")

    @property
    def wall_seconds(self) -> Optional[float]:
        """Mean time that a run took, None where it was not recorded."""
        return self._mean_of("wall_seconds")

    def _mean_of(self, key: str) -> Optional[float]:
        found = [(run.result or {}).get(key) for run in self.runs]
        known = [value for value in found if isinstance(value, (int, float))]
        return sum(known) / len(known) if known else None

    @property
    def devices(self) -> str:
        """The devices of the runs."""
        names = {(run.result or {}).get("device", "") for run in self.runs}
        return ", ".join(sorted(name for name in names if name))


def compare(
    runs: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    settings: Optional[Mapping[str, Settings]] = None,
) -> List[Verdict]:
    """Judge runs by the published numbers.

    Parameters
    ----------
    runs : iterable of RunRecord
        In any order, of any number of experiments. Of a finished run that does not
        verify, nothing but the reason is in its verdict.
    book : dict of str to BookNumber
    settings : dict of str to dict, optional
        The settings of each experiment that change a number, as the book has them. A
        run that departs from them is not comparable. What the book itself names
        (``BookNumber.requires``) is checked in any case.

    Returns
    -------
    list of Verdict
        By experiment in order of appearance: first the comparable runs, then the
        others by kind and reason.
    """
    settings = settings or {}
    groups: Dict[Tuple[Kind, Optional[str]], List[RunRecord]] = {}
    seeds: Dict[Tuple[Kind, str], Path] = {}
    for run in map(verified, runs):
        name = run.experiment
        reason = incomparable(run, book.get(name), settings.get(name))
        kind = kind_of(run, settings.get(name))
        if reason is None:
            # A seed determines the run: a second copy is no further evidence.
            key = (kind, repr(run.seed))
            if key in seeds:
                reason = f"seed {key[1]} is there already ({seeds[key]})"
            else:
                seeds[key] = run.directory
        groups.setdefault((kind, reason), []).append(run)
    verdicts = [
        _judged(kind, members, book.get(kind.experiment), reason)
        for (kind, reason), members in groups.items()
    ]
    return ordered(verdicts, list(groups), settings)


def ordered(
    verdicts: Sequence[Verdict],
    groups: Sequence[Tuple[Kind, Optional[str]]],
    settings: Mapping[str, Settings],
) -> List[Verdict]:
    """With what sets each apart, by experiment, the comparable ones first."""
    apart = set_apart([kind for kind, _ in groups], settings)
    told = [
        replace(verdict, apart=apart[kind])
        for verdict, (kind, _) in zip(verdicts, groups)
    ]
    order: Dict[str, int] = {}
    for verdict in told:
        order.setdefault(verdict.experiment, len(order))
    return sorted(told, key=lambda v: (order[v.experiment], v.judgement is None))


def _judged(
    kind: Kind,
    runs: Sequence[RunRecord],
    number: Optional[BookNumber],
    incomparable: Optional[str],
) -> Verdict:
    verdict, reason, judgement = NOT_COMPARABLE, incomparable or "", None
    values = final_values(runs, number)
    if number is not None and incomparable is None:
        curves = [published_curve(run, number) for run in runs]
        values = tuple(curve[-1] for curve in curves)
        verdict, reason, judgement = verdict_on_curves(curves, number, kind.weights)
    older = sum(run.older for run in runs)
    if older:
        which = "" if older == len(runs) else f"{older} of {len(runs)}: "
        reason += f"; {which}{OLDER}"
    return Verdict(
        kind.experiment, verdict, reason, tuple(runs), values, number, judgement
    )


def scatter_of(number: BookNumber, weights: str) -> float:
    """r for the runs of an experiment; 0 where they share all that the builds shared.

    Parameters
    ----------
    number : BookNumber
    weights : {'book', 'seed'}
        Where the runs' initial weights come from.
    """
    if number.drawn_alike:
        return 0.0
    return MASKS.get(number.name, 0.0) if weights == BOOK_WEIGHTS else INITIALISATION


def verdict_on_curves(
    curves: Sequence[Sequence[float]], number: BookNumber, weights: str
) -> Tuple[str, str, Optional[Judgement]]:
    """The verdict on comparable runs, the figures behind it, and the judgement.

    Parameters
    ----------
    curves : sequence of sequence of float
        Of each run the book's metric at each of ``number.epochs``.
    number : BookNumber
    weights : {'book', 'seed'}
        Where the runs' initial weights come from.
    """
    builds = [build.values for build in number.builds]
    few = too_few(len(curves), len(builds))
    if few is not None:
        return NOT_COMPARABLE, few, None
    # With the builds' digits, as ties would tell ours from theirs without.
    alike = [[number.round_off(value) for value in curve] for curve in curves]
    judgement = judge(alike, builds, scatter_of(number, weights))
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
    start = "the builds' data and weights" if number.drawn_alike else SAID[weights]
    reason += f"; {start}, {_of_rule(judgement)}"
    return DIFFERS if judgement.differs else REPRODUCED, reason, judgement


def _of_rule(judgement: Judgement) -> str:
    if judgement.rule == QUARTER:
        return (
            f"one run: {judgement.ratio:.2f} times as far out as the farthest build "
            "(quarter rule: more than 1.25 differs)"
        )
    if judgement.rule == MIXED:
        text = f"p = {judgement.p:.2g} (mixed model, r = {judgement.scatter:g})"
        if judgement.p_shared is not None:
            text += f"; at r = 0 it would be {judgement.p_shared:.2g}"
        return text
    return f"p = {judgement.p:.2g} (permutation test of the curve)"


def final_values(
    runs: Sequence[RunRecord], number: Optional[BookNumber]
) -> Tuple[float, ...]:
    values = []
    for run in runs:
        if run.result is None:  # what it has so far, nothing vouches for
            continue
        value = run.result.get("perplexity")
        if number is not None and run.epochs:
            try:
                value = number.value_of(run.epochs[-1])
            except (KeyError, ArithmeticError):
                value = None
        if value is not None and not math.isnan(value):
            values.append(float(value))
    return tuple(values)


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def exit_status(verdicts: Iterable[Verdict]) -> int:
    """1 if any verdict is ``differs``, else 0."""
    return int(any(verdict.verdict == DIFFERS for verdict in verdicts))
