"""Pictures as matplotlib figures, without pyplot: no window, no global state.

Every function returns a ``Figure``; ``save`` writes it. Colours are those of Okabe and
Ito, which stay apart for colour-blind readers; lines also differ in dash.
"""

from __future__ import annotations

import io
import math
from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..files import PathLike, write_bytes
from .book import BookNumber
from .record import RunRecord
from .verdict.comparable import curve_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")
GREY = "#6b7280"
BAND = "#c4c9d1"
_LONG = 1000.0  # of a logarithmic axis, end to end: powers of ten are enough there

Points = Tuple[Sequence[float], Sequence[float]]


def curve_figure(
    records: Sequence[RunRecord], book_number: Optional[BookNumber] = None
) -> Figure:
    """Training curves of runs of one experiment over the range of the book's builds.

    Parameters
    ----------
    records : sequence of RunRecord
        One line each; from four on, thin lines without a legend entry of their own.
    book_number : BookNumber, optional
        Its metric is drawn, and behind it the builds' median and range.
    """
    name = records[0].experiment if records else ""
    figure, axes = _axes()
    if book_number is not None:
        low, middle, high = book_number.band()
        source = f"{len(book_number.builds)} builds of the book"
        if len(book_number.epochs) > 1:
            axes.fill_between(
                book_number.epochs,
                low,
                high,
                color=BAND,
                lw=0,
                label=source + ", range",
            )
            axes.plot(
                book_number.epochs, middle, color=GREY, lw=1.2, label="their median"
            )
        else:
            axes.errorbar(
                book_number.epochs,
                middle,
                yerr=[[middle[0] - low[0]], [high[0] - middle[0]]],
                color=GREY,
                fmt="o",
                capsize=4,
                label=source + ", median and range",
            )
    many = len(records) > 3
    for index, run in enumerate(records):
        epochs, values = curve_of(run, book_number)
        label = f"seed {run.seed}"
        if many:
            label = f"ours, {len(records)} seeds" if index == 0 else "_"
        axes.plot(
            epochs,
            values,
            color=COLOURS[0] if many else COLOURS[index],
            ls="-" if many else DASHES[index],
            lw=0.9 if many else 1.6,
            alpha=0.7 if many else 1.0,
            marker="o" if len(epochs) == 1 else None,
            label=label,
        )
    axes.set_yscale("log")
    _log_ticks(axes.yaxis)
    axes.set_xlabel("epoch")
    axes.set_ylabel(_metric_label(book_number))
    axes.set_title(_literal(name), loc="left", fontweight="bold")
    axes.set_xlim(left=0)
    axes.legend(frameon=False)
    return figure


def lines_figure(
    series: Mapping[str, Points],
    xlabel: str,
    ylabel: str,
    xscale: str = "linear",
    yscale: str = "linear",
    bands: Optional[Mapping[str, Tuple[Sequence[float], Sequence[float]]]] = None,
    title: str = "",
) -> Figure:
    """Lines by name, each named at its end where there is room, else in a legend.

    Parameters
    ----------
    series : dict of str to (x, y)
    xlabel, ylabel, title : str
    xscale, yscale : {'linear', 'log'}
    bands : dict of str to (low, high), optional
        A shaded range about the line of that name, at its x.
    """
    figure, axes = _axes()
    ends: List[Tuple[float, float, str, str]] = []
    for index, (name, (x, y)) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        dash = DASHES[index // len(COLOURS) % len(DASHES)]
        axes.plot(x, y, color=colour, ls=dash, lw=1.6, label=_literal(name))
        if bands and name in bands:
            low, high = bands[name]
            axes.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
        if len(x):
            ends.append((float(x[-1]), float(y[-1]), name, colour))
    axes.set_xscale(xscale)
    axes.set_yscale(yscale)
    for axis, scale in ((axes.xaxis, xscale), (axes.yaxis, yscale)):
        if scale == "log":
            _log_ticks(axis)
    axes.set_xlabel(_literal(xlabel))
    axes.set_ylabel(_literal(ylabel))
    axes.set_title(_literal(title), loc="left", fontweight="bold")
    if not _label_ends(axes, ends) and len(series) > 1:
        axes.legend(frameon=False)
    return figure


def zipf_figure(frequencies: Mapping[str, Sequence[int]]) -> Figure:
    """Frequency against rank, both logarithmic; Zipf's law is a straight line.

    Parameters
    ----------
    frequencies : dict of str to sequence of int
        For each kind of n-gram the counts in falling order; the first has rank 1.
    """
    series = {
        name: (list(range(1, len(counts) + 1)), list(counts))
        for name, counts in frequencies.items()
    }
    return lines_figure(series, "rank", "frequency", "log", "log")


def heatmap_figure(
    matrix: ArrayLike,
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
) -> Figure:
    """A matrix of weights between 0 and its largest value, such as attention.

    Parameters
    ----------
    matrix : array_like, shape (len(row_labels), len(column_labels))
    row_labels, column_labels : sequence of str
    title, xlabel, ylabel : str
    """
    values = np.asarray(matrix, dtype=float)
    rows, columns = values.shape
    size = (1.9 + 0.42 * columns, 1.4 + 0.36 * rows)
    figure, axes = _axes((min(max(size[0], 3.2), 12.0), min(max(size[1], 2.4), 12.0)))
    largest = float(np.nanmax(values)) if values.size else 1.0
    image = axes.imshow(values, cmap="Blues", vmin=0, vmax=largest, aspect="auto")
    axes.set_xticks(range(columns))
    axes.set_xticklabels(
        [_literal(label) for label in column_labels],
        rotation=45,
        ha="right",
        rotation_mode="anchor",
    )
    axes.set_yticks(range(rows))
    axes.set_yticklabels([_literal(label) for label in row_labels])
    axes.tick_params(length=0)
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)
    if rows * columns <= 150:
        for row in range(rows):
            for column in range(columns):
                value = values[row, column]
                colour = "white" if value > 0.6 * largest else "#1f2937"
                text = f"{value:.2f}"
                text = text[1:] if text.startswith("0.") else text
                axes.text(
                    column, row, text, ha="center", va="center", size=7, color=colour
                )
    bar = figure.colorbar(image, ax=axes, shrink=0.9, pad=0.03)
    bar.outline.set_visible(False)
    axes.set_title(_literal(title), loc="left", fontweight="bold")
    axes.set_xlabel(_literal(xlabel))
    axes.set_ylabel(_literal(ylabel))
    return figure


