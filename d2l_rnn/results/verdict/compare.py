"""Run records against the published numbers: reproduced, differs, or not comparable.

A run is *comparable* when it is finished and unaltered, on the book's corpus (by
SHA-1), with the book's hyperparameters and as many epochs; the comparable runs of an
experiment are judged together, each seed once, by the rule of ``judge``. Every other
run is listed as not comparable, with the reason. The verdicts are shown as text for a
terminal, as Markdown, or as JSON.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..book import BookNumber
from ..record import OLDER, RunRecord, verified
from .comparable import incomparable, published_curve
from .judge import Judgement, judge, too_few

REPRODUCED = "reproduced"
DIFFERS = "differs"
NOT_COMPARABLE = "not comparable"

HEADINGS = ("experiment", "book", "ours", "seeds", "verdict", "tokens/sec")


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
        speeds = [(run.result or {}).get("tokens_per_sec") for run in self.runs]
        known = [speed for speed in speeds if speed is not None]
        return sum(known) / len(known) if known else None

    @property
    def devices(self) -> str:
        """The devices of the runs."""
        names = {(run.result or {}).get("device", "") for run in self.runs}
        return ", ".join(sorted(name for name in names if name))


def compare(
    runs: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    settings: Optional[Mapping[str, Mapping[str, object]]] = None,
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
        By experiment in order of appearance: first the comparable runs together, then
        the others by reason.
    """
    groups: Dict[Tuple[str, Optional[str]], List[RunRecord]] = {}
    seeds: Dict[Tuple[str, str], Path] = {}
    for run in map(verified, runs):
        name = run.experiment
        number = book.get(name)
        reason = incomparable(run, number, (settings or {}).get(name))
        if reason is None:
            # A seed determines the run: a second copy is no further evidence.
            key = (name, repr(run.seed))
            if key in seeds:
                reason = f"seed {key[1]} is there already ({seeds[key]})"
            else:
                seeds[key] = run.directory
        groups.setdefault((name, None), [])
        groups.setdefault((name, reason), []).append(run)
    verdicts = [
        _judged(name, members, book.get(name), reason)
        for (name, reason), members in groups.items()
        if members
    ]
    order = {name: place for place, (name, _) in reversed(list(enumerate(groups)))}
    return sorted(verdicts, key=lambda verdict: order[verdict.experiment])


def _judged(
    name: str,
    runs: Sequence[RunRecord],
    number: Optional[BookNumber],
    incomparable: Optional[str],
) -> Verdict:
    verdict, reason, judgement = NOT_COMPARABLE, incomparable or "", None
    values = _final_values(runs, number)
    if number is not None and incomparable is None:
        curves = [published_curve(run, number) for run in runs]
        values = tuple(curve[-1] for curve in curves)
        verdict, reason, judgement = verdict_on_curves(curves, number)
    older = sum(run.older for run in runs)
    if older:
        which = "" if older == len(runs) else f"{older} of {len(runs)}: "
        reason += f"; {which}{OLDER}"
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


def book_value(verdict: Verdict) -> str:
    """The published number: median [min, max] of the builds."""
    return "-" if verdict.book is None else verdict.book.summary()


def our_value(verdict: Verdict) -> str:
    """Ours: mean [min, max] over the seeds, or the one value."""
    if not verdict.values:
        return "-"
    form = verdict.book.format if verdict.book is not None else "{:.3f}".format
    mean = verdict.mean
    text = form(mean) if mean is not None else "-"
    if len(verdict.values) > 1:
        text += f" [{form(min(verdict.values))}, {form(max(verdict.values))}]"
    return text


def speed(verdict: Verdict) -> str:
    """Mean tokens per second, and on what."""
    if verdict.tokens_per_sec is None:
        return "-"
    return f"{verdict.tokens_per_sec:.0f} {verdict.devices}".strip()


def _cells(verdict: Verdict) -> List[str]:
    return [
        verdict.experiment,
        book_value(verdict),
        our_value(verdict),
        str(len(verdict.runs)),
        verdict.verdict,
        speed(verdict),
    ]


def render_text(verdicts: Sequence[Verdict]) -> str:
    """An aligned table; below each row the figures or the reason."""
    rows = [list(HEADINGS)] + [_cells(verdict) for verdict in verdicts]
    rows = [[_printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for index, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths))
        lines.append("  ".join(cells).rstrip())
        if index:
            lines.append("    " + _printable(verdicts[index - 1].reason))
    return "\n".join(lines)


def render_markdown(verdicts: Sequence[Verdict]) -> str:
    """A Markdown table, the figures or the reason beside each verdict."""
    lines = [
        f"| {' | '.join(HEADINGS)} |",
        "| --- | --- | --- | ---: | --- | ---: |",
    ]
    for verdict in verdicts:
        cells = _cells(verdict)
        cells[4] = f"**{verdict.verdict}**: {verdict.reason}"
        safe = (_printable(cell).replace("|", "\\|") for cell in cells)
        lines.append(f"| {' | '.join(safe)} |")
    return "\n".join(lines)


def to_json(verdicts: Sequence[Verdict]) -> str:
    """One JSON array, an object a verdict; numbers that are not finite are null."""
    return json.dumps([_object(verdict) for verdict in verdicts], indent=2)


def _object(verdict: Verdict) -> Dict[str, object]:
    number, judgement = verdict.book, verdict.judgement
    return {
        "experiment": verdict.experiment,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "seeds": list(verdict.seeds),
        "values": [_finite(value) for value in verdict.values],
        "mean": _finite(verdict.mean),
        "tokens_per_sec": _finite(verdict.tokens_per_sec),
        "device": verdict.devices,
        "runs": [str(run.directory) for run in verdict.runs],
        "book": (
            None
            if number is None
            else {
                "edition": number.edition,
                "section": number.section,
                "framework": number.framework,
                "metric": number.metric,
                "builds": len(number.builds),
                "printed": dict(number.printed),
                "final": dict(number.final),
            }
        ),
        "judgement": None if judgement is None else vars(judgement),
    }


def _finite(value: Optional[float]) -> Optional[float]:
    return value if value is not None and math.isfinite(value) else None


def _printable(text: str) -> str:
    """Without line ends and terminal escapes, which a record may hold."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
