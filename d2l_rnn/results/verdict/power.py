"""How much the rules tell: the smallest change of pace that is told nine times in ten.

Training at another pace is what another learning rate, fewer hidden units or a missing
clip come to: m builds, chosen at random, are read as if they had trained slower by a
share of all epochs, and held against the other builds. The critical value of a rule's
statistic, above which it says ``differs``, is worked out once from the builds alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, Mapping, Optional

import numpy as np

from ...arrays import Floats, Integers
from ..book import BookNumber
from .compare import scatter_of
from .grouping import BOOK_WEIGHTS, SEED_WEIGHTS
from .judge import LEVEL, MARGIN, logarithms, quarter_rule, too_few
from .mixed import in_spreads, reference
from .permutation import centred_ranks, regroupings, statistic

PROBABILITY = 0.9
CHANGES = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)
RUNS = (1, 3, 5)
_REPEATS = 300  # random choices of builds for a change

Told = Callable[[Floats], float]  # slower curves -> share of the choices that is told


@dataclass(frozen=True)
class Power:
    """What is told of one experiment.

    Attributes
    ----------
    experiment : str
    told : dict
        For the initial weights ('book' or 'seed') and the number of runs the smallest
        of ``CHANGES`` that is told with probability 0.9, infinite where none is; None
        where so many runs are not judged, or not judged from these weights.
    """

    experiment: str
    told: Mapping[str, Mapping[int, Optional[float]]]


def power_of(number: BookNumber) -> Optional[Power]:
    """The power of the rules for one experiment; None where it has no curve."""
    if len(number.epochs) < 2:
        return None
    told: Dict[str, Dict[int, Optional[float]]] = {}
    for weights in (BOOK_WEIGHTS, SEED_WEIGHTS):
        told[weights] = {}
        for runs in RUNS:
            judged = too_few(runs, len(number.builds)) is None
            if number.drawn_alike and weights == SEED_WEIGHTS:
                judged = False  # there are no such runs
            told[weights][runs] = (
                smallest_told(number, runs, weights) if judged else None
            )
    return Power(number.name, told)


def smallest_told(number: BookNumber, runs: int, weights: str) -> float:
    """The smallest of ``CHANGES`` told with probability 0.9; infinite where none is."""
    builds = logarithms(np.array([build.values for build in number.builds]))
    scatter = scatter_of(number, weights)
    if scatter:
        told = _mixed(builds, runs, scatter)
    elif runs > 1:
        told = _permutation(builds, runs)
    else:
        told = _quarter(builds)
    for change in CHANGES:
        if told(slower(number, builds, change)) >= PROBABILITY:
            return change
    return float("inf")


def slower(number: BookNumber, logarithms: Floats, change: float) -> Floats:
    """Curves as they would be if training had gone slower by a share of its epochs."""
    epochs = np.array(number.epochs, dtype=float)
    places = np.maximum(epochs * (1 - change), epochs[0])
    return np.array([np.interp(places, epochs, curve) for curve in logarithms])


def _choices(total: int, runs: int) -> Integers:
    """Random groups of builds, (_REPEATS, runs)."""
    order = np.random.RandomState(2).random_sample((_REPEATS, total))
    return np.argpartition(order, runs - 1, axis=1)[:, :runs]


def _permutation(builds: Floats, runs: int) -> Told:
    total = len(builds)
    found = statistic(centred_ranks(builds), regroupings(total, runs))
    critical = float(np.quantile(found, 1 - LEVEL))
    variance = (total + 1) * (total - runs) / (12 * runs)  # of a mean rank, no ties

    def told(changed: Floats) -> float:
        # (total, total, num_epochs): whether each, slower, lies above each build
        above = np.sign(changed[:, None] - builds[None, :])
        hits = 0
        for chosen in _choices(total, runs):
            ours = above[chosen].sum(axis=0)
            wins = ours.sum(axis=0) - ours[chosen].sum(axis=0)
            hits += float(((wins / (2 * runs)) ** 2).mean()) / variance > critical
        return hits / _REPEATS

    return told


def _mixed(builds: Floats, runs: int, scatter: float) -> Told:
    _, within = in_spreads(builds, builds)
    critical = max(
        float(np.quantile(found, 1 - LEVEL))
        for found in reference(within, runs, scatter)
    )
    effects = scatter * np.random.RandomState(3).standard_normal((_REPEATS, runs + 1))
    deviation = within.std(axis=0, ddof=1)

    def told(changed: Floats) -> float:
        ours, _ = in_spreads(changed, builds)
        hits = 0
        for chosen, effect in zip(_choices(len(builds), runs), effects):
            rest = np.delete(within, chosen, axis=0)
            gap = ours[chosen].mean(axis=0) - rest.mean(axis=0)
            gap += (effect[1:].mean() - effect[0]) * deviation
            spread = np.maximum(rest.std(axis=0, ddof=1), 0.1)
            hits += float(((gap / spread) ** 2).mean()) > critical
        return hits / _REPEATS

    return told


def _quarter(builds: Floats) -> Told:
    def told(changed: Floats) -> float:
        hits = [
            quarter_rule(changed[index], np.delete(builds, index, axis=0)) > MARGIN
            for index in range(len(builds))
        ]
        return sum(hits) / len(hits)

    return told


HEADINGS = ["experiment"] + [
    f"{runs} run{'' if runs == 1 else 's'}, {weights}"
    for weights in ("the builds' weights", "own weights")
    for runs in RUNS
]


def rows_of(powers: List[Power]) -> List[List[str]]:
    """The table's rows: percentages; '-' where so many runs are not judged."""
    return [
        [power.experiment]
        + [
            _shown(power.told[weights][runs])
            for weights in (BOOK_WEIGHTS, SEED_WEIGHTS)
            for runs in RUNS
        ]
        for power in powers
    ]


def _shown(change: Optional[float]) -> str:
    if change is None:
        return "-"
    if change == float("inf"):
        return f"> {100 * CHANGES[-1]:g} %"
    return f"{100 * change:g} %"
