"""Curves of several runs by their own settings, for a paper: PNG, SVG or PDF."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ..errors import RunError, UsageError
from ..files import PathLike, write_bytes
from .book import BookNumber
from .plots import Points, lines_figure, save
from .plots_fonts import boxes_accepted, legible
from .record import RunRecord
from .verdict.comparable import curve_of

#: What a figure can be written as, by the end of the file's name.
FORMS = (".png", ".svg", ".pdf")
_MOST_LINES = 14  # then neither colours nor dashes tell lines apart

Range = Tuple[Sequence[float], Sequence[float]]


def grouped(
    runs: Sequence[RunRecord], names: Sequence[str]
) -> Dict[str, List[RunRecord]]:
    """Runs by their experiment and the settings of these names, in words.

    Runs that differ in nothing but their seed are one line. Groups are in order of the
    settings' values.

    Raises
    ------
    UsageError
        If no run has one of the settings, or if there are more groups than a picture
        can tell apart.
    """
    for name in names:
        if not any(name in run.config for run in runs):
            known = sorted({key for run in runs for key in run.config})
            raise UsageError(
                f"--by {name}: no setting of these runs; theirs are {', '.join(known)}"
            )
    several = len({run.experiment for run in runs}) > 1
    groups: Dict[str, List[RunRecord]] = {}
    for run in sorted(runs, key=lambda run: _place(run, names)):
        words = [run.experiment] if several or not names else []
        words += [f"{name} {run.config.get(name, '-')}" for name in names]
        groups.setdefault(", ".join(words), []).append(run)
    if len(groups) > _MOST_LINES:
        raise UsageError(
            f"{len(groups)} lines: no more than {_MOST_LINES} can be told apart; name "
            "fewer runs, or fewer settings with --by"
        )
    return groups


def differing(runs: Sequence[RunRecord]) -> List[str]:
    """The settings, but for the seed, in which runs of one group differ."""
    names = sorted({name for run in runs for name in run.config} - {"seed"})
    return [
        name for name in names if len({str(run.config.get(name)) for run in runs}) > 1
    ]


def runs_figure(
    groups: Mapping[str, Sequence[RunRecord]],
    number: Optional[BookNumber] = None,
    title: str = "",
    yscale: str = "log",
) -> Figure:
    """A line a group, the mean over its runs, in a band from the least to the largest.

    Parameters
    ----------
    groups : dict of str to sequence of RunRecord
        By the line's name. Epochs that all runs of a group have are drawn.
    number : BookNumber, optional
        Its metric is drawn, and the builds' median in their range; without it
        perplexity, or the loss a token where there is none.
    title : str
    yscale : {'log', 'linear'}

    Raises
    ------
    RunError
        If a run has no value to draw.
    """
    series: Dict[str, Points] = {}
    bands: Dict[str, Range] = {}
    if number is not None:
        low, middle, high = number.band()
        name = f"{len(number.builds)} builds of the book"
        series[name], bands[name] = (number.epochs, middle), (low, high)
    for name, runs in groups.items():
        curves = [dict(zip(*curve_of(run, number))) for run in runs]
        epochs = sorted(set.intersection(*(set(curve) for curve in curves)))
        if not epochs:
            where = ", ".join(str(run.directory) for run in runs)
            raise RunError(f"{name}: no epoch that all runs have a value of ({where})")
        # (runs, epochs)
        values = np.array([[curve[epoch] for epoch in epochs] for curve in curves])
        series[name] = (epochs, values.mean(axis=0).tolist())
        if len(runs) > 1:
            bands[name] = (values.min(axis=0).tolist(), values.max(axis=0).tolist())
    ylabel = "perplexity" if number is None else number.metric.replace("_", " ")
    return lines_figure(series, "epoch", ylabel, "linear", yscale, bands, title)


def save_as(figure: Figure, path: PathLike) -> None:
    """Write a figure in the form that the file's name ends in; see ``FORMS``.

    The same figure gives the same bytes: no date is written, and an SVG's names follow
    from what they name. Letters stay text in a PDF (TrueType), paths in an SVG.
    """
    form = Path(path).suffix.lower()
    if form == ".png":
        save(figure, path)
        return
    buffer = io.BytesIO()
    print_svg: Callable[..., object] = FigureCanvasSVG(legible(figure)).print_svg
    print_pdf: Callable[..., object] = FigureCanvasPdf(figure).print_pdf
    settings = {"svg.hashsalt": "d2l_rnn", "pdf.fonttype": 42}
    with rc_context(settings), boxes_accepted():
        if form == ".svg":
            print_svg(buffer, metadata={"Date": None, "Creator": None})
        else:
            nothing = {"CreationDate": None, "Creator": None, "Producer": None}
            print_pdf(buffer, metadata=nothing)
    write_bytes(path, buffer.getvalue())


def _place(run: RunRecord, names: Sequence[str]) -> Tuple[object, ...]:
    """Numbers in their order, before texts in theirs."""
    places: List[Tuple[int, float, str]] = []
    for value in map(run.config.get, names):
        if isinstance(value, (int, float)):
            places.append((0, float(value), ""))
        else:
            places.append((1, 0.0, str(value)))
    return (run.experiment, *places, run.seed)
