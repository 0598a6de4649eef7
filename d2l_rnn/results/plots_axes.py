"""What all pictures share: colours, axes, and what stands on and beside them.

The colours are those of Okabe and Ito, which stay apart for colour-blind readers; lines
also differ in dash.
"""

from __future__ import annotations

import math
from typing import List, Sequence, Tuple

from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")
GREY = "#6b7280"
BAND = "#c4c9d1"
SAID = {"linear": "", "log": " (log scale)"}
_LONG = 1000.0  # of a logarithmic axis, end to end: powers of ten are enough there


def new_axes(size: Tuple[float, float] = (6.4, 4.0)) -> Tuple[Figure, Axes]:
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    axes = figure.add_subplot()
    axes.spines["top"].set_visible(False)
    axes.spines["right"].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.grid(True, which="major", color="#e5e7eb", lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors="#374151", labelsize=9)
    return figure, axes


def literal(text: str) -> str:
    """Text as it is: a dollar sign does not begin a formula."""
    return str(text).replace("$", r"\$")


def whole(values: Sequence[float]) -> bool:
    return all(float(value).is_integer() for value in values)


def log_ticks(axis: Axis) -> None:
    """Plain numbers on a logarithmic axis: powers of ten; steps where it is short."""
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(ticker.NullFormatter())
    low, high = axis.get_view_interval()
    if not 0 < low < high or high / low >= _LONG:
        return
    steps: Tuple[float, ...] = (1, 2, 3, 5)
    if high / low < 3:
        steps = (1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2, 2.5, 3, 4, 5, 6, 7, 8)
    elif high / low < 30:
        steps = (1, 1.2, 1.5, 2, 3, 4, 5, 7)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    places = [step * 10.0**exponent for exponent in exponents for step in steps]
    shown = [place for place in places if low <= place <= high]
    if len(shown) < 3:
        axis.set_major_locator(ticker.MaxNLocator(5))
        axis.set_minor_locator(ticker.NullLocator())
        return
    axis.set_major_locator(ticker.FixedLocator(shown))
    axis.set_minor_locator(ticker.NullLocator())


def label_ends(axes: Axes, ends: List[Tuple[float, float, str, str]]) -> bool:
    """Write each line's name at its end; False, and nothing, where they would touch.

    Names touch each other, or the other lines where a line ends before these do.
    """
    if not 1 < len(ends) <= 6:
        return False
    whole_figure = axes.figure.bbox
    places = [axes.transData.transform((x, y)) for x, y, _, _ in ends]
    across = [float(place[0]) for place in places]
    upwards = sorted(float(place[1]) for place in places)
    gaps = [above - below for below, above in zip(upwards, upwards[1:])]
    if not all(math.isfinite(place) for place in [*across, *upwards]):
        return False
    if min(gaps) < 0.05 * whole_figure.height:
        return False
    if max(across) - min(across) > 0.05 * whole_figure.width:
        return False
    for x, y, name, colour in ends:
        axes.annotate(
            literal(name),
            (x, y),
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            size=9,
            annotation_clip=False,
        )
    return True
