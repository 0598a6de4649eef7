"""The encoder-decoder architecture (book Section 9.6).

A decoder's state is a list of arrays. Searching over decodings needs two things of a
decoder beyond the book's interface: ``step``, one token a row, and ``select``, which
keeps the rows that survive.
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

from mxnet import np, npx
from mxnet.gluon import nn

from ..arrays import Floats, Integers
from ..protocols import Array, State


class Encoder(nn.Block):
    """The base encoder interface of the encoder-decoder architecture (Section 9.6)."""

    def forward(self, X: Array, *args: Any) -> object:
        """Encode token ids (batch_size, num_steps)."""
        raise NotImplementedError


class Decoder(nn.Block):
    """The base decoder interface of the encoder-decoder architecture (Section 9.6)."""

    def init_state(self, enc_outputs: Any, *args: Optional[Array]) -> State:
        """The decoder's first state, from what the encoder made."""
        raise NotImplementedError

    def forward(self, X: Array, state: Any) -> Tuple[Array, State]:
        """Logits (batch_size, num_steps, vocab_size) and the next state."""
        raise NotImplementedError

    def step(self, tokens: Integers, state: State) -> Tuple[Floats, State]:
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

    def select(self, state: Any, rows: Sequence[int]) -> State:
        """The state of these rows, in this order; a row may come more than once."""
        raise NotImplementedError


def _first(state: Any) -> Array:
    while isinstance(state, (list, tuple)):
        state = state[0]
    array: Array = state
    return array


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

    def __init__(self, encoder: Encoder, decoder: Decoder, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder

    def forward(
        self, enc_X: Array, dec_X: Array, *args: Optional[Array]
    ) -> Tuple[Array, State]:
        """Decode ``dec_X`` after ``enc_X``; ``args`` are the source's valid lengths."""
        enc_outputs = self.encoder(enc_X, *args)
        dec_state = self.decoder.init_state(enc_outputs, *args)
        Y_hat, state = self.decoder(dec_X, dec_state)
        return Y_hat, state
