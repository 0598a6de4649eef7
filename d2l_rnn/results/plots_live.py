"""A curve that grows in the notebook cell that draws it."""

from __future__ import annotations

import io
from typing import Any, Dict, List, Optional, Sequence, Tuple

from matplotlib.figure import Figure

from ..notebook import kernel_shell
from .book import BookNumber
from .plots_builds import draw_builds, metric_label
from .plots_fonts import boxes_accepted, legible

Limits = Optional[Sequence[float]]


class Animator:
    """The book's ``Animator`` (Section 3.6): lines to which points are added.

    The picture is one output of the cell, replaced at each ``add``; whatever else the
    cell has printed stays. Neither pyplot nor its backend takes part, so it does not
    matter who has imported or configured them, or when. In a script the figure is
    drawn as well, and nothing is shown.

    Parameters
    ----------
    xlabel, ylabel : str, optional
    legend : sequence of str, optional
    xlim, ylim : (low, high), optional
    xscale, yscale : str
    fmts : sequence of str
        matplotlib's format of each line.
    nrows, ncols : int
        The axes of the figure; the lines are drawn in the first.
    figsize : (width, height)
        In inches.

    Attributes
    ----------
    fig : matplotlib.figure.Figure
    axes : sequence of matplotlib.axes.Axes
    X, Y : list of list of float
        The points of each line.
    """

    def __init__(
        self,
        xlabel: Optional[str] = None,
        ylabel: Optional[str] = None,
        legend: Optional[Sequence[str]] = None,
        xlim: Limits = None,
        ylim: Limits = None,
        xscale: str = "linear",
        yscale: str = "linear",
        fmts: Sequence[str] = ("-", "m--", "g-.", "r:"),
        nrows: int = 1,
        ncols: int = 1,
        figsize: Tuple[float, float] = (3.5, 2.5),
    ) -> None:
        self.fig = Figure(figsize=figsize, layout="constrained")
        axes: Any = self.fig.subplots(nrows, ncols)
        self.axes = [axes] if nrows * ncols == 1 else axes
        self.X: List[List[float]] = []
        self.Y: List[List[float]] = []
        self.fmts = fmts
        # In this order: a scale that is set chooses its own limits.
        self._settings: Dict[str, Any] = {
            "xlabel": xlabel,
            "ylabel": ylabel,
            "xscale": xscale,
            "yscale": yscale,
            "xlim": xlim,
            "ylim": ylim,
        }
        self._legend = legend
        self._output: Any = None

    def add(self, x: Any, y: Any) -> None:
        """Add a point to each line, and draw.

        Parameters
        ----------
        x : float, or sequence of float
            One for all lines, or one each.
        y : float, or sequence of float
            One for each line; a line whose x or y is None gets no point.
        """
        ys = list(y) if hasattr(y, "__len__") else [y]
        xs = list(x) if hasattr(x, "__len__") else [x] * len(ys)
        if not self.X:
            self.X, self.Y = [[] for _ in ys], [[] for _ in ys]
        for i, (a, b) in enumerate(zip(xs, ys)):
            if a is not None and b is not None:
                self.X[i].append(a)
                self.Y[i].append(b)
        self._draw()
        self._show()

    def _draw(self) -> None:
        axes = self.axes[0]
        axes.cla()
        for xs, ys, fmt in zip(self.X, self.Y, self.fmts):
            (line,) = axes.plot(xs, ys, fmt)
            if len(xs) == 1:  # a line through one point cannot be seen
                line.set_marker("o")
        axes.set(**self._settings)
        if self._legend:
            axes.legend(self._legend)
        axes.grid()

    def _show(self) -> None:
        if kernel_shell() is None:
            return
        from IPython.display import display

        if self._output is None:
            self._output = display(  # type: ignore[no-untyped-call]
                self, display_id=True
            )
        else:
            self._output.update(self)

    def _repr_svg_(self) -> str:
        """The picture, for IPython."""
        picture = io.StringIO()
        with boxes_accepted():
            legible(self.fig).savefig(picture, format="svg")
        return picture.getvalue()


class CurveOverBuilds(Animator):
    """A training curve of an experiment of the book, over the range of its builds.

    Parameters
    ----------
    number : BookNumber
        Its metric is what ``add`` is given.
    first, last : float
        The epochs of the axis.
    """

    def __init__(self, number: BookNumber, first: float, last: float) -> None:
        super().__init__("epoch", metric_label(number), xlim=(first, last))
        self._number, self._first, self._last = number, first, last

    def _draw(self) -> None:
        super()._draw()
        axes = self.axes[0]
        for line in axes.lines:
            line.set_label("train")
        low, high = axes.get_ylim()
        draw_builds(axes, self._number)
        builds = [
            value
            for values in (self._number.band()[0], self._number.band()[2])
            for epoch, value in zip(self._number.epochs, values)
            if self._first <= epoch <= self._last
        ]
        axes.set_ylim(min([low, *builds]), max([high, *builds]))
        axes.legend(fontsize="small")
