"""Attention: how well queries match keys, and the values that matches pick out.

Book Section 10.3; Bahdanau et al. 2015 (additive), Luong et al. 2015 (bilinear,
"general"), Vaswani et al. 2017 (scaled dot product), Graves et al. 2014 (cosine with a
learned sharpness). Every score ``a(q, k)`` gives, over the valid keys of a sequence::

    weights_i = softmax_i a(q, k_i)      context = sum_i weights_i v_i
"""

from __future__ import annotations

import math
from typing import Any, Optional, Tuple

from mxnet import ndarray, np, symbol
from mxnet.gluon import nn

from ..errors import UsageError
from ..protocols import Array, Layer, Operators, Tensor

# Stands for a masked score, as in the book: its exponential is exactly 0.
_MASKED_SCORE = -1e6


def masked_softmax(X: Tensor, valid_lens: Optional[Tensor]) -> Tensor:
    """Softmax over the last axis, past the valid lengths exactly 0 (book Section 10.3).

    Parameters
    ----------
    X : mxnet.np.ndarray, shape (batch_size, num_queries, num_keys)
        Scores.
    valid_lens : mxnet.np.ndarray, shape (batch_size,) or (batch_size, num_queries)
        Number of valid keys of a sequence or of a query; None: all are.

    Returns
    -------
    mxnet.np.ndarray, shape of ``X``
    """
    F: Operators = symbol if isinstance(X, symbol.Symbol) else ndarray
    if valid_lens is None:
        return F.npx.softmax(X)
    return F.npx.softmax(_masked(F, X, valid_lens, _MASKED_SCORE))


def _masked(F: Operators, X: Tensor, valid_lens: Tensor, value: float) -> Tensor:
    """``X`` with ``value`` in place of what lies past the valid lengths."""
    # (batch_size, 1 or num_queries, 1); lengths may be integers
    lengths = F.npx.reshape(valid_lens, (-2, -1, 1)).astype("float32")
    positions = F.npx.arange_like(X, axis=2).astype("float32")
    # (batch_size, 1 or num_queries, num_keys)
    valid = F.np.less(positions, lengths)
    return F.np.where(valid, X, F.np.full_like(X, value))


