"""The book's own pictures, by pyplot as in the book: a notebook shows them at once.

What they show goes on to be the reader's: ``plt.title``, ``plt.savefig`` and
``plt.show`` work on it afterwards.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Optional, Sequence, Sized, Tuple

import numpy as np

from ..errors import UsageError
from .plots_fonts import legible


def show_heatmaps(
    matrices: Any,
    xlabel: str,
    ylabel: str,
    titles: Optional[Sequence[str]] = None,
    figsize: Tuple[float, float] = (2.5, 2.5),
    cmap: str = "Reds",
) -> None:
    """Show matrices as a grid of heat maps, such as attention (book Section 10.1).

    Parameters
    ----------
    matrices : array, shape (num_rows, num_cols, num_queries, num_keys)
        One matrix alone, or a row of them, will do; a fifth axis, of three or four
        values a place, is colours.
    xlabel, ylabel : str
        Of the lowest row and of the leftmost column.
    titles : sequence of str, optional
        One a column.
    figsize : (float, float)
        Width and height of the whole, in inches.
    cmap : str
        A colour map of matplotlib.

    Raises
    ------
    UsageError
        If the array has fewer axes than a matrix.
    """
    values = _numbers(matrices)
    if values.ndim < 2:
        raise UsageError(f"matrices of shape {values.shape}: two axes are needed")
    # (num_rows, num_cols, num_queries, num_keys)
    values = values.reshape((1,) * (4 - values.ndim) + values.shape)
    pyplot = _pyplot()
    num_rows, num_cols = values.shape[:2]
    figure, grid = pyplot.subplots(
        num_rows, num_cols, figsize=figsize, sharex=True, sharey=True, squeeze=False
    )
    image = None
    for axes_row, row in zip(grid, values):
        for j, (axes, matrix) in enumerate(zip(axes_row, row)):
            image = axes.imshow(matrix, cmap=cmap)
            if titles:
                axes.set_title(titles[j])
        axes_row[0].set_ylabel(ylabel)
    for axes in grid[-1]:
        axes.set_xlabel(xlabel)
    figure.colorbar(image, ax=grid, shrink=0.6)
    legible(figure)


def show_list_len_pair_hist(
    legend: Sequence[str],
    xlabel: str,
    ylabel: str,
    xlist: Sequence[Sized],
    ylist: Sequence[Sized],
) -> None:
    """Show how long the members of two lists are, side by side (book Section 9.5.2).

    Parameters
    ----------
    legend : sequence of str
        Names of the two lists.
    xlabel, ylabel : str
    xlist, ylist : sequence of sequences
        Such as tokenised sentences.
    """
    pyplot = _pyplot()
    lengths = [[len(member) for member in members] for members in (xlist, ylist)]
    # The book's set_figsize, but for this picture alone.
    with pyplot.rc_context({"figure.figsize": (3.5, 2.5)}):
        _, _, (_, second) = pyplot.hist(lengths)
    for patch in second.patches:
        patch.set_hatch("/")
    pyplot.xlabel(xlabel)
    pyplot.ylabel(ylabel)
    pyplot.legend(legend)
    legible(pyplot.gcf())


def show_images(
    imgs: Sequence[Any],
    num_rows: int,
    num_cols: int,
    titles: Optional[Sequence[str]] = None,
    scale: float = 1.5,
) -> Any:
    """Show images in a grid (book Section 3.5.1).

    Parameters
    ----------
    imgs : sequence of arrays or of PIL images
        Each (height, width), or (height, width, 3 or 4).
    num_rows, num_cols : int
    titles : sequence of str, optional
        One an image.
    scale : float
        Inches that an image takes in either direction.

    Returns
    -------
    numpy.ndarray of matplotlib axes, shape (num_rows * num_cols,)
    """
    size = (num_cols * scale, num_rows * scale)
    figure, grid = _pyplot().subplots(num_rows, num_cols, figsize=size, squeeze=False)
    cells = grid.flatten()
    for i, (axes, image) in enumerate(zip(cells, imgs)):
        axes.imshow(_numbers(image))
        axes.get_xaxis().set_visible(False)
        axes.get_yaxis().set_visible(False)
        if titles:
            axes.set_title(titles[i])
    legible(figure)
    return cells


def _numbers(array: Any) -> Any:
    """An array of MXNet, a list or an image as NumPy's."""
    return array.asnumpy() if hasattr(array, "asnumpy") else np.asarray(array)


def _pyplot() -> Any:
    """pyplot; a notebook shows its figures below the cell, as SVG like the book's."""
    import matplotlib
    from matplotlib import pyplot

    ipython = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    in_kernel = getattr(shell, "kernel", None) is not None
    if in_kernel and "inline" in matplotlib.get_backend():
        from matplotlib_inline import backend_inline

        # The cell that makes the first import of pyplot would show nothing otherwise:
        # the backend waits for the cell's end before it asks to be told of such ends.
        if backend_inline.flush_figures not in shell.events.callbacks["post_execute"]:
            shell.enable_matplotlib("inline")
        choose_formats: Callable[..., object] = backend_inline.set_matplotlib_formats
        choose_formats("svg")
    return pyplot
