"""From seconds to figures: turns, medians, spreads, ratios and slopes."""

from __future__ import annotations

import math
from statistics import median
from typing import List, Mapping, NamedTuple, Sequence, Tuple


class Spread(NamedTuple):
    """A median with the smallest and the largest value."""

    median: float
    low: float
    high: float


def turns(names: Sequence[str], rounds: int) -> List[Tuple[int, str]]:
    """Who runs when: every name once in each round, A B C, B C A, C A B, ...

    Whoever comes after another may feel it: its threads and memory go only slowly. So
    no side follows the same one in every round.
    """
    order = []
    for number in range(rounds):
        first = number % len(names)
        order += [(number, name) for name in (*names[first:], *names[:first])]
    return order


def spread(values: Sequence[float]) -> Spread:
    """Median, minimum and maximum."""
    return Spread(median(values), min(values), max(values))


def rates(amount: float, seconds: Sequence[float]) -> Spread:
    """``amount / seconds``, such as tokens a second."""
    return spread([amount / s for s in seconds])


def ratios(theirs: Sequence[float], ours: Sequence[float]) -> Spread:
    """How many times as long theirs took, round by round.

    A disturbance lasts longer than a turn: within a round it hits both, so their ratio
    is steadier than either time.
    """
    if len(theirs) != len(ours):
        raise ValueError(f"{len(theirs)} rounds beside {len(ours)}")
    return spread([their / our for their, our in zip(theirs, ours)])


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The exponent ``p`` of ``y = c x^p``: least squares on logarithms."""
    X, Y = [math.log(v) for v in x], [math.log(v) for v in y]
    x_mean, y_mean = sum(X) / len(X), sum(Y) / len(Y)
    covariance = sum((a - x_mean) * (b - y_mean) for a, b in zip(X, Y))
    return covariance / sum((a - x_mean) ** 2 for a in X)


def columns(rows: Sequence[Sequence[str]]) -> List[str]:
    """Lines of a table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def shown(values: Spread, digits: int = 2) -> str:
    """``2.31 (2.20-2.44)``."""
    return "{:.{d}f} ({:.{d}f}-{:.{d}f})".format(*values, d=digits)


def shown_rate(values: Spread) -> str:
    """``12,400 (11,900-12,800)``."""
    return "{:,.0f} ({:,.0f}-{:,.0f})".format(*values)


def each(
    answers: Mapping[str, Sequence[Mapping[str, float]]], name: str, key: str
) -> List[float]:
    """One key of all of a side's answers, for one step or token of each."""
    return [answer[key] / answer["count"] for answer in answers[name]]
