"""A recurrent network's forward and backward pass by hand (Sections 8.4 and 8.7).

Vectors are columns here, one an example, so that the code reads as the equations::

    s_t = f(z_t),   z_t = U x_t + W s_{t-1} + b = [U, W] [x_t; s_{t-1}] + b
    y_t = g(o_t),   o_t = V s_t + c
    L   = mean over steps and examples of loss(y_t, target_t)

and backwards, from the last step to the first, with ``*`` elementwise::

    dL/do_t = (y_t - target_t) / (num_steps * batch_size)
    dL/ds_t = V^T dL/do_t + W^T dL/dz_{t+1},   dL/dz_t = f'(z_t) * dL/ds_t
    dL/dU = sum_t dL/dz_t x_t^T,   dL/dW = sum_t dL/dz_t s_{t-1}^T,   ...
"""

from __future__ import annotations

from typing import Callable, Dict, NamedTuple, Optional, Tuple, TypeVar

import numpy as np

from ..arrays import Floats
from ..errors import UsageError

Kind = TypeVar("Kind")


class Activation(NamedTuple):
    """Of the hidden state: the function, and its derivative told from its value."""

    function: Callable[[Floats], Floats]
    derivative: Callable[[Floats], Floats]


class Output(NamedTuple):
    """Of the output: ``o -> y``, and ``(o, target) -> summed loss`` where the loss is
    the one whose derivative by ``o`` is ``y - target``.

    Losses are told from the scores ``o``: a probability has rounded to 0 or 1 long
    before its logarithm is lost.
    """

    function: Callable[[Floats], Floats]
    loss: Callable[[Floats, Floats], float]


class RNNParameters(NamedTuple):
    """Parameters, or their gradients.

    Attributes
    ----------
    U : np.ndarray, shape (num_hiddens, num_inputs)
    W : np.ndarray, shape (num_hiddens, num_hiddens)
    b : np.ndarray, shape (num_hiddens, 1)
    V : np.ndarray, shape (num_outputs, num_hiddens)
    c : np.ndarray, shape (num_outputs, 1)
    """

    U: Floats
    W: Floats
    b: Floats
    V: Floats
    c: Floats


class ForwardPass(NamedTuple):
    """What the forward pass computes and the backward pass needs.

    Attributes
    ----------
    states : np.ndarray, shape (num_steps + 1, num_hiddens, batch_size)
        ``s_0`` to ``s_T``; the first is the one given.
    scores : np.ndarray, shape (num_steps, num_outputs, batch_size)
        ``o_1`` to ``o_T``.
    outputs : np.ndarray, shape (num_steps, num_outputs, batch_size)
        ``y_1`` to ``y_T``.
    """

    states: Floats
    scores: Floats
    outputs: Floats


def _sigmoid(z: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))


def _softmax(o: Floats) -> Floats:
    exp = np.exp(o - o.max(axis=1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=1, keepdims=True))


def _cross_entropy(o: Floats, target: Floats) -> float:
    largest = o.max(axis=1, keepdims=True)
    log_sum = largest + np.log(np.exp(o - largest).sum(axis=1, keepdims=True))
    return float(np.sum(target * (log_sum - o)))


def _binary_cross_entropy(o: Floats, target: Floats) -> float:
    return float(np.sum(np.logaddexp(0, o) - target * o))


def _half_squares(o: Floats, target: Floats) -> float:
    return 0.5 * float(np.sum((o - target) ** 2))


HIDDEN: Dict[str, Activation] = {
    "tanh": Activation(np.tanh, lambda s: 1 - s**2),
    "relu": Activation(lambda z: np.maximum(z, 0), lambda s: (s > 0).astype(s.dtype)),
    "sigmoid": Activation(_sigmoid, lambda s: s * (1 - s)),
    "identity": Activation(lambda z: z, np.ones_like),
}

OUTPUT: Dict[str, Output] = {
    "softmax": Output(_softmax, _cross_entropy),
    "sigmoid": Output(_sigmoid, _binary_cross_entropy),
    "identity": Output(lambda o: o, _half_squares),
}


def forward(
    params: RNNParameters,
    x: Floats,
    state: Floats,
    hidden: str = "tanh",
    output: str = "softmax",
    concatenated: bool = False,
) -> ForwardPass:
    """Forward pass over all steps; equations in the module's docstring.

    Parameters
    ----------
    params : RNNParameters
    x : np.ndarray, shape (num_steps, num_inputs, batch_size)
    state : np.ndarray, shape (num_hiddens, batch_size)
        ``s_0``.
    hidden : "tanh", "relu", "sigmoid" or "identity"
    output : "softmax", "sigmoid" or "identity"
        With cross-entropy, binary cross-entropy or half the squared error as its loss.
    concatenated : bool
        Whether to compute ``[U, W] [x_t; s_{t-1}]`` instead of ``U x_t + W s_{t-1}``.

    Returns
    -------
    ForwardPass

    Raises
    ------
    UsageError
        If an activation is not known.
    """
    U, W, b, V, c = params
    f = known(HIDDEN, hidden, "hidden activation").function
    g = known(OUTPUT, output, "output activation").function
    # (num_steps + 1, num_hiddens, batch_size)
    s = np.empty((len(x) + 1, *state.shape), dtype=W.dtype)
    s[0] = state
    if concatenated:
        # (num_hiddens, num_inputs + num_hiddens)
        UW = np.concatenate([U, W], axis=1)
        for t, x_t in enumerate(x):
            s[t + 1] = f(UW @ np.concatenate([x_t, s[t]]) + b)
    else:
        # (num_steps, num_hiddens, batch_size)
        Ux = U @ x + b
        for t in range(len(x)):
            s[t + 1] = f(Ux[t] + W @ s[t])
    # (num_steps, num_outputs, batch_size)
    o = V @ s[1:] + c
    return ForwardPass(s, o, g(o))


