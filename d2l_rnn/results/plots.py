"""Pictures as matplotlib figures, without pyplot: no window, no global state.

Every function returns a ``Figure``; ``save`` writes it.
"""

from __future__ import annotations

import io
from typing import (
    TYPE_CHECKING,
    Callable,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

import numpy as np
from matplotlib import ticker
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..files import PathLike, write_bytes
from .book import BookNumber
from .plots_axes import (
    BAND,
    COLOURS,
    DASHES,
    GREY,
    SAID,
    label_ends,
    literal,
    log_ticks,
    new_axes,
    whole,
)
from .plots_builds import draw_builds, metric_label
from .plots_fonts import boxes_accepted, legible
from .record import RunRecord
from .verdict.comparable import curve_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

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
    figure, axes = new_axes()
    if book_number is not None:
        draw_builds(axes, book_number)
    many = len(records) > 3
    for index, run in enumerate(records):
        epochs, values = curve_of(run, book_number)
        label = "this run" if run.seed is None else f"seed {run.seed}"
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
    log_ticks(axes.yaxis)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel(metric_label(book_number) + SAID["log"])
    axes.set_title(literal(name), loc="left", fontweight="bold")
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
    styles: Optional[Mapping[str, Tuple[int, int]]] = None,
) -> Figure:
    """Lines by name, each named at its end where there is room, else in a legend.

    Parameters
    ----------
    series : dict of str to (x, y)
    xlabel, ylabel, title : str
    xscale, yscale : {'linear', 'log'}
    bands : dict of str to (low, high), optional
        A shaded range about the line of that name, at its x.
    styles : dict of str to (colour, dash), optional
        Which of ``COLOURS`` and ``DASHES`` each line has, where these say something;
        by default every line has its own.
    """
    figure, axes = new_axes()
    ends: List[Tuple[float, float, str, str]] = []
    for index, (name, (x, y)) in enumerate(series.items()):
        style = (index, index // len(COLOURS)) if styles is None else styles[name]
        colour, dash = COLOURS[style[0] % len(COLOURS)], DASHES[style[1] % len(DASHES)]
        axes.plot(x, y, color=colour, ls=dash, lw=1.6, label=literal(name))
        if bands and name in bands:
            low, high = bands[name]
            axes.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
        if len(x):
            ends.append((float(x[-1]), float(y[-1]), name, colour))
    axes.set_xscale(xscale)
    axes.set_yscale(yscale)
    for axis, scale in ((axes.xaxis, xscale), (axes.yaxis, yscale)):
        if scale == "log":
            log_ticks(axis)
    if xscale == "linear" and all(whole(x) for x, _ in series.values()):
        axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    axes.set_xlabel(literal(xlabel) + SAID[xscale])
    axes.set_ylabel(literal(ylabel) + SAID[yscale])
    axes.set_title(literal(title), loc="left", fontweight="bold")
    if not label_ends(axes, ends) and len(series) > 1:
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
    title = "how often the n-grams occur, by rank (Zipf)"
    return lines_figure(series, "rank", "frequency", "log", "log", title=title)


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
    figure, axes = new_axes(
        (min(max(size[0], 3.2), 12.0), min(max(size[1], 2.4), 12.0))
    )
    largest = float(np.nanmax(values)) if values.size else 1.0
    image = axes.imshow(values, cmap="Blues", vmin=0, vmax=largest, aspect="auto")
    axes.set_xticks(range(columns))
    axes.set_xticklabels(
        [literal(label) for label in column_labels],
        rotation=45,
        ha="right",
        rotation_mode="anchor",
    )
    axes.set_yticks(range(rows))
    axes.set_yticklabels([literal(label) for label in row_labels])
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
    axes.set_title(literal(title), loc="left", fontweight="bold")
    axes.set_xlabel(literal(xlabel))
    axes.set_ylabel(literal(ylabel))
    return figure


def prediction_figure(
    observed: Points,
    predictions: Mapping[str, Points],
    boundary: Optional[float] = None,
    title: str = "",
) -> Figure:
    """A sequence and what a model predicts of it, as in Section 8.1 of the book.

    Parameters
    ----------
    observed : (times, values)
    predictions : dict of str to (times, values)
    boundary : float, optional
        Where the training data end.
    title : str
    """
    figure, axes = new_axes((8.0, 3.6))
    axes.plot(*observed, color=BAND, lw=1.0, label="data")
    for index, (name, points) in enumerate(predictions.items()):
        colour, dash = COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]
        axes.plot(*points, color=colour, ls=dash, lw=1.5, label=literal(name))
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
    axes.set_title(literal(title), loc="left", fontweight="bold")
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower left",
        ncol=5,
        frameon=False,
    )
    return figure


def save(figure: Figure, path: PathLike) -> None:
    """Write a figure as PNG, atomically; the same figure gives the same bytes.

    Chinese texts fall back to an installed font: see :mod:`.plots_fonts`.
    """
    buffer = io.BytesIO()
    print_png: Callable[..., object] = FigureCanvasAgg(legible(figure)).print_png
    with boxes_accepted():
        print_png(buffer, metadata={"Software": None})
    write_bytes(path, buffer.getvalue())
