"""The encoder-decoder architecture (book Section 9.6).

A decoder's state is a list of arrays. Searching over decodings needs two things of a
decoder beyond the book's interface: ``step``, one token a row, and ``select``, which
keeps the rows that survive.
"""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

import numpy
from mxnet import np, npx
from mxnet.gluon import nn


class Encoder(nn.Block):
    """The base encoder interface of the encoder-decoder architecture (Section 9.6)."""

    def forward(self, X: Any, *args: Any) -> Any:
        """Encode token ids (batch_size, num_steps)."""
        raise NotImplementedError


class Decoder(nn.Block):
    """The base decoder interface of the encoder-decoder architecture (Section 9.6)."""

    def init_state(self, enc_outputs: Any, *args: Any) -> Any:
        """The decoder's first state, from what the encoder made."""
        raise NotImplementedError

    def forward(self, X: Any, state: Any) -> Tuple[Any, Any]:
        """Logits (batch_size, num_steps, vocab_size) and the next state."""
        raise NotImplementedError

    def step(self, tokens: numpy.ndarray, state: Any) -> Tuple[numpy.ndarray, Any]:
        """Read one token a row: for :mod:`d2l_rnn.inference.decoding`.

        Parameters
        ----------
        tokens : numpy.ndarray, shape (rows,)
        state
            As :meth:`init_state` or an earlier step gave it.

        Returns
        -------
        log_probs : numpy.ndarray, shape (rows, vocab_size)
            Natural logarithms of the next token's probabilities.
        state
        """
        # (rows, 1)
        X = np.array(tokens, dtype="float32", ctx=_first(state).ctx).reshape(-1, 1)
        Y_hat, state = self(X, state)
        # (rows, vocab_size)
        return npx.log_softmax(Y_hat[:, 0]).asnumpy(), state

    def select(self, state: Any, rows: Sequence[int]) -> Any:
        """The state of these rows, in this order; a row may come more than once."""
        raise NotImplementedError


def _first(state: Any) -> Any:
    while isinstance(state, (list, tuple)):
        state = state[0]
    return state


def take_rows(
    arrays: Sequence[Any], axes: Sequence[int], rows: Sequence[int]
) -> List[Any]:
    """Rows of several arrays, whose batch axes may differ; None stays None."""
    first = next(array for array in arrays if array is not None)
    index = np.array(rows, dtype="int32", ctx=first.ctx)
    return [
        None if array is None else np.take(array, index, axis=axis)
        for array, axis in zip(arrays, axes)
    ]


class EncoderDecoder(nn.Block):
    """The encoder-decoder architecture (book Section 9.6)."""

    def __init__(self, encoder: Any, decoder: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, enc_X: Any, dec_X: Any, *args: Any) -> Tuple[Any, Any]:
        """Decode ``dec_X`` after ``enc_X``; ``args`` are the source's valid lengths."""
        enc_outputs = self.encoder(enc_X, *args)
        dec_state = self.decoder.init_state(enc_outputs, *args)
        return self.decoder(dec_X, dec_state)
