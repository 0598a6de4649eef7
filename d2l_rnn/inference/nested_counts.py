"""Probabilities from counts in nested contexts: what an image model has to beat."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np

from ..arrays import Floats, Integers


class NestedCounts:
    r"""A token given features of its place, from the most to the least telling::

        P_k(x | c_1 .. c_k) = (n(c_1 .. c_k, x) + eps P_{k-1}(x | c_1 .. c_{k-1}))
                              / (n(c_1 .. c_k) + eps),        P_{-1}(x) = 1 / V

    With the preceding tokens as features it is the n-gram model of
    :class:`~.ngrams.ContextModel`, of whole tables at once.

    Parameters
    ----------
    contexts : numpy.ndarray of int, shape (num_tokens, K)
        Each at least 0.
    tokens : numpy.ndarray of int, shape (num_tokens,)
    vocab_size : int
        V.
    """

    def __init__(self, contexts: Integers, tokens: Integers, vocab_size: int) -> None:
        self.vocab_size = vocab_size
        num_features = contexts.shape[1]
        # (K,): one more stands for what did not occur in training.
        self._sizes = contexts.max(axis=0, initial=0) + 2
        self._tables: List[Tuple[Integers, Integers, Integers, Integers]] = []
        for k in range(num_features + 1):
            keys = self._keys(contexts[:, :k])
            joint = keys * vocab_size + tokens
            self._tables.append(
                (
                    *np.unique(keys, return_counts=True),
                    *np.unique(joint, return_counts=True),
                )
            )

    def log_probabilities(
        self, contexts: Integers, tokens: Integers, smoothing: float
    ) -> Floats:
        """``log P_K`` of each token, in nats.

        Parameters
        ----------
        contexts, tokens
            As of the constructor.
        smoothing : float
            eps, greater than 0.

        Returns
        -------
        numpy.ndarray of float64, shape (num_tokens,)
        """
        known = np.minimum(contexts, self._sizes - 1)
        p = np.full(len(tokens), 1 / self.vocab_size)
        for k, (keys, totals, joints, counts) in enumerate(self._tables):
            own = self._keys(known[:, :k])
            total = _looked_up(own, keys, totals)
            count = _looked_up(own * self.vocab_size + tokens, joints, counts)
            p = (count + smoothing * p) / (total + smoothing)
        return np.asarray(np.log(p))

    def _keys(self, contexts: Integers) -> Integers:
        """A number for each context, (num_tokens,)."""
        keys = np.zeros(len(contexts), np.int64)
        for k in range(contexts.shape[1]):
            keys = keys * self._sizes[k] + contexts[:, k]
        return np.asarray(keys)


def _looked_up(wanted: Integers, keys: Integers, values: Integers) -> Integers:
    """The values of keys, which are sorted; 0 where there is none."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray(np.where(keys[places] == wanted, values[places], 0))


def neighbours(
    images: Integers, width: int, offsets: List[Tuple[int, int]]
) -> Integers:
    """Pixels at given places relative to each pixel.

    Parameters
    ----------
    images : numpy.ndarray of int, shape (num_images, num_pixels)
    width : int
        Of an image.
    offsets : list of (rows up, columns to the left)

    Returns
    -------
    numpy.ndarray of int, shape (num_images * num_pixels, len(offsets))
        Levels plus one; 0 outside of the image.
    """
    num_images, num_pixels = images.shape
    height = num_pixels // width
    found = []
    for up, left in offsets:
        moved = np.zeros((num_images, height, width), np.int64)
        square = images.reshape(num_images, height, width)
        moved[:, up:, left:] = square[:, : height - up, : width - left] + 1
        found.append(moved.reshape(-1))
    return np.stack(found, axis=1)


def preceding(images: Integers, order: int) -> Integers:
    """The ``order`` pixels before each in the sequence, nearest first, as above."""
    padded = np.pad(images + 1, ((0, 0), (order, 0)))
    num_pixels = images.shape[1]
    columns = [
        padded[:, order - k : order - k + num_pixels].reshape(-1)
        for k in range(1, order + 1)
    ]
    return np.stack(columns, axis=1)
