"""Vanishing and exploding gradients, and what clipping does (book Section 8.7)."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from ..inference.gradient_flow import jacobian_norms, with_spectral_radius
from ..inference.handwritten_model import HandwrittenRNN

Json = Dict[str, Any]

RADII = (0.9, 1.0, 1.1)
_HIDDENS, _ROWS, _UPDATES, _LR = 32, 16, 60, 0.1
_THETA = 1.0
_SHOWN_STEP = 1e4  # where the line of an exploding gradient leaves the picture


def jacobians(num_steps: int, seed: int) -> Dict[str, np.ndarray]:
    """How far a gradient reaches back at spectral radii below, at and above one.

    One random matrix, scaled, in a linear and in a tanh net that reads noise.

    Returns
    -------
    dict of str to np.ndarray, shape (num_steps + 1,)
        By "linear, radius 0.9" and so on; entry k is the norm of ``ds_T / ds_{T-k}``.
    """
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(_HIDDENS, _HIDDENS))
    # (num_steps, num_hiddens): what the inputs add to every step
    noise = rng.normal(scale=0.1, size=(num_steps, _HIDDENS))
    norms = {}
    for hidden, name in (("identity", "linear"), ("tanh", "tanh")):
        function = np.tanh if hidden == "tanh" else np.array
        for radius in RADII:
            W = with_spectral_radius(matrix, radius)
            states = [np.zeros(_HIDDENS)]
            for added in noise:
                states.append(function(W @ states[-1] + added))
            norms[f"{name}, radius {radius}"] = jacobian_norms(
                W, np.array(states), hidden
            )
    return norms


def train_linear(
    corpus: Sequence[int],
    vocab_size: int,
    num_steps: int,
    radius: float,
    theta: float,
    seed: int,
) -> Tuple[List[float], float]:
    """Train a linear RNN, whose gradient the eigenvalues of W alone decide.

    Parameters
    ----------
    corpus : sequence of int
        Cut into rows; every update reads the next ``num_steps`` tokens of each.
    vocab_size, num_steps : int
    radius : float
        Spectral radius of W at the start.
    theta : float
        Largest norm of the gradient; ``inf``: no clipping.
    seed : int

    Returns
    -------
    norms : list of float
        Of the gradient before clipping, an update each, up to the first that is not
        finite.
    loss : float
        Mean loss of the last update, in nats; not finite where training has exploded.
    """
    rng = np.random.default_rng(seed)
    net = HandwrittenRNN(vocab_size, _HIDDENS, rng, "identity", dtype="float64")
    W = with_spectral_radius(rng.normal(size=(_HIDDENS, _HIDDENS)), radius)
    net.params = net.params._replace(W=W)
    length = (len(corpus) - 1) // _ROWS
    # (rows, length)
    X = np.array(corpus[: _ROWS * length]).reshape(_ROWS, length)
    Y = np.array(corpus[1 : _ROWS * length + 1]).reshape(_ROWS, length)
    num_steps = min(num_steps, length)
    norms: List[float] = []
    with np.errstate(all="ignore"):  # to overflow is what this is about
        for update in range(_UPDATES):
            start = update % (length // num_steps) * num_steps
            if start == 0:
                state = net.begin_state(_ROWS)
            part = slice(start, start + num_steps)
            loss, gradients, state = net.loss_and_gradients(
                X[:, part], Y[:, part], state
            )
            norm = net.update(gradients, _LR, theta)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                return norms, math.inf
            norms.append(norm)
    return norms, loss


def demonstrate(
    corpus: Sequence[int], vocab_size: int, num_steps: int, seed: int
) -> Tuple[Json, Dict[str, List[float]], Dict[str, np.ndarray]]:
    """Both demonstrations: numbers for the record, and lines for pictures.

    Returns
    -------
    numbers : dict
        ``jacobian_norms`` after ``num_steps`` steps; ``training``, for every radius
        with and without clipping: ``updates`` until the gradient overflowed (or all),
        whether it has ``exploded``, its ``largest_norm``, and the last ``loss``.
    training : dict of str to list of float
        Norms of the gradient.
    flow : dict of str to np.ndarray
        Of :func:`jacobians`.
    """
    flow = jacobians(num_steps, seed)
    training, numbers = {}, {}
    for radius in RADII:
        for label, theta in (("clipped", _THETA), ("not clipped", math.inf)):
            norms, loss = train_linear(
                corpus, vocab_size, num_steps, radius, theta, seed
            )
            name = f"radius {radius}, {label}"
            training[name] = norms
            numbers[name] = {
                "updates": len(norms),
                "exploded": not math.isfinite(loss),
                "largest_norm": max(norms, default=None),
                "loss": loss if math.isfinite(loss) else None,
            }
    return (
        {
            "jacobian_norms": {name: float(norms[-1]) for name, norms in flow.items()},
            "training": numbers,
        },
        training,
        flow,
    )


def figures(
    training: Dict[str, List[float]], flow: Dict[str, np.ndarray]
) -> Dict[str, Any]:
    """Pictures by file name: how gradients vanish and explode, and clipping."""
    from ..results.plots import lines_figure

    moved = {}
    for name, norms in training.items():
        theta = math.inf if "not" in name else _THETA
        steps = [_LR * min(norm, theta) for norm in norms]
        last = next((i for i, n in enumerate(steps) if n > _SHOWN_STEP), len(steps))
        moved[name] = (list(range(1, last + 1)), steps[:last])
    flows = {
        name: (list(range(len(norms))), norms.tolist()) for name, norms in flow.items()
    }
    return {
        "gradient-flow": lines_figure(
            flows, "steps back", "norm of the Jacobian", yscale="log"
        ),
        "clipping": lines_figure(
            moved, "update", "how far the parameters move", yscale="log"
        ),
    }
