"""The transformer's encoder and its parts (book Sections 10.6 and 10.7).

Vaswani et al. 2017. A block attends from every token to all tokens of its sequence and
then transforms each token alone, and adds to its input what either gives::

    Y = norm(X + attention(X, X, X))      output = norm(Y + W_2 relu(W_1 Y + b_1) + b_2)
"""

from __future__ import annotations

import math
from typing import List, Optional

from mxnet import np
from mxnet.gluon import nn

from ..errors import UsageError
from ..protocols import Array, Layer
from .encoder_decoder import Encoder
from .multihead_attention import MultiHeadAttention


class PositionalEncoding(nn.Block):
    """Adds to each token where it stands in its sequence (book Section 10.6.3).

    ``P[t, 2j] = sin(t / 10000^(2j / num_hiddens))`` and ``P[t, 2j + 1]`` the cosine of
    the same angle; the attribute ``P`` has shape (1, max_len, num_hiddens).

    Parameters
    ----------
    num_hiddens : int
        Size of a token's representation.
    dropout : float
        Rate at which the sums are dropped in training.
    max_len : int
        Length of the longest sequence.
    """

    def __init__(self, num_hiddens: int, dropout: float, max_len: int = 1000) -> None:
        super().__init__()
        self.dropout: Layer = nn.Dropout(dropout)
        # (max_len, 1) / (ceil(num_hiddens / 2),)
        angles = np.arange(max_len).reshape(-1, 1) / np.power(
            10000, np.arange(0, num_hiddens, 2) / num_hiddens
        )
        # (1, max_len, num_hiddens)
        self.P: Array = np.zeros((1, max_len, num_hiddens))
        self.P[:, :, 0::2] = np.sin(angles)
        # An odd size has one sine more than cosines.
        self.P[:, :, 1::2] = np.cos(angles[:, : num_hiddens // 2])

    def forward(self, X: Array) -> Array:
        """The sums.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps, num_hiddens)

        Returns
        -------
        mxnet.np.ndarray, shape of ``X``

        Raises
        ------
        UsageError
            If the sequence is longer than ``max_len``.
        """
        num_steps, max_len = X.shape[1], self.P.shape[1]
        if num_steps > max_len:
            raise UsageError(
                f"a sequence of {num_steps} steps: the positional encoding was made "
                f"for max_len {max_len}"
            )
        return self.dropout(X + self.P[:, :num_steps, :].as_in_ctx(X.ctx))


class PositionWiseFFN(nn.Block):
    """``W_2 relu(W_1 x + b_1) + b_2``, the same at every position (Section 10.7.2).

    Parameters
    ----------
    ffn_num_hiddens, ffn_num_outputs : int
        Widths of the hidden and of the output layer.
    """

    def __init__(
        self, ffn_num_hiddens: int, ffn_num_outputs: int, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.dense1: Layer = nn.Dense(ffn_num_hiddens, flatten=False, activation="relu")
        self.dense2: Layer = nn.Dense(ffn_num_outputs, flatten=False)

    def forward(self, X: Array) -> Array:
        """(batch_size, num_steps, any) becomes (..., ffn_num_outputs)."""
        return self.dense2(self.dense1(X))


class AddNorm(nn.Block):
    """``norm(X + dropout(Y))`` over the last axis (book Section 10.7.3).

    Parameters
    ----------
    dropout : float
        Rate at which ``Y`` is dropped in training.
    """

    def __init__(self, dropout: float, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.dropout: Layer = nn.Dropout(dropout)
        self.ln: Layer = nn.LayerNorm()

    def forward(self, X: Array, Y: Array) -> Array:
        """Both, and what comes out, have one shape."""
        return self.ln(self.dropout(Y) + X)


class EncoderBlock(nn.Block):
    """One block of the transformer's encoder (book Section 10.7.4).

    Parameters
    ----------
    num_hiddens : int
        Size of a token's representation, in and out.
    ffn_num_hiddens : int
        Width within the position-wise network.
    num_heads : int
    dropout : float
        Rate on attention weights, and before both sums.
    use_bias : bool
        Whether the attention's projections have a bias.
    """

    def __init__(
        self,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float,
        use_bias: bool = False,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.attention = MultiHeadAttention(num_hiddens, num_heads, dropout, use_bias)
        self.addnorm1 = AddNorm(dropout)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm2 = AddNorm(dropout)

    def forward(self, X: Array, valid_lens: Optional[Array]) -> Array:
        """Transform sequences.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps, num_hiddens)
        valid_lens : mxnet.np.ndarray, shape (batch_size,) or (batch_size, num_steps)
            Number of tokens that a sequence or a token attends to; None: all.

        Returns
        -------
        mxnet.np.ndarray, shape of ``X``
        """
        Y = self.addnorm1(X, self.attention(X, X, X, valid_lens))
        Z: Array = self.addnorm2(Y, self.ffn(Y))
        return Z


class TransformerEncoder(Encoder):
    """The transformer's encoder (book Section 10.7.4).

    ``attention_weights`` holds the last call's weights, an array
    (batch_size * num_heads, num_steps, num_steps) a block.

    Parameters
    ----------
    vocab_size, num_hiddens, ffn_num_hiddens, num_heads : int
    num_layers : int
        Number of blocks.
    dropout, use_bias
        As for :class:`EncoderBlock`.
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        num_layers: int,
        dropout: float,
        use_bias: bool = False,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.num_hiddens = num_hiddens
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout)
        self.blks = nn.Sequential()
        for _ in range(num_layers):
            self.blks.add(
                EncoderBlock(num_hiddens, ffn_num_hiddens, num_heads, dropout, use_bias)
            )
        self.attention_weights: List[Array] = []

    def forward(self, X: Array, valid_lens: Optional[Array], *args: object) -> Array:
        """Encode sentences.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids.
        valid_lens : mxnet.np.ndarray, shape (batch_size,), optional
            Number of tokens that are not padding.

        Returns
        -------
        mxnet.np.ndarray, shape (batch_size, num_steps, num_hiddens)
        """
        # Positional encodings lie between -1 and 1, embeddings as they are drawn are
        # far smaller.
        X = self.pos_encoding(self.embedding(X) * math.sqrt(self.num_hiddens))
        self.attention_weights = []
        for block in self.blks:
            X = block(X, valid_lens)
            self.attention_weights.append(block.attention.attention.attention_weights)
        return X
