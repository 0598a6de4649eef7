"""A training curve as inline SVG that takes its colours from the page's style sheet."""

from __future__ import annotations

import math
from html import escape
from typing import Dict, List, Optional, Sequence, Tuple

from .book import BookNumber

WIDTH, HEIGHT = 720, 350
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 54  # margins around the plot
CLOSEST_TICKS = 22
SMALLEST, LARGEST = 1e-300, 1e300  # that can be divided and rounded without a care

Curve = Tuple[Sequence[int], Sequence[float]]


class _Scale:
    """Maps epochs and values (logarithmic) to places in the picture."""

    def __init__(self, last_epoch: float, low: float, high: float) -> None:
        self.last_epoch = max(last_epoch, 1)
        room = 0.04 * max(math.log(high) - math.log(low), 0.02)
        self.low = math.log(low) - room
        self.high = math.log(high) + room

    def x(self, epoch: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * epoch / self.last_epoch

    def y(self, value: float) -> float:
        share = (math.log(value) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    def points(self, epochs: Sequence[float], values: Sequence[float]) -> List[str]:
        places = zip(map(self.x, epochs), map(self.y, values))
        return [f"{x:.1f},{y:.1f}" for x, y in places]


def curve_svg(
    curves: Sequence[Curve],
    number: Optional[BookNumber],
    label: str,
    beside: Sequence[Curve] = (),
) -> Optional[str]:
    """Our curves, their spread over the seeds, and the range of the book's builds.

    Parameters
    ----------
    curves : sequence of (epochs, values)
        One of each seed, with finite positive values.
    number : BookNumber or None
    label : str
        What the picture shows, for those who cannot see it.
    beside : sequence of (epochs, values)
        Other curves of ours, of which the range alone is shown.

    Returns
    -------
    str or None
        None where no curve has a point.
    """
    curves, beside = _usable(curves), _usable(beside)
    if not curves:
        return None
    band = number.band() if number is not None else None
    values = [value for _, curve in [*curves, *beside] for value in curve]
    last = max(max(epochs) for epochs, _ in [*curves, *beside])
    if number is not None and band is not None:
        values += [*band[0], *band[2]]
        last = max(last, number.num_epochs)
    scale = _Scale(last, min(values), max(values))
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(label, quote=True)}">'
    ]
    parts += _frame(scale, min(values), max(values), number)
    if number is not None and band is not None:
        low, middle, high = band
        parts.append(_area("builds", scale, number.epochs, low, high))
        parts.append(_line("median", scale, number.epochs, middle))
    if beside:
        epochs, low, _, high = spread(beside)
        parts.append(_area("beside", scale, epochs, low, high))
    epochs, low, middle, high = spread(curves)
    if len(curves) > 1:
        parts.append(_area("seeds", scale, epochs, low, high))
    parts.append(_line("ours", scale, epochs, middle))
    parts.append("</svg>")
    return "".join(parts)


def spread(
    curves: Sequence[Curve],
) -> Tuple[List[int], List[float], List[float], List[float]]:
    """Epochs, minimum, geometric mean and maximum over the curves that have them."""
    at: Dict[int, List[float]] = {}
    for epochs, values in curves:
        for epoch, value in zip(epochs, values):
            at.setdefault(epoch, []).append(value)
    epochs = sorted(at)
    return (
        epochs,
        [min(at[epoch]) for epoch in epochs],
        [math.exp(sum(map(math.log, at[e])) / len(at[e])) for e in epochs],
        [max(at[epoch]) for epoch in epochs],
    )


def _usable(curves: Sequence[Curve]) -> List[Curve]:
    return [curve for curve in map(_positive, curves) if curve[0]]


def _positive(curve: Curve) -> Curve:
    pairs = [
        (epoch, value)
        for epoch, value in zip(*curve)
        if epoch >= 0 and SMALLEST <= value <= LARGEST
    ]
    return [epoch for epoch, _ in pairs], [value for _, value in pairs]


def _line(
    kind: str, scale: _Scale, epochs: Sequence[float], values: Sequence[float]
) -> str:
    points = " ".join(scale.points(epochs, values))
    if len(epochs) == 1:
        x, y = points.split(",")
        return f'<circle class="{kind}" cx="{x}" cy="{y}" r="4"/>'
    return f'<polyline class="{kind}" points="{points}"/>'


def _area(
    kind: str,
    scale: _Scale,
    epochs: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
) -> str:
    if len(epochs) == 1:  # a bar, to be seen at all
        x, top, bottom = scale.x(epochs[0]), scale.y(high[0]), scale.y(low[0])
        return (
            f'<rect class="{kind}" x="{x - 4:.1f}" y="{top:.1f}" width="8" '
            f'height="{max(bottom - top, 1.0):.1f}"/>'
        )
    there = scale.points(epochs, high)
    back = scale.points(epochs, low)[::-1]
    points = " ".join(there + back)
    return f'<polygon class="{kind}" points="{points}"/>'


def _frame(
    scale: _Scale, low: float, high: float, number: Optional[BookNumber]
) -> List[str]:
    """Grid lines with their numbers, and what the axes are."""
    parts = []
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    above = math.inf
    for value in _ticks(low, high):
        y = scale.y(value)
        if above - y < CLOSEST_TICKS:
            continue
        above = y
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">'
            f"{value:g}</text>"
        )
    step = _round_step(scale.last_epoch / 5)
    for index in range(int(scale.last_epoch / step) + 1):
        x = scale.x(index * step)
        anchor = "end" if x > right - 8 else "middle"
        parts.append(
            f'<text class="tick" x="{x:.1f}" y="{bottom + 20}" text-anchor="{anchor}">'
            f"{index * step:g}</text>"
        )
    parts.append(
        f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>'
    )
    metric = "perplexity" if number is None else number.metric.replace("_", " ")
    parts.append(
        f'<text class="tick" x="{right}" y="{HEIGHT - 6}" text-anchor="end">epoch'
        f'</text><text class="tick" transform="translate(15 {TOP}) rotate(-90)" '
        f'text-anchor="end">{escape(metric)}</text>'
    )
    return parts


def _ticks(low: float, high: float) -> List[float]:
    """From 4 to about 10 round numbers between low and high."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: List[float] = []
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.2, 1.5, 2, 3, 5, 7)):
        found = [s * 10.0**e for e in exponents for s in steps]
        found = [value for value in found if low <= value <= high]
        if len(found) >= 4:
            return found
    step = _round_step((high - low) / 4 or high)
    first = math.ceil(low / step)
    return [index * step for index in range(first, int(high / step) + 1)] or [low]


def _round_step(step: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step)
