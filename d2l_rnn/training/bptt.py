"""Where gradients stop: full, truncated and randomly truncated (Section 8.7).

The gradient of a recurrent net flows from every state back to the one before it. A
scheme is a row of factors ``xi_t`` on that flow, one a step::

    dh_t/dw  is replaced by  z_t = df/dw + xi_t df/dh_{t-1} z_{t-1}

full computation        all ones
regular truncation      a zero every so many steps: cheap, short-sighted
randomised truncation   ``1 / p`` with probability ``p``, else 0: since ``E[xi_t] = 1``
                        and the factors are independent, ``E[z_t] = dh_t/dw``

(Tallec and Ollivier, Unbiasing truncated backpropagation through time, 2017.) The
factors are NumPy arrays: :func:`forward_segments` applies them to an MXNet net, and a
backward pass by hand multiplies by them.
"""

from __future__ import annotations

from typing import Any, List, NamedTuple, Sequence, Tuple, Union

import numpy
from mxnet import np

from ..arrays import Floats
from ..errors import UsageError
from ..protocols import Array, LanguageModel, State


class Segment(NamedTuple):
    """Steps ``start`` to ``stop - 1``, and the factor on the gradient that leaves them.

    Attributes
    ----------
    start, stop : int
    weight : float
        ``xi`` of step ``start``: 0 where the graph is cut.
    """

    start: int
    stop: int
    weight: float


def full_weights(num_steps: int) -> Floats:
    """No truncation: ones, (num_steps,)."""
    return numpy.ones(num_steps)


def regular_weights(num_steps: int, length: int) -> Floats:
    """Truncation every ``length`` steps; the state still carries over.

    Parameters
    ----------
    num_steps, length : int

    Returns
    -------
    numpy.ndarray, shape (num_steps,)
        0 at the first step of every segment but the first of all, else 1.

    Raises
    ------
    UsageError
        If ``length`` is not positive.
    """
    if length < 1:
        raise UsageError(f"length {length}: a segment has at least one step")
    steps = numpy.arange(num_steps)
    return numpy.where((steps % length == 0) & (steps > 0), 0.0, 1.0)


def randomised_weights(
    num_steps: int, probability: float, rng: numpy.random.Generator, period: int = 1
) -> Floats:
    """Truncation at random, made up for by larger weights where there is none.

    Parameters
    ----------
    num_steps : int
    probability : float
        That the gradient passes, in (0, 1]; segments are ``period / (1 - probability)``
        steps long on average.
    rng : numpy.random.Generator
    period : int
        Draw every so many steps only; the other weights are 1. The estimate is
        unbiased with any period, and its variance smaller with a longer one.

    Returns
    -------
    numpy.ndarray, shape (num_steps,)
        ``1 / probability`` or 0 where drawn. The first step's weight is 1.

    Raises
    ------
    UsageError
        If the probability or the period is out of range.
    """
    if not 0 < probability <= 1:
        raise UsageError(f"probability {probability}: must lie in (0, 1]")
    if period < 1:
        raise UsageError(f"period {period}: must be at least 1")
    passes = rng.random(num_steps) < probability
    steps = numpy.arange(num_steps)
    drawn = (steps % period == 0) & (steps > 0)
    return numpy.where(drawn, passes / probability, 1.0)


def segments(weights: Union[Sequence[float], Floats]) -> List[Segment]:
    """The runs of steps between which the gradient is changed.

    Parameters
    ----------
    weights : sequence of float, shape (num_steps,)

    Returns
    -------
    list of Segment
        They cover all steps in order; all weights within are 1.
    """
    starts = [t for t, weight in enumerate(weights) if t == 0 or weight != 1]
    stops = starts[1:] + [len(weights)]
    return [Segment(a, b, float(weights[a])) for a, b in zip(starts, stops)]


def scale_gradient(array: Array, weight: float) -> Array:
    """The same array, whose gradient is multiplied by ``weight``.

    Parameters
    ----------
    array : mxnet.np.ndarray
    weight : float
        0 detaches, 1 changes nothing.

    Returns
    -------
    mxnet.np.ndarray
        Equal to the last bit: ``a + weight (a - a)`` with two of the three detached.
    """
    if weight == 1:
        return array
    constant = array.detach()
    return constant if weight == 0 else constant + weight * (array - constant)


def forward_segments(
    net: LanguageModel, X: Array, state: Any, weights: Union[Sequence[float], Floats]
) -> Tuple[Array, State]:
    """A net's forward pass with the scheme's factors on its backward pass.

    For use under ``autograd.record()``, in place of ``net(X, state)``, to which its
    values are equal.

    Parameters
    ----------
    net : callable
        ``net(X, state) -> (logits, state)``.
    X : mxnet.np.ndarray, shape (batch_size, num_steps)
    state : sequence of mxnet.np.ndarray
    weights : sequence of float, shape (num_steps,)

    Returns
    -------
    logits : mxnet.np.ndarray, shape (num_steps * batch_size, vocab_size)
    state : sequence of mxnet.np.ndarray
    """
    logits = []
    for start, stop, weight in segments(weights):
        state = [scale_gradient(array, weight) for array in state]
        # ((stop - start) * batch_size, vocab_size)
        part, state = net(X[:, start:stop], state)
        logits.append(part)
    return np.concatenate(logits, axis=0), state
