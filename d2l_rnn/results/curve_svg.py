"""A training curve as inline SVG that takes its colours from the page's style sheet."""

from __future__ import annotations

import math
from html import escape
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .book import BookNumber

CLOSEST_TICKS = 22
SMALLEST, LARGEST = 1e-300, 1e300  # that can be divided and rounded without a care

Curve = Tuple[Sequence[int], Sequence[float]]
Names = Tuple[str, str]  # of the axes: epochs, values


class Box(NamedTuple):
    """A picture's size and the margins around its plot."""

    width: int = 720
    height: int = 350
    left: int = 58
    right: int = 12
    top: int = 12
    bottom: int = 54


WHOLE = Box()


class Scale:
    """Maps epochs and values (logarithmic) to places in the picture."""

    def __init__(
        self, last_epoch: float, low: float, high: float, box: Box = WHOLE
    ) -> None:
        self.box = box
        self.last_epoch = max(last_epoch, 1)
        self.smallest, self.largest = low, high
        room = 0.04 * max(math.log(high) - math.log(low), 0.02)
        self.low = math.log(low) - room
        self.high = math.log(high) + room

    def x(self, epoch: float) -> float:
        across = self.box.width - self.box.left - self.box.right
        return self.box.left + across * epoch / self.last_epoch

    def y(self, value: float) -> float:
        share = (math.log(value) - self.low) / (self.high - self.low)
        up = self.box.height - self.box.top - self.box.bottom
        return self.box.height - self.box.bottom - up * share

    def points(self, epochs: Sequence[float], values: Sequence[float]) -> List[str]:
        places = zip(map(self.x, epochs), map(self.y, values))
        return [f"{x:.1f},{y:.1f}" for x, y in places]


def curve_svg(
    curves: Sequence[Curve],
    number: Optional[BookNumber],
    label: str,
    beside: Sequence[Curve] = (),
    names: Optional[Names] = None,
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
    names : (str, str), optional
        What the axes are called; in English by default.

    Returns
    -------
    str or None
        None where no curve has a point.
    """
    curves, beside = usable(curves), usable(beside)
    if not curves:
        return None
    scale = scale_of([*curves, *beside], number)
    if names is None:
        metric = "perplexity" if number is None else number.metric.replace("_", " ")
        names = ("epoch", f"{metric} (log scale)")
    parts = [opened(scale.box, label), *frame(scale, names), *_builds(scale, number)]
    if beside:
        epochs, low, _, high = spread(beside)
        parts.append(area("beside", scale, epochs, low, high))
    parts += [*_ours(scale, curves), "</svg>"]
    return "".join(parts)


def thumbnail_svg(
    curves: Sequence[Curve], number: Optional[BookNumber], label: str
) -> Optional[str]:
    """The same at the size of a table's row: the ends of the axes alone have numbers.

    Returns
    -------
    str or None
        None where no curve has a point.
    """
    curves = usable(curves)
    if not curves:
        return None
    scale = scale_of(curves, number, _SMALL)
    box, bottom = scale.box, scale.box.height - scale.box.bottom
    right = box.width - box.right
    parts = [opened(box, label), *_builds(scale, number), *_ours(scale, curves)]
    parts.append(
        f'<line class="axis" x1="{box.left}" x2="{right}" y1="{bottom}" y2="{bottom}"/>'
    )
    ends: List[Tuple[float, float, float]]
    ends = [(right, box.height - 2, scale.last_epoch)]
    if scale.largest > scale.smallest:
        ends.append((box.left - 4, scale.y(scale.largest) + 8, scale.largest))
    ends.append((box.left - 4, scale.y(scale.smallest), scale.smallest))
    for x, y, value in ends:
        parts.append(
            f'<text class="tick" x="{x}" y="{y:.1f}" text-anchor="end">{value:.3g}'
            "</text>"
        )
    return "".join([*parts, "</svg>"])


_SMALL = Box(240, 84, left=48, right=3, top=3, bottom=15)


def opened(box: Box, label: str) -> str:
    """The beginning of a picture that says what it shows."""
    return (
        f'<svg viewBox="0 0 {box.width} {box.height}" role="img" '
        f'aria-label="{escape(label, quote=True)}">'
    )


def scale_of(
    curves: Sequence[Curve], number: Optional[BookNumber], box: Box = WHOLE
) -> Scale:
    """A scale that has room for usable curves, and for the builds."""
    values = [value for _, curve in curves for value in curve]
    last = max(max(epochs) for epochs, _ in curves)
    if number is not None:
        low, _, high = number.band()
        values += [*low, *high]
        last = max(last, number.num_epochs)
    return Scale(last, min(values), max(values), box)


def _builds(scale: Scale, number: Optional[BookNumber]) -> List[str]:
    if number is None:
        return []
    low, middle, high = number.band()
    return [
        area("builds", scale, number.epochs, low, high),
        line("median", scale, number.epochs, middle),
    ]


def _ours(scale: Scale, curves: Sequence[Curve]) -> List[str]:
    epochs, low, middle, high = spread(curves)
    parts = []
    if len(curves) > 1:
        parts.append(area("seeds", scale, epochs, low, high))
    return [*parts, line("ours", scale, epochs, middle)]


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


def usable(curves: Sequence[Curve]) -> List[Curve]:
    """What of curves can be drawn on a logarithmic scale."""
    return [curve for curve in map(_positive, curves) if curve[0]]


def _positive(curve: Curve) -> Curve:
    pairs = [
        (epoch, value)
        for epoch, value in zip(*curve)
        if epoch >= 0 and SMALLEST <= value <= LARGEST
    ]
    return [epoch for epoch, _ in pairs], [value for _, value in pairs]


def line(
    kind: str, scale: Scale, epochs: Sequence[float], values: Sequence[float]
) -> str:
    """A curve of that class; of one point a dot."""
    points = " ".join(scale.points(epochs, values))
    if len(epochs) == 1:
        x, y = points.split(",")
        return f'<circle class="{kind}" cx="{x}" cy="{y}" r="4"/>'
    return f'<polyline class="{kind}" points="{points}"/>'


def area(
    kind: str,
    scale: Scale,
    epochs: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
) -> str:
    """What lies between two curves, of that class."""
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


def frame(scale: Scale, names: Names) -> List[str]:
    """Grid lines with their numbers, and what the axes are."""
    parts = []
    box = scale.box
    right, bottom = box.width - box.right, box.height - box.bottom
    above = math.inf
    for value in _ticks(scale.smallest, scale.largest):
        y = scale.y(value)
        if above - y < CLOSEST_TICKS:
            continue
        above = y
        parts.append(
            f'<line class="grid" x1="{box.left}" x2="{right}" y1="{y:.1f}" '
            f'y2="{y:.1f}"/>'
            f'<text class="tick" x="{box.left - 7}" y="{y + 4:.1f}" '
            f'text-anchor="end">{value:g}</text>'
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
        f'<line class="axis" x1="{box.left}" x2="{right}" y1="{bottom}" y2="{bottom}"/>'
    )
    epoch, metric = map(escape, names)
    parts.append(
        f'<text class="tick" x="{right}" y="{box.height - 6}" text-anchor="end">'
        f'{epoch}</text><text class="tick" transform="translate(15 {box.top}) '
        f'rotate(-90)" text-anchor="end">{metric}</text>'
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
