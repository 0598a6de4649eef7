"""What the book's builds reached, behind our curves."""

from __future__ import annotations

from typing import Optional

from matplotlib.axes import Axes

from .book import BookNumber
from .plots_axes import BAND, GREY

_LABELS = {
    "heldout_perplexity": "validation perplexity",
    "loss_over_num_steps": "loss per token / num_steps",
    "loss": "loss",
}


def draw_builds(axes: Axes, number: BookNumber) -> None:
    """Draw the builds' range over the epochs, and their median, behind what is there.

    Where they are known at one epoch alone, a bar.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    number : BookNumber
    """
    low, middle, high = number.band()
    source = f"{len(number.builds)} builds of the book"
    if len(number.epochs) > 1:
        axes.fill_between(
            number.epochs,
            low,
            high,
            color=BAND,
            lw=0,
            zorder=0,
            label=f"{source}, range",
        )
        axes.plot(
            number.epochs, middle, color=GREY, lw=1.2, zorder=1, label="their median"
        )
    else:
        axes.errorbar(
            number.epochs,
            middle,
            yerr=[[middle[0] - low[0]], [high[0] - middle[0]]],
            color=GREY,
            fmt="o",
            capsize=4,
            label=source + ", median and range",
        )


def metric_label(number: Optional[BookNumber]) -> str:
    """What a curve is of: the metric of the published number, else perplexity."""
    metric = "perplexity" if number is None else number.metric
    return _LABELS.get(metric, metric)