class Attention(nn.HybridBlock):
    """Base of all scores; ``attention_weights`` holds the last call's weights.

    Parameters
    ----------
    dropout : float
        Rate at which weights are dropped in training.
    normalise : bool
        True: weights are the softmax of the scores. False: the scores themselves.
        Either way those past the valid length are exactly 0.
    """

    def __init__(
        self, dropout: float = 0.0, normalise: bool = True, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.dropout: Layer = nn.Dropout(dropout)
        self.normalise = normalise
        self.attention_weights: Any = None  # an array once it was called

    def forward(
        self,
        queries: Array,
        keys: Array,
        values: Array,
        valid_lens: Optional[Array] = None,
    ) -> Array:
        """Contexts of the queries.

        Parameters
        ----------
        queries : mxnet.np.ndarray, shape (batch_size, num_queries, query_size)
        keys : mxnet.np.ndarray, shape (batch_size, num_keys, key_size)
        values : mxnet.np.ndarray, shape (batch_size, num_keys, value_size)
        valid_lens : mxnet.np.ndarray, shape (batch_size,) or (batch_size, num_queries)
            Number of valid keys; None: all are.

        Returns
        -------
        mxnet.np.ndarray, shape (batch_size, num_queries, value_size)
        """
        context: Array
        context, weights = super().forward(queries, keys, values, valid_lens)
        self.attention_weights = weights
        return context

    def hybrid_forward(
        self,
        F: Operators,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        valid_lens: Optional[Tensor],
    ) -> Tuple[Tensor, Tensor]:
        """Contexts and weights, for arrays and for symbols."""
        # Queries first, as in the book: weights whose shapes are open are drawn then.
        queries = self.project_queries(F, queries)
        scores = self.score(F, queries, self.project_keys(F, keys))
        return self.contexts(F, scores, values, valid_lens)

    def project_queries(self, F: Operators, queries: Tensor) -> Tensor:
        """What the score needs of the queries alone."""
        return queries

    def project_keys(self, F: Operators, keys: Tensor) -> Tensor:
        """What the score needs of the keys alone."""
        return keys

    def contexts(
        self,
        F: Operators,
        scores: Tensor,
        values: Tensor,
        valid_lens: Optional[Tensor],
    ) -> Tuple[Tensor, Tensor]:
        """Contexts and weights from scores (batch_size, num_queries, num_keys)."""
        if self.normalise:
            weights = masked_softmax(scores, valid_lens)
        elif valid_lens is None:
            weights = scores
        else:
            weights = _masked(F, scores, valid_lens, 0.0)
        return F.npx.batch_dot(self.dropout(weights), values), weights

    def score(
        self, F: Operators, projected_queries: Tensor, projected_keys: Tensor
    ) -> Tensor:
        """Scores, shape (batch_size, num_queries, num_keys)."""
        raise NotImplementedError


class AdditiveAttention(Attention):
    """``a(q, k) = w_v . tanh(W_q q + W_k k)`` (book Section 10.3.2).

    Parameters
    ----------
    num_hiddens : int
        Width of the small network that scores.
    dropout, normalise
        As for :class:`Attention`.
    """

    def __init__(
        self,
        num_hiddens: int,
        dropout: float = 0.0,
        normalise: bool = True,
        **kwargs: object,
    ) -> None:
        super().__init__(dropout, normalise, **kwargs)
        self.num_hiddens = num_hiddens
        self.W_k: Layer = nn.Dense(num_hiddens, use_bias=False, flatten=False)
        self.W_q: Layer = nn.Dense(num_hiddens, use_bias=False, flatten=False)
        self.w_v: Layer = nn.Dense(1, use_bias=False, flatten=False)

    def project_queries(self, F: Operators, queries: Tensor) -> Tensor:
        """``W_q q``, (batch_size, num_queries, num_hiddens)."""
        return self.W_q(queries)

    def project_keys(self, F: Operators, keys: Tensor) -> Tensor:
        """``W_k k``, (batch_size, num_keys, num_hiddens)."""
        return self.W_k(keys)

    def score(
        self, F: Operators, projected_queries: Tensor, projected_keys: Tensor
    ) -> Tensor:
        """Scores, shape (batch_size, num_queries, num_keys)."""
        # (batch_size, 1, num_queries * num_hiddens)
        queries = F.npx.reshape(F.np.expand_dims(projected_queries, 1), (-2, -2, -5))
        # A query meets every key by a product with ones: the gradient of that is a
        # product too, while that of broadcasting, a sum along an axis, takes longer
        # than all the rest of the score.
        ones = F.np.ones_like(
            F.npx.slice(projected_keys, begin=(None, None, 0), end=(None, None, 1))
        )
        # (batch_size, num_keys, num_queries * num_hiddens)
        repeated = F.npx.batch_dot(ones, queries)
        # (batch_size, num_keys, num_queries, num_hiddens)
        repeated = F.npx.reshape(repeated, (-2, -2, -6, -1, self.num_hiddens))
        features = repeated + F.np.expand_dims(projected_keys, 2)
        features = F.npx.activation(features, act_type="tanh")
        return F.np.swapaxes(F.np.squeeze(self.w_v(features), axis=-1), 1, 2)


class DotProductAttention(Attention):
    """``a(q, k) = q . k / sqrt(d)`` (book Section 10.3.3), or unscaled.

    Queries and keys have the same size ``d``.

    Parameters
    ----------
    dropout, normalise
        As for :class:`Attention`.
    scaled : bool
        Whether to divide by ``sqrt(d)``, which keeps the variance of the scores of
        independent unit-variance queries and keys at 1.
    """

    def __init__(
        self,
        dropout: float = 0.0,
        scaled: bool = True,
        normalise: bool = True,
        **kwargs: object,
    ) -> None:
        super().__init__(dropout, normalise, **kwargs)
        self.scaled = scaled

    def score(
        self, F: Operators, projected_queries: Tensor, projected_keys: Tensor
    ) -> Tensor:
        """Scores, shape (batch_size, num_queries, num_keys)."""
        scores = F.npx.batch_dot(projected_queries, projected_keys, transpose_b=True)
        if not self.scaled:
            return scores
        if isinstance(projected_queries, np.ndarray):
            return scores / math.sqrt(projected_queries.shape[-1])
        # A symbol knows no shape; the sum of a row of ones is its length.
        ones = F.npx.slice(
            F.np.ones_like(projected_queries), begin=(0, 0, None), end=(1, 1, None)
        )
        return scores / F.np.sqrt(F.np.sum(ones))


class Sharpness(nn.HybridBlock):
    """Multiplies by ``beta = exp(b)``."""

    def __init__(self) -> None:
        super().__init__()
        # (1, 1, 1)
        self.log_sharpness = self.params.get(
            "log_sharpness", shape=(1, 1, 1), init="zeros"
        )

    def hybrid_forward(self, F: Operators, X: Tensor, log_sharpness: Tensor) -> Tensor:
        return X * F.np.exp(log_sharpness)


class CosineAttention(Attention):
    """``a(q, k) = beta q . k / (|q| |k|)`` with a learned sharpness ``beta > 0``.

    Cosines lie between -1 and 1, so their softmax alone could never point at one key
    among many. ``beta = exp(b)`` with ``b`` learned, from 0 on: the inverse of a
    temperature. Queries and keys have the same size.

    Parameters
    ----------
    dropout, normalise
        As for :class:`Attention`.
    """

    # Under the root, so that a vector of zeros has similarity 0 with all.
    _EPSILON = 1e-12

    def __init__(
        self, dropout: float = 0.0, normalise: bool = True, **kwargs: object
    ) -> None:
        super().__init__(dropout, normalise, **kwargs)
        self.sharpen: Layer = Sharpness()

    def project_queries(self, F: Operators, queries: Tensor) -> Tensor:
        """``q / |q|``, (batch_size, num_queries, query_size)."""
        return self._unit(F, queries)

    def project_keys(self, F: Operators, keys: Tensor) -> Tensor:
        """``k / |k|``, (batch_size, num_keys, key_size)."""
        return self._unit(F, keys)

    def _unit(self, F: Operators, X: Tensor) -> Tensor:
        squares = F.np.sum(F.np.square(X), axis=-1, keepdims=True)
        return X / F.np.sqrt(squares + self._EPSILON)

    def score(
        self, F: Operators, projected_queries: Tensor, projected_keys: Tensor
    ) -> Tensor:
        """Scores, shape (batch_size, num_queries, num_keys)."""
        cosines = F.npx.batch_dot(projected_queries, projected_keys, transpose_b=True)
        return self.sharpen(cosines)


class BilinearAttention(Attention):
    """``a(q, k) = q . W k``, queries and keys of any sizes (Luong et al. 2015).

    Parameters
    ----------
    query_size : int
    dropout, normalise
        As for :class:`Attention`.
    """

    def __init__(
        self,
        query_size: int,
        dropout: float = 0.0,
        normalise: bool = True,
        **kwargs: object,
    ) -> None:
        super().__init__(dropout, normalise, **kwargs)
        self.W: Layer = nn.Dense(query_size, use_bias=False, flatten=False)

    def project_keys(self, F: Operators, keys: Tensor) -> Tensor:
        """``W k``, (batch_size, num_keys, query_size)."""
        return self.W(keys)

    def score(
        self, F: Operators, projected_queries: Tensor, projected_keys: Tensor
    ) -> Tensor:
        """Scores, shape (batch_size, num_queries, num_keys)."""
        return F.npx.batch_dot(projected_queries, projected_keys, transpose_b=True)


SCORES = ("additive", "dot", "dot-unscaled", "cosine", "bilinear")


def attention(
    score: str, num_hiddens: int, dropout: float = 0.0, normalise: bool = True
) -> Attention:
    """The attention of a name, for queries of size ``num_hiddens``.

    Raises
    ------
    UsageError
        If there is no such score.
    """
    if score == "additive":
        return AdditiveAttention(num_hiddens, dropout, normalise)
    if score in ("dot", "dot-unscaled"):
        return DotProductAttention(dropout, score == "dot", normalise)
    if score == "cosine":
        return CosineAttention(dropout, normalise)
    if score == "bilinear":
        return BilinearAttention(num_hiddens, dropout, normalise)
    raise UsageError(f"score {score!r}: accepted are {', '.join(SCORES)}")