def prediction_figure(
    observed: Points,
    predictions: Mapping[str, Points],
    boundary: Optional[float] = None,
) -> Figure:
    """A sequence and what a model predicts of it, as in Section 8.1 of the book.

    Parameters
    ----------
    observed : (times, values)
    predictions : dict of str to (times, values)
    boundary : float, optional
        Where the training data end.
    """
    figure, axes = _axes((8.0, 3.4))
    axes.plot(*observed, color=BAND, lw=1.0, label="data")
    for index, (name, points) in enumerate(predictions.items()):
        colour, dash = COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]
        axes.plot(*points, color=colour, ls=dash, lw=1.5, label=_literal(name))
    if boundary is not None:
        axes.axvline(boundary, color=GREY, lw=0.8, ls=":")
        axes.annotate(
            " training data end",
            (boundary, 0.02),
            xycoords=("data", "axes fraction"),
            color=GREY,
            size=8,
        )
    axes.set_xlabel("time")
    axes.set_ylabel("x")
    axes.margins(x=0.01)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside upper left",
        ncol=5,
        frameon=False,
    )
    return figure


def save(figure: Figure, path: PathLike) -> None:
    """Write a figure as PNG, atomically; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    print_png: Callable[..., object] = FigureCanvasAgg(figure).print_png
    print_png(buffer, metadata={"Software": None})
    write_bytes(path, buffer.getvalue())


def _axes(size: Tuple[float, float] = (6.4, 4.0)) -> Tuple[Figure, Axes]:
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


def _metric_label(book_number: Optional[BookNumber]) -> str:
    labels: Dict[str, str] = {
        "heldout_perplexity": "validation perplexity",
        "loss_over_num_steps": "loss per token / num_steps",
        "loss": "loss",
    }
    metric = "perplexity" if book_number is None else book_number.metric
    return labels.get(metric, metric)


def _literal(text: str) -> str:
    """Text as it is: a dollar sign does not begin a formula."""
    return str(text).replace("$", r"\$")


def _log_ticks(axis: Axis) -> None:
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
    axis.set_major_locator(ticker.FixedLocator(shown))
    axis.set_minor_locator(ticker.NullLocator())


def _label_ends(axes: Axes, ends: List[Tuple[float, float, str, str]]) -> bool:
    """Write each line's name at its end; False, and nothing, where they would touch."""
    if not 1 < len(ends) <= 6:
        return False
    figure_height = axes.figure.bbox.height
    places = sorted(axes.transData.transform((x, y))[1] for x, y, _, _ in ends)
    gaps = [above - below for below, above in zip(places, places[1:])]
    if not all(math.isfinite(place) for place in places):
        return False
    if min(gaps) < 0.05 * figure_height:
        return False
    for x, y, name, colour in ends:
        axes.annotate(
            _literal(name),
            (x, y),
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            size=9,
            annotation_clip=False,
        )
    return True
