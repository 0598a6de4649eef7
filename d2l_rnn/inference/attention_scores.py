"""Attention over the keys of a sentence, one query a row, in NumPy (Section 10.3)."""

from __future__ import annotations

from typing import Mapping, Optional, Tuple

import numpy as np

from ..arrays import Booleans, Floats

# As in ``models.attention``: stands for a masked score, its exponential is exactly 0.
_MASKED_SCORE = -1e6
_EPSILON = 1e-12


class Attention:
    """Contexts of queries: ``softmax_i a(q, k_i)`` weighs the values.

    Parameters
    ----------
    score : "additive", "dot", "dot-unscaled", "cosine" or "bilinear"
        See :mod:`d2l_rnn.models.attention`, whose numbers these are.
    normalise : bool
        False: the scores themselves are the weights.
    arrays : mapping of str to numpy.ndarray
        Of the block, by its own names: ``W_q.weight``, ``W_k.weight``, ...
    """

    def __init__(
        self, score: str, normalise: bool, arrays: Mapping[str, Floats]
    ) -> None:
        self._score, self._normalise = score, normalise
        self._arrays = arrays

    def keys(self, values: Floats) -> Floats:
        """What the score needs of the keys, which are the values.

        Parameters
        ----------
        values : numpy.ndarray, shape (rows, num_keys, num_hiddens)
        """
        if self._score == "additive":
            return np.asarray(values @ self._arrays["W_k.weight"].T)
        if self._score == "bilinear":
            return np.asarray(values @ self._arrays["W.weight"].T)
        return _unit(values) if self._score == "cosine" else values

    def __call__(
        self, queries: Floats, keys: Floats, values: Floats, valid: Optional[Booleans]
    ) -> Tuple[Floats, Floats]:
        """Contexts (rows, num_hiddens) and weights (rows, num_keys).

        Parameters
        ----------
        queries : numpy.ndarray, shape (rows, num_hiddens)
        keys : numpy.ndarray
            Of :meth:`keys`.
        values : numpy.ndarray, shape (rows, num_keys, num_hiddens)
        valid : numpy.ndarray of bool, shape (rows, num_keys), optional
        """
        weights = self._scores(queries, keys)
        if valid is not None:
            masked = _MASKED_SCORE if self._normalise else 0
            weights = np.where(valid, weights, np.float32(masked))
        if self._normalise:
            weights = np.exp(weights - weights.max(axis=1, keepdims=True))
            weights /= weights.sum(axis=1, keepdims=True)
        return np.matmul(weights[:, None], values)[:, 0], weights

    def _scores(self, queries: Floats, keys: Floats) -> Floats:
        if self._score == "additive":
            # (rows, num_keys, num_hiddens of the score)
            features = keys + (queries @ self._arrays["W_q.weight"].T)[:, None]
            np.tanh(features, out=features)
            return np.asarray(features @ self._arrays["w_v.weight"][0])
        if self._score == "cosine":
            queries = _unit(queries)
        scores: Floats = np.matmul(keys, queries[:, :, None])[:, :, 0]
        if self._score == "dot":
            scores /= np.float32(np.sqrt(queries.shape[1]))
        if self._score == "cosine":
            scores *= np.exp(self._arrays["sharpen.log_sharpness"]).item()
        return scores


def _unit(X: Floats) -> Floats:
    return np.asarray(X / np.sqrt((X * X).sum(axis=-1, keepdims=True) + _EPSILON))
