"""What truncating backpropagation does to a gradient: bias, variance, memory."""

from __future__ import annotations

import math
from typing import Callable, Dict, List, Sequence, Tuple

import numpy
from mxnet import autograd, gluon

from ..arrays import Floats
from ..protocols import Array, Device, State, TrainableModel
from .bptt import Segment, forward_segments, regular_weights, segments
from .objectives import NextToken
from .parameters import trainables

#: A strategy: number of steps -> factors on the gradient that flows back.
Weights = Callable[[int], List[float]]


class Truncated:
    """A language model whose gradient flows as a strategy lets it."""

    def __init__(self, net: TrainableModel, weights: Weights) -> None:
        self.net, self.weights = net, weights
        self.begin_state = net.begin_state

    def __call__(self, X: Array, state: State) -> Tuple[Array, State]:
        return forward_segments(self.net, X, state, self.weights(X.shape[1]))


def objective_of(net: TrainableModel, weights: Weights, device: Device) -> NextToken:
    """The mean loss of every next token, its gradient truncated."""
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    return NextToken(Truncated(net, weights), loss, device)


def gradient(
    net: TrainableModel, X: Array, Y: Array, weights: Sequence[float]
) -> Floats:
    """Of a net's mean loss from the zero state: (number of parameters,), float64."""
    objective = objective_of(net, lambda num_steps: list(weights), X.ctx)
    with autograd.record():
        loss = objective(X, Y).objective
    loss.backward()
    gradients = [t.grad.asnumpy().ravel() for t in trainables(net)]
    flat: Floats = numpy.concatenate(gradients).astype("float64")
    return flat


def measure(
    net: TrainableModel, X: Array, Y: Array, weights: Weights, num_draws: int
) -> Dict[str, float]:
    """How the gradient of a strategy differs from the full one, at equal weights.

    Parameters
    ----------
    net : LanguageModel
    X, Y : mxnet.np.ndarray, shape (batch_size, num_steps)
    weights : callable
        The strategy.
    num_draws : int
        How often it draws; 1 where it does not.

    Returns
    -------
    dict
        See :func:`compare_gradients`; ``longest_segment`` is the mean over the draws
        of the most steps whose states have to be kept for the backward pass.
    """
    num_steps = X.shape[1]
    full = gradient(net, X, Y, [1.0] * num_steps)
    drawn = [weights(num_steps) for _ in range(num_draws)]
    gradients = numpy.stack([gradient(net, X, Y, w) for w in drawn])
    longest = [max(s.stop - s.start for s in _between_cuts(w)) for w in drawn]
    return {
        **compare_gradients(gradients, full),
        "longest_segment": float(numpy.mean(longest)),
    }


def _between_cuts(weights: Sequence[float]) -> List[Segment]:
    """The segments between which nothing flows back, whatever the other factors."""
    return segments([0.0 if weight == 0 else 1.0 for weight in weights])


def compare_gradients(gradients: Floats, full: Floats) -> Dict[str, float]:
    """An estimator of the gradient, from its draws.

    Parameters
    ----------
    gradients : numpy.ndarray, shape (num_draws, number of parameters)
    full : numpy.ndarray, shape (number of parameters,)

    Returns
    -------
    dict
        ``cosine`` with the full gradient, mean over the draws, and
        ``cosine_of_mean``; ``relative_bias``, ``|mean - full| / |full|``, which an
        unbiased estimator keeps near ``relative_standard_error``; ``norm``, its mean
        relative to the full one's; ``coordinate_variance``, mean over the parameters,
        and ``relative_deviation``, the root of its sum relative to ``|full|``.
    """
    size = numpy.linalg.norm(full)
    mean = gradients.mean(axis=0)
    norms = numpy.linalg.norm(gradients, axis=1)
    num_draws = len(gradients)
    variance = (
        gradients.var(axis=0, ddof=1) if num_draws > 1 else numpy.zeros_like(mean)
    )
    deviation = math.sqrt(variance.sum()) / size
    return {
        "cosine": float((gradients @ full / (norms * size)).mean()),
        "cosine_of_mean": float(mean @ full / (numpy.linalg.norm(mean) * size)),
        "relative_bias": float(numpy.linalg.norm(mean - full) / size),
        "relative_standard_error": float(deviation / math.sqrt(num_draws)),
        "norm": float(norms.mean() / size),
        "coordinate_variance": float(variance.mean()),
        "relative_deviation": float(deviation),
        "num_draws": num_draws,
    }


def bias_by_length(net: TrainableModel, X: Array, Y: Array) -> Dict[str, float]:
    """Relative bias of regular truncation every 1, 2, 4, ... steps."""
    num_steps = X.shape[1]
    full = gradient(net, X, Y, [1.0] * num_steps)
    bias = {}
    for length in [2**k for k in range(num_steps.bit_length()) if 2**k <= num_steps]:
        weights = regular_weights(num_steps, length).tolist()
        away = numpy.linalg.norm(gradient(net, X, Y, weights) - full)
        bias[str(length)] = float(away / numpy.linalg.norm(full))
    return bias
