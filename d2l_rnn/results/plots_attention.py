"""Attention weights of several sentences as one picture."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure

from ..arrays import Floats
from .plots_axes import literal

Map = Tuple[Sequence[str], Sequence[str], Floats]

_COLUMNS = 2


def attention_figure(maps: Sequence[Map]) -> Figure:
    """A heat map a sentence: source tokens across, target tokens down.

    Parameters
    ----------
    maps : sequence of (source, target, weights)
        Tokens, and weights of shape (len(target), len(source)). All maps share the
        scale from 0 to the largest weight, at least 1.
    """
    columns = min(_COLUMNS, len(maps))
    rows = -(-len(maps) // columns)
    most_source = max(len(source) for source, _, _ in maps)
    most_target = max(len(target) for _, target, _ in maps)
    width = columns * (1.3 + 0.55 * most_source) + 0.8
    height = rows * (0.9 + 0.36 * most_target)
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    largest = max([1.0] + [float(np.max(weights)) for _, _, weights in maps])
    lowest = min([0.0] + [float(np.min(weights)) for _, _, weights in maps])
    images = []
    for axes in grid.flat[len(maps) :]:
        axes.set_axis_off()
    for axes, (source, target, weights) in zip(grid.flat, maps):
        images.append(
            axes.imshow(weights, cmap="Blues", vmin=lowest, vmax=largest, aspect="auto")
        )
        axes.set_xticks(range(len(source)))
        axes.set_xticklabels(
            [literal(token) for token in source],
            rotation=30,
            ha="right",
            rotation_mode="anchor",
        )
        axes.set_yticks(range(len(target)))
        axes.set_yticklabels([literal(token) for token in target])
        axes.tick_params(length=0, labelsize=9)
        axes.set_xlabel("source", size=9)
        axes.set_ylabel("target", size=9)
        for side in axes.spines.values():
            side.set_visible(False)
        for (row, column), value in np.ndenumerate(weights):
            colour = "white" if value > 0.6 * largest else "#1f2937"
            axes.text(
                column,
                row,
                f"{value:.2f}",
                ha="center",
                va="center",
                size=7,
                color=colour,
            )
    title = "which source token each target token attends to"
    figure.suptitle(title, x=0.01, ha="left", weight="bold", size=10)
    bar = figure.colorbar(images[-1], ax=grid, shrink=0.8, pad=0.02)
    bar.set_label("attention weight", size=9)
    bar.outline.set_visible(False)
    return figure
