"""A benchmark's figures as pictures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List

from .measuring import TASKS, Results, Scaling, Speed
from .reporting import NAMES
from .spreads import Spread, each, ratios, slope, spread
from .workloads import WORKLOADS

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure


def draw(results: Results, directory: Path) -> List[Path]:
    """Draw what was measured; return the paths of the pictures.

    ``scaling.png``: the time of a step against each size. ``speed.png``: how many times
    as fast as each peer every workload is.
    """
    from ..results.plots import save

    figures = {}
    if results.get("scaling"):
        figures["scaling.png"] = _scaling(results["scaling"])
    if any("d2l" in part["train"] for part in results.get("speed", {}).values()):
        figures["speed.png"] = _speed(results["speed"])
    for name, figure in figures.items():
        save(figure, directory / name)
    return [directory / name for name in figures]


def _scaling(part: Dict[str, Scaling]) -> Figure:
    from ..results.plots import lines_figure

    series = {}
    for axis, measured in part.items():
        medians = [1e3 * spread(seconds).median for seconds in measured["seconds"]]
        book = getattr(WORKLOADS["lstm"], axis)
        sizes = [value / book for value in measured["values"]]
        series[f"{axis}, power {slope(sizes, medians):.2f}"] = (sizes, medians)
    title = "a training step of the book's LSTM"
    figure = lines_figure(
        series, "size / the book's", "milliseconds", "log", "log", title=title
    )
    (axes,) = figure.axes
    _powers_of_two(axes.xaxis, *axes.get_xlim())
    _powers_of_two(axes.yaxis, *axes.get_ylim())
    return figure


def _powers_of_two(axis: Axis, low: float, high: float) -> None:
    """Ticks of a logarithmic axis at 1/4, 1/2, 1, 2, 4, ..., written out."""
    powers = range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)
    ticks = [2.0**power for power in powers]
    axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_ticks([], minor=True)


def _speed(part: Dict[str, Speed]) -> Figure:
    """A panel for each task: a row a workload, a mark a peer with its range."""
    from matplotlib.figure import Figure

    from ..results.plots_axes import COLOURS, GREY

    names = list(part)
    figure = Figure((9.0, 1.2 + 0.42 * len(names)), dpi=150, layout="constrained")
    panels = figure.subplots(1, len(TASKS), sharey=True)
    for axes, (task, title) in zip(panels, TASKS.items()):
        for number, side in enumerate(("d2l", "torch")):
            spreads: Dict[int, Spread] = {
                row: ratios(
                    each(part[name][task], side, "seconds"),
                    each(part[name][task], "ours", "seconds"),
                )
                for row, name in enumerate(names)
                if side in part[name][task]
            }
            if not spreads:
                continue
            medians = [s.median for s in spreads.values()]
            below = [s.median - s.low for s in spreads.values()]
            above = [s.high - s.median for s in spreads.values()]
            axes.errorbar(
                medians,
                [row + 0.2 * (2 * number - 1) for row in spreads],
                xerr=[below, above],
                fmt="os"[number],
                color=COLOURS[number],
                markersize=4.5,
                elinewidth=1.2,
                label=f"beside {NAMES[side]}",
            )
        axes.set_xscale("log")
        axes.axvline(1, color=GREY, lw=1)
        _powers_of_two(axes.xaxis, *axes.get_xlim())
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("times as fast: median and range of the rounds", fontsize=9)
        axes.grid(True, axis="x", color="#e5e7eb", lw=0.7)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()
    panels[0].legend(fontsize=8, loc="lower right", frameon=False)
    return figure
