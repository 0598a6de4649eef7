"""Images that a net has drawn, with what they are to be compared with."""

from __future__ import annotations

from typing import List, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..arrays import Integers

_DPI = 100
_SMALL = 8  # of the letters, in points


def samples_figure(
    sheets: Mapping[str, Integers], num_levels: int, classes: Sequence[str] = ()
) -> Figure:
    """Samples at several temperatures, one block below the other.

    Parameters
    ----------
    sheets : dict of str to numpy.ndarray, shape (num_classes, many, height, width)
        By the temperature: levels.
    num_levels : int
    classes : sequence of str
        Named above the columns; none where there is no class.
    """
    blocks: List[Integers] = []
    for images in sheets.values():
        if len(images) == 1:  # no classes: in rows of ten
            images = images[0, : len(images[0]) // 10 * 10 or None]
            columns = min(10, len(images))
            blocks.append(images.reshape(-1, columns, *images.shape[1:]))
        else:
            blocks.append(images[:20, :10].swapaxes(0, 1))
    tall = sum(len(block) for block in blocks)
    columns = max(block.shape[1] for block in blocks)
    figure = Figure(
        figsize=(0.55 + 0.38 * columns, 0.3 + 0.38 * tall + 0.25 * len(blocks)),
        dpi=_DPI,
        layout="constrained",
    )
    ratios = [len(block) for block in blocks]
    axes = figure.subplots(len(blocks), 1, squeeze=False, height_ratios=ratios)
    for place, (name, block) in zip(axes[:, 0], zip(sheets, blocks)):
        _show(place, _tiled(block), num_levels)
        place.set_ylabel(f"temperature {name}", size=_SMALL)
        if classes and block.shape[1] == len(classes[:20]):
            step = block.shape[3] + 1
            place.set_xticks([step * k + step / 2 - 1 for k in range(block.shape[1])])
            place.set_xticklabels([label[:8] for label in classes[:20]], size=_SMALL)
            place.xaxis.tick_top()
    return figure


def completions_figure(
    truth: Integers,
    given: int,
    completed: Integers,
    neighbours: Integers,
    num_levels: int,
) -> Figure:
    """Unseen images, their upper part, and what the net makes of it.

    Parameters
    ----------
    truth : numpy.ndarray of int, shape (num_images, height, width)
    given : int
        Rows that the net was given.
    completed, neighbours : numpy.ndarray, shape (num_images, many, height, width)
        Completions, and the training image that is nearest to each.
    num_levels : int
    """
    many = completed.shape[1]
    covered = np.where(np.arange(truth.shape[1])[:, None] < given, truth, -1)
    columns = [("truth", truth), ("given", covered)]
    for k in range(many):
        columns.append((f"drawn {k + 1}", completed[:, k]))
        columns.append(("nearest", neighbours[:, k]))
    figure = Figure(
        figsize=(0.8 * len(columns), 0.3 + 0.66 * len(truth)),
        dpi=_DPI,
        layout="constrained",
    )
    axes = figure.subplots(1, len(columns), squeeze=False)[0]
    for place, (name, images) in zip(axes, columns):
        _show(place, _tiled(images[:, None]), num_levels)
        place.set_title(name, size=_SMALL)
    return figure


def _tiled(images: Integers) -> Integers:
    """(rows, columns, height, width) as one picture; -1 between them."""
    rows, columns, height, width = images.shape
    framed = np.full((rows, height + 1, columns, width + 1), -1)
    framed[:, :height, :, :width] = images.transpose(0, 2, 1, 3)
    whole = framed.reshape(rows * (height + 1), -1)
    return np.asarray(whole[:-1, :-1])


def _show(axes: Axes, levels: Integers, num_levels: int) -> None:
    """Levels as grey on the lightest blue, where there is nothing."""
    shown = np.where(levels < 0, np.nan, levels)
    axes.set_facecolor("#dbe7f3")
    axes.imshow(shown, cmap="gray_r", vmin=0, vmax=num_levels - 1, aspect="equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
