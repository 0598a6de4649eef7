"""Any runs against one published number, whatever their settings."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..book import BookNumber
from ..record import RunRecord, verified
from .comparable import (
    Settings,
    other_corpus,
    other_settings,
    published_curve,
    unusable,
)
from .compare import (
    NOT_COMPARABLE,
    Verdict,
    final_values,
    ordered,
    verdict_on_curves,
)
from .grouping import Kind, kind_of


def compare_against(
    runs: Iterable[RunRecord],
    number: BookNumber,
    settings: Optional[Mapping[str, Settings]] = None,
) -> List[Verdict]:
    """Hold runs against one published number, whatever they are.

    Parameters
    ----------
    runs : iterable of RunRecord
        Of any experiment, a reader's own too.
    number : BookNumber
    settings : dict of str to dict, optional
        As for :func:`compare`.

    Returns
    -------
    list of Verdict
        One for each kind of runs; its reason names what is not as in the book. A run
        is judged at those of the published epochs that it has.
    """
    settings = settings or {}
    groups: Dict[Tuple[Kind, Optional[str]], List[RunRecord]] = {}
    seen = set()
    for run in map(verified, runs):
        kind = kind_of(run, settings.get(run.experiment))
        reason = unusable(run, number) or _no_curve(run, number)
        if reason is None and (kind, run.seed) in seen:
            reason = f"seed {run.seed} is there already"
        if reason is None:
            seen.add((kind, run.seed))
        groups.setdefault((kind, reason), []).append(run)
    verdicts = [
        _judged_against(kind, members, number, reason, settings.get(number.name))
        for (kind, reason), members in groups.items()
    ]
    return ordered(verdicts, list(groups), settings)


def _no_curve(run: RunRecord, number: BookNumber) -> Optional[str]:
    """Why a usable run has nothing to hold against the builds; None where it has."""
    if len(run.epochs) < number.epochs[0]:
        return (
            f"{len(run.epochs)} epochs, the builds are known from epoch "
            f"{number.epochs[0]} on"
        )
    if any(map(math.isnan, published_curve(run, number.until(len(run.epochs))))):
        return f"{number.metric} is not in its record"
    return None


def _judged_against(
    kind: Kind,
    runs: Sequence[RunRecord],
    number: BookNumber,
    reason: Optional[str],
    settings: Optional[Settings],
) -> Verdict:
    verdict, judgement = NOT_COMPARABLE, None
    values = final_values(runs, number)
    if reason is None:
        shortest = min(len(run.epochs) for run in runs)
        number_there = number.until(shortest)
        curves = [published_curve(run, number_there) for run in runs]
        verdict, figures, judgement = verdict_on_curves(
            curves, number_there, kind.weights
        )
        values = tuple(curve[-1] for curve in curves)
        others = [other_corpus(runs[0], number), *_told(runs[0], number, settings)]
        told = "; ".join(filter(None, others)) or "no setting differs"
        reason = f"against {number.name}: {told}; {figures}"
    return Verdict(
        kind.experiment, verdict, reason, tuple(runs), values, number, judgement
    )


def _told(
    run: RunRecord, number: BookNumber, settings: Optional[Settings]
) -> List[str]:
    """What a run has otherwise than the book, as far as both have it."""
    told = []
    if run.experiment != number.name:
        told.append(f"experiment {run.experiment}")
    num_epochs = run.config.get("num_epochs")
    if num_epochs != number.num_epochs:
        told.append(f"num_epochs {num_epochs}, the book's is {number.num_epochs}")
    known = {
        name: value for name, value in number.requires.items() if name in run.config
    }
    return told + other_settings(run, replace(number, requires=known), settings)
