"""Training curves of several settings in one inline SVG."""

from __future__ import annotations

from typing import Optional, Sequence

from .book import BookNumber
from .curve_svg import Curve, Names, area, frame, line, opened, scale_of, spread, usable

COLOURS, DASHES = 7, 4  # that the page's style sheet has


def curves_svg(
    groups: Sequence[Sequence[Curve]],
    number: Optional[BookNumber],
    label: str,
    names: Names,
) -> Optional[str]:
    """The mean of each group's curves in its own colour and dash, over the builds.

    Parameters
    ----------
    groups : sequence of sequence of (epochs, values)
        A group a setting, a curve a seed; a group without a point is left out.
    number : BookNumber or None
    label : str
        What the picture shows, for those who cannot see it.
    names : (str, str)
        What the axes are called.

    Returns
    -------
    str or None
        None where no curve has a point.
    """
    drawn = [usable(curves) for curves in groups]
    every = [curve for curves in drawn for curve in curves]
    if not every:
        return None
    scale = scale_of(every, number)
    parts = [opened(scale.box, label), *frame(scale, names)]
    if number is not None:
        low, _, high = number.band()
        parts.append(area("builds", scale, number.epochs, low, high))
    for index, curves in enumerate(drawn):
        if curves:
            epochs, _, middle, _ = spread(curves)
            parts.append(line(style_of(index), scale, epochs, middle))
    return "".join([*parts, "</svg>"])


def style_of(index: int) -> str:
    """The classes of a group: its colour and its dash."""
    return f"line c{index % COLOURS} d{index // COLOURS % DASHES}"
