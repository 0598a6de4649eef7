"""Vanishing and exploding gradients, and what clipping does (book Section 8.7)."""

from __future__ import annotations

import math
from typing import Dict, List, Sequence, Tuple

import numpy as np

from ..arrays import Floats
from .handwritten import HIDDEN, known
from .handwritten_model import HandwrittenRNN

Json = Dict[str, object]

RADII = (0.9, 1.0, 1.1)
_HIDDENS, _ROWS, _UPDATES, _LR = 32, 16, 60, 0.1
_THETA = 1.0


def jacobian_norms(W: Floats, states: Floats, hidden: str) -> Floats:
    """How far a gradient reaches back: the norms of ``ds_T / ds_{T-k}``.

    Each is a product of Jacobians, ``diag(f'(z_T)) W ... diag(f'(z_{T-k+1})) W``: with
    ``f`` the identity it is ``W^k``, which vanishes or explodes as the largest absolute
    eigenvalue is below or above one (book Section 8.7).

    Parameters
    ----------
    W : np.ndarray, shape (num_hiddens, num_hiddens)
    states : np.ndarray, shape (num_steps + 1, num_hiddens)
        ``s_0`` to ``s_T`` of one example.
    hidden : str
        As in :func:`forward`.

    Returns
    -------
    np.ndarray, shape (num_steps + 1,)
        Spectral norms for k = 0, ..., num_steps.
    """
    derivative = known(HIDDEN, hidden, "hidden activation").derivative
    product = np.eye(len(W), dtype=W.dtype)
    norms = [1.0]
    for s in states[:0:-1]:
        product = product @ (derivative(s)[:, None] * W)
        norms.append(float(np.linalg.norm(product, 2)))
    return np.array(norms)


def with_spectral_radius(W: Floats, radius: float) -> Floats:
    """``W`` scaled so that its largest absolute eigenvalue is ``radius``."""
    return W * (radius / float(np.abs(np.linalg.eigvals(W)).max()))


def jacobians(num_steps: int, seed: int) -> Dict[str, Floats]:
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
) -> Tuple[Json, Dict[str, List[float]], Dict[str, Floats]]:
    """Both demonstrations: numbers for the record, and lines for pictures.

    Returns
    -------
    numbers : dict
        ``jacobian_norms`` after ``num_steps`` steps; ``training``, for every radius
        with and without clipping: ``updates`` until the gradient overflowed (or all),
        whether it has ``exploded``, its ``largest_norm``, and the last ``loss``.
    moved : dict of str to list of float
        How far each update moved the parameters.
    flow : dict of str to np.ndarray
        Of :func:`jacobians`.
    """
    flow = jacobians(num_steps, seed)
    moved, numbers = {}, {}
    for radius in RADII:
        for label, theta in (("clipped", _THETA), ("not clipped", math.inf)):
            norms, loss = train_linear(
                corpus, vocab_size, num_steps, radius, theta, seed
            )
            name = f"radius {radius}, {label}"
            moved[name] = [_LR * min(norm, theta) for norm in norms]
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
        moved,
        flow,
    )
