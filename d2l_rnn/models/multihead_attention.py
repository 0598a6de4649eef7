"""Several attentions side by side, each on its own part (book Section 10.5).

Vaswani et al. 2017. With ``h`` heads, every head attends in ``num_hiddens / h``
dimensions that it has projected out of queries, keys and values::

    head_i = attention(W_q_i q, W_k_i k, W_v_i v)
    output = W_o [head_1; ...; head_h]

All heads are one call: the batch axis takes them in.
"""

from __future__ import annotations

from typing import Optional

from mxnet.gluon import nn

from ..errors import UsageError
from ..protocols import Array, Layer
from .attention import DotProductAttention


def transpose_qkv(X: Array, num_heads: int) -> Array:
    """Move the heads from the last axis into the batch axis (book Section 10.5).

    Parameters
    ----------
    X : mxnet.np.ndarray, shape (batch_size, num_steps, num_hiddens)
        Projected queries, keys or values.
    num_heads : int

    Returns
    -------
    mxnet.np.ndarray, shape (batch_size * num_heads, num_steps, num_hiddens / num_heads)
        The heads of a sequence follow one another.
    """
    # (batch_size, num_steps, num_heads, num_hiddens / num_heads)
    X = X.reshape(X.shape[0], X.shape[1], num_heads, -1)
    # (batch_size, num_heads, num_steps, num_hiddens / num_heads)
    X = X.transpose(0, 2, 1, 3)
    return X.reshape(-1, X.shape[2], X.shape[3])


def transpose_output(X: Array, num_heads: int) -> Array:
    """Undo :func:`transpose_qkv` (book Section 10.5).

    Parameters
    ----------
    X : mxnet.np.ndarray, shape (batch_size * num_heads, num_steps, size)
    num_heads : int

    Returns
    -------
    mxnet.np.ndarray, shape (batch_size, num_steps, num_heads * size)
    """
    # (batch_size, num_heads, num_steps, size)
    X = X.reshape(-1, num_heads, X.shape[1], X.shape[2])
    # (batch_size, num_steps, num_heads, size)
    X = X.transpose(0, 2, 1, 3)
    return X.reshape(X.shape[0], X.shape[1], -1)


class MultiHeadAttention(nn.Block):
    """Scaled dot-product attention with several heads (book Section 10.5).

    ``attention.attention_weights`` holds the last call's weights, shape
    (batch_size * num_heads, num_queries, num_keys).

    Parameters
    ----------
    num_hiddens : int
        Size of the output, and of all heads' queries, keys and values together.
    num_heads : int
        A divisor of ``num_hiddens``.
    dropout : float
        Rate at which weights are dropped in training.
    use_bias : bool
        Whether the four projections have a bias.

    Raises
    ------
    UsageError
        If the heads cannot share ``num_hiddens`` evenly.
    """

    def __init__(
        self,
        num_hiddens: int,
        num_heads: int,
        dropout: float,
        use_bias: bool = False,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        if num_heads < 1 or num_hiddens % num_heads:
            raise UsageError(
                f"num_heads {num_heads} with num_hiddens {num_hiddens}: every head "
                "takes an equal part, so a divisor is needed"
            )
        self.num_heads = num_heads
        self.attention = DotProductAttention(dropout)
        self.W_q = nn.Dense(num_hiddens, use_bias=use_bias, flatten=False)
        self.W_k = nn.Dense(num_hiddens, use_bias=use_bias, flatten=False)
        self.W_v = nn.Dense(num_hiddens, use_bias=use_bias, flatten=False)
        self.W_o: Layer = nn.Dense(num_hiddens, use_bias=use_bias, flatten=False)

    def forward(
        self, queries: Array, keys: Array, values: Array, valid_lens: Optional[Array]
    ) -> Array:
        """Contexts of the queries.

        Parameters
        ----------
        queries : mxnet.np.ndarray, shape (batch_size, num_queries, query_size)
        keys : mxnet.np.ndarray, shape (batch_size, num_keys, key_size)
        values : mxnet.np.ndarray, shape (batch_size, num_keys, value_size)
        valid_lens : mxnet.np.ndarray, shape (batch_size,) or (batch_size, num_queries)
            Number of valid keys of a sequence or of a query; None: all are.

        Returns
        -------
        mxnet.np.ndarray, shape (batch_size, num_queries, num_hiddens)
        """
        queries = transpose_qkv(self.W_q(queries), self.num_heads)
        keys = transpose_qkv(self.W_k(keys), self.num_heads)
        values = transpose_qkv(self.W_v(values), self.num_heads)
        if valid_lens is not None:
            # (batch_size * num_heads,) or (batch_size * num_heads, num_queries)
            valid_lens = valid_lens.repeat(self.num_heads, axis=0)
        # (batch_size * num_heads, num_queries, num_hiddens / num_heads)
        contexts = self.attention(queries, keys, values, valid_lens)
        return self.W_o(transpose_output(contexts, self.num_heads))
