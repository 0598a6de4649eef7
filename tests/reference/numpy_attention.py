"""Attention, its scores and its masks written out in loops (NumPy, float64).

Slow twins of ``d2l_rnn.models.attention``. Weights are given as a Dense layer holds
them: (outputs, inputs).
"""

from __future__ import annotations

import numpy as np


def additive(q, k, W_q, W_k, w_v):
    return (w_v @ np.tanh(W_q @ q + W_k @ k)).item()


def dot(q, k):
    return q @ k / np.sqrt(len(q))


def dot_unscaled(q, k):
    return q @ k


def cosine(q, k, log_sharpness):
    sharpness = np.exp(log_sharpness).item()
    return sharpness * (q @ k) / np.sqrt((q @ q) * (k @ k))


def bilinear(q, k, W):
    return q @ (W @ k)


SCORES = {
    "additive": additive,
    "dot": dot,
    "dot-unscaled": dot_unscaled,
    "cosine": cosine,
    "bilinear": bilinear,
}


def attend(score, queries, keys, values, valid_lens, weights, normalise=True):
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


def finite_differences(function, array, epsilon=1e-5):
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
