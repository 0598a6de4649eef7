"""Attention, its scores and its masks written out in loops (NumPy, float64).

Slow twins of ``d2l_rnn.models.attention``. Weights are given as a Dense layer holds
them: (outputs, inputs).
"""

from __future__ import annotations

from typing import Callable, Dict, Sequence, Tuple

import numpy as np

from d2l_rnn.arrays import Floats, Integers


def additive(q: Floats, k: Floats, W_q: Floats, W_k: Floats, w_v: Floats) -> float:
    return float((w_v @ np.tanh(W_q @ q + W_k @ k)).item())


def dot(q: Floats, k: Floats) -> float:
    return float(q @ k) / len(q) ** 0.5


def dot_unscaled(q: Floats, k: Floats) -> float:
    return float(q @ k)


def cosine(q: Floats, k: Floats, log_sharpness: Floats) -> float:
    sharpness = np.exp(log_sharpness).item()
    return float(sharpness * (q @ k) / np.sqrt((q @ q) * (k @ k)))


def bilinear(q: Floats, k: Floats, W: Floats) -> float:
    return float(q @ (W @ k))


SCORES: Dict[str, Callable[..., float]] = {
    "additive": additive,
    "dot": dot,
    "dot-unscaled": dot_unscaled,
    "cosine": cosine,
    "bilinear": bilinear,
}


def attend(
    score: str,
    queries: Floats,
    keys: Floats,
    values: Floats,
    valid_lens: Integers,
    weights: Sequence[Floats],
    normalise: bool = True,
) -> Tuple[Floats, Floats]:
    """Contexts and weights, each query and each valid key on its own."""
    batch_size, num_queries, _ = queries.shape
    contexts = np.zeros((batch_size, num_queries, values.shape[2]))
    matrix = np.zeros((batch_size, num_queries, keys.shape[1]))
    for n in range(batch_size):
        for t in range(num_queries):
            length = valid_lens[n] if valid_lens.ndim == 1 else valid_lens[n, t]
            scores = [
                SCORES[score](queries[n, t], keys[n, i], *weights)
                for i in range(length)
            ]
            if normalise:
                exponentials = np.exp(np.array(scores) - max(scores))
                scores = exponentials / exponentials.sum()
            matrix[n, t, :length] = scores
            for i in range(length):
                contexts[n, t] += matrix[n, t, i] * values[n, i]
    return contexts, matrix


def finite_differences(
    function: Callable[[], float], array: Floats, epsilon: float = 1e-5
) -> Floats:
    """Gradient of a scalar function by one array, element by element."""
    gradient = np.zeros_like(array)
    for index in np.ndindex(*array.shape):
        kept = array[index]
        array[index] = kept + epsilon
        above = function()
        array[index] = kept - epsilon
        below = function()
        array[index] = kept
        gradient[index] = (above - below) / (2 * epsilon)
    return gradient