def mean_loss(scores: Floats, target: Floats, output: str = "softmax") -> float:
    """Mean over steps and examples of the output's loss, in nats for probabilities.

    Parameters
    ----------
    scores, target : np.ndarray, shape (num_steps, num_outputs, batch_size)
        ``o`` and what ``y`` should be.
    output : str
        As in :func:`forward`.
    """
    loss = known(OUTPUT, output, "output activation").loss
    return float(loss(scores, target) / (scores.shape[0] * scores.shape[2]))


def backward(
    params: RNNParameters,
    x: Floats,
    target: Floats,
    passed: ForwardPass,
    hidden: str = "tanh",
    concatenated: bool = False,
    gradient_weights: Optional[Floats] = None,
) -> Tuple[RNNParameters, Floats]:
    """Backward pass over all steps; equations in the module's docstring.

    Parameters
    ----------
    params, x, hidden, concatenated
        As given to :func:`forward`.
    target : np.ndarray, shape (num_steps, num_outputs, batch_size)
        One-hot for cross-entropy.
    passed : ForwardPass
    gradient_weights : np.ndarray, shape (num_steps,), optional
        Factor on the gradient as it flows from step t back to the state before it: all
        ones computes the gradient, a zero truncates (book Section 8.7).

    Returns
    -------
    gradients : RNNParameters
        Of the mean loss.
    state_gradient : np.ndarray, shape (num_hiddens, batch_size)
        By ``s_0``.
    """
    U, W, _, V, _ = params
    derivative = known(HIDDEN, hidden, "hidden activation").derivative
    s, _, y = passed
    num_steps, _, batch_size = y.shape
    weights = np.ones(num_steps) if gradient_weights is None else gradient_weights
    xi = np.asarray(weights, dtype=W.dtype)
    # (num_steps, num_outputs, batch_size)
    do = (y - target) / (num_steps * batch_size)
    # (num_steps, num_hiddens, batch_size): from above, before the later steps' part
    ds = V.T @ do
    # (num_steps, num_hiddens, batch_size)
    f_prime = derivative(s[1:])
    dz = np.empty_like(ds)
    # (num_hiddens, batch_size): from later steps
    carried = np.zeros_like(s[0])
    for t in reversed(range(num_steps)):
        dz[t] = f_prime[t] * (ds[t] + carried)
        carried = xi[t] * (W.T @ dz[t])
    if concatenated:
        # (num_steps, num_inputs + num_hiddens, batch_size)
        xs = np.concatenate([x, s[:-1]], axis=1)
        dU, dW = np.split(_sum_of_products(dz, xs), [U.shape[1]], axis=1)
    else:
        dU, dW = _sum_of_products(dz, x), _sum_of_products(dz, s[:-1])
    gradients = RNNParameters(
        U=dU,
        W=dW,
        b=dz.sum(axis=(0, 2))[:, None],
        V=_sum_of_products(do, s[1:]),
        c=do.sum(axis=(0, 2))[:, None],
    )
    return gradients, carried


def _sum_of_products(a: Floats, b: Floats) -> Floats:
    """``sum_t a_t b_t^T`` over steps and examples, as one product."""
    return np.tensordot(a, b, axes=([0, 2], [0, 2]))


def known(table: Dict[str, Kind], name: str, what: str) -> Kind:
    """Look a name up; UsageError, with the names that there are, if it is not there."""
    if name not in table:
        raise UsageError(f"{what} {name!r}: not one of {', '.join(table)}")
    return table[name]


def numerical_gradient(
    loss: Callable[[], float], array: Floats, step: float = 1e-5
) -> Floats:
    """Central differences, ``(loss(w + step) - loss(w - step)) / (2 step)``.

    Parameters
    ----------
    loss : callable
        Reads ``array`` anew each time it is called.
    array : np.ndarray
        Of float64; every entry is moved and put back.
    step : float

    Returns
    -------
    np.ndarray, of ``array``'s shape
        Twice as many calls of ``loss`` as there are entries.
    """
    gradient = np.empty_like(array)
    for index in np.ndindex(*array.shape):
        kept = array[index]
        array[index] = kept + step
        above = loss()
        array[index] = kept - step
        gradient[index] = (above - loss()) / (2 * step)
        array[index] = kept
    return gradient
