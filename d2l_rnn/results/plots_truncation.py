"""Where gradients stop, as pictures like the book's (Section 8.7)."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Sequence, Tuple

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from .plots import lines_figure
from .plots_axes import BAND, COLOURS, GREY

_SHOWN_STEP = 1e4  # where the line of an exploding gradient leaves the picture


def truncation_figure(
    tokens: Sequence[str], strategies: Mapping[str, Sequence[float]]
) -> Figure:
    """The same text once a strategy, in boxes out of which no gradient flows back.

    Where a number stands above the text, it goes on multiplied by it.

    Parameters
    ----------
    tokens : sequence of str, length num_steps
    strategies : dict of str to sequence of float, shape (num_steps,)
        Factors on the gradient that flows from a step back to the one before.
    """
    distance = 1.5
    height = 0.75 + 0.55 * len(strategies)
    figure = Figure(figsize=(8.0, height), dpi=150)
    figure.text(
        0.01,
        1 - 0.1 / height,
        "where the gradient is cut: none flows back out of a box",
        va="top",
        weight="bold",
    )
    axes = figure.add_axes((0.13, 0, 0.86, 1 - 0.35 / height))
    axes.set_axis_off()
    for row, (name, weights) in enumerate(strategies.items()):
        y = -distance * row
        axes.text(-1.2, y, name, ha="right", va="center", size=9)
        cuts = [t for t, weight in enumerate(weights) if t == 0 or weight == 0]
        for start, stop in zip(cuts, cuts[1:] + [len(tokens)]):
            box = FancyBboxPatch(
                (start - 0.45, y - 0.42),
                stop - start - 0.1,
                0.84,
                boxstyle="round,pad=0.02,rounding_size=0.2",
                facecolor=BAND,
                edgecolor=COLOURS[row % len(COLOURS)],
                alpha=0.75,
                lw=1.2,
            )
            axes.add_patch(box)
        for t, token in enumerate(tokens):
            axes.text(
                t, y, token, ha="center", va="center", size=7.5, family="monospace"
            )
            if weights[t] not in (0, 1):
                factor = f"{weights[t]:g}"
                axes.text(
                    t - 0.5,
                    y + 0.5,
                    factor,
                    ha="center",
                    va="bottom",
                    size=7,
                    color=GREY,
                )
    axes.set_xlim(-1, len(tokens))
    axes.set_ylim(-distance * (len(strategies) - 1) - 0.8, 1.0)
    return figure


def gradient_flow_figures(
    moved: Mapping[str, Sequence[float]], norms: Mapping[str, Sequence[float]]
) -> Dict[str, Figure]:
    """Pictures by file name: how gradients vanish and explode, and what clipping does.

    Parameters
    ----------
    moved : dict of str to sequence of float
        How far each update moved the parameters, a line a training.
    norms : dict of str to sequence of float
        Of the Jacobian 0, 1, 2, ... steps back.
    """
    updates = {}
    for name, steps in moved.items():
        last = next((i for i, n in enumerate(steps) if n > _SHOWN_STEP), len(steps))
        updates[name] = (list(range(1, last + 1)), list(steps[:last]))
    flows = {name: (list(range(len(n))), list(n)) for name, n in norms.items()}
    return {
        "gradient-flow": lines_figure(
            flows,
            "steps back",
            "norm of the Jacobian",
            yscale="log",
            title="how a gradient vanishes or explodes on its way back",
            styles=_styles(flows),
        ),
        "clipping": lines_figure(
            updates,
            "update",
            "how far the parameters move",
            yscale="log",
            title="what clipping the gradient does to an update",
            styles=_styles(updates),
        ),
    }


def _styles(names: Iterable[str]) -> Dict[str, Tuple[int, int]]:
    """A colour for each radius, a dash for all else that a name says."""
    radii: List[str] = []
    others: List[str] = []
    found = {}
    for name in names:
        parts = name.split(", ")
        radius = next((part for part in parts if "radius" in part), "")
        other = ", ".join(part for part in parts if part != radius)
        for known, part in ((radii, radius), (others, other)):
            if part not in known:
                known.append(part)
        found[name] = (radii.index(radius), others.index(other))
    return found
