"""Nets that predict each pixel of an image: from all before it, or from one."""

from __future__ import annotations

from typing import List, Optional, Tuple

from mxnet import np
from mxnet.gluon import nn, rnn

from ..protocols import Array, Device

_LAYERS = {"lstm": rnn.LSTM, "gru": rnn.GRU}


class PixelModel(nn.Block):
    r"""A recurrent net over the pixels of an image, row by row::

        h_t = LSTM(embed(x_{t-1}), h_{t-1})      or GRU
        logits_t = W h_t + b                     about x_t

    ``x_0`` is the token that begins an image of a class: what it says must last in the
    state. Which pixel is due it has to count.

    Parameters
    ----------
    cell : "lstm" or "gru"
    num_levels, num_classes, embed_size, num_hiddens, num_layers : int
    dropout : float
        Rate at which the uppermost hidden states are dropped in training.
    """

    def __init__(
        self,
        cell: str,
        num_levels: int,
        num_classes: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_levels + num_classes, embed_size)
        self.rnn = _LAYERS[cell](num_hiddens, num_layers, input_size=embed_size)
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Dense(num_levels, flatten=False, in_units=num_hiddens)

    def begin_state(self, batch_size: int, ctx: Optional[Device] = None) -> List[Array]:
        """Zeros: each (num_layers, batch_size, num_hiddens)."""
        state: List[Array] = self.rnn.begin_state(batch_size, ctx=ctx)
        return state

    def forward(self, X: Array, state: List[Array]) -> Tuple[Array, List[Array]]:
        """Compute the logits of the pixels that follow.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps)
            Levels; the first is ``num_levels + class``.
        state : list of mxnet.np.ndarray
            Of :meth:`begin_state`, or returned by an earlier call.

        Returns
        -------
        logits : mxnet.np.ndarray, shape (batch_size, num_steps, num_levels)
        state : list of mxnet.np.ndarray
        """
        # (num_steps, batch_size, num_hiddens)
        H, state = self.rnn(self.embedding(X.T), state)
        return self.dense(self.dropout(H).swapaxes(0, 1)), state


class PositionModel(nn.Block):
    r"""The same net without recurrence, but told which pixel it is, and the class::

        h_t = tanh(W_x embed(x_{t-1}) + p_t + k)     p_t: learnt for each position
        logits_t = W h_t + b                          k: for each class

    Parameters
    ----------
    num_pixels, num_levels, num_classes, embed_size, num_hiddens : int
    dropout : float
    """

    def __init__(
        self,
        num_pixels: int,
        num_levels: int,
        num_classes: int,
        embed_size: int,
        num_hiddens: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_levels + num_classes, embed_size)
        self.hidden = nn.Dense(num_hiddens, flatten=False, in_units=embed_size)
        self.positions = nn.Embedding(num_pixels, num_hiddens)
        self.classes = nn.Embedding(num_classes, num_hiddens)
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Dense(num_levels, flatten=False, in_units=num_hiddens)

    def forward(self, X: Array, labels: Array) -> Array:
        """Compute the logits, (batch_size, num_pixels, num_levels).

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_pixels)
            As of :class:`PixelModel`.
        labels : mxnet.np.ndarray, shape (batch_size,)
        """
        # (num_pixels, num_hiddens)
        p = self.positions(np.arange(X.shape[1], ctx=X.ctx))
        # (batch_size, 1, num_hiddens)
        k = np.expand_dims(self.classes(labels), 1)
        H = np.tanh(self.hidden(self.embedding(X)) + p + k)
        logits: Array = self.dense(self.dropout(H))
        return logits
