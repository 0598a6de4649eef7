"""Recurrent encoder and decoder for sequence to sequence learning (book Section 9.7).

The decoder with attention (Section 10.4) is in ``attention_decoder``.
"""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from mxnet import np
from mxnet.gluon import nn

from ..errors import UsageError
from ..protocols import Array, Layer
from .encoder_decoder import Decoder, Encoder, take_rows
from .gluon_layers import recurrent_layer

BRIDGES = ("state", "hidden", "cell", "output")


class Seq2SeqEncoder(Encoder):
    """The recurrent encoder (book Section 9.7.1).

    The book's encoder reads the padding behind a sentence like any other token, so its
    final state depends on how much there is. ``mask_padding=True`` ends every sentence
    at its valid length. A bidirectional encoder would *begin* with the padding, so
    there this is the default.

    Parameters
    ----------
    vocab_size, embed_size, num_hiddens, num_layers : int
        Outputs and states are ``num_hiddens`` wide; each direction of a bidirectional
        encoder has half of it.
    dropout : float
        Rate between the layers.
    cell : {'gru', 'lstm'}
    bidirectional : bool
    mask_padding : bool, optional
        Needs the valid lengths in the call.
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0,
        *,
        cell: str = "gru",
        bidirectional: bool = False,
        mask_padding: Optional[bool] = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        if bidirectional and num_hiddens % 2:
            raise UsageError(
                f"num_hiddens {num_hiddens}: a bidirectional encoder gives each "
                "direction half, so an even number is needed"
            )
        self.mask_padding = bidirectional if mask_padding is None else mask_padding
        self.bidirectional = bidirectional
        self.embedding: Layer = nn.Embedding(vocab_size, embed_size)
        self.rnn = recurrent_layer(
            cell,
            num_hiddens // 2 if bidirectional else num_hiddens,
            num_layers,
            dropout,
            bidirectional,
            use_sequence_length=self.mask_padding,
            # Left open, as in the book: its weights are drawn at the first minibatch.
            input_size=embed_size if self.mask_padding else 0,
        )

    def forward(
        self, X: Array, valid_lens: Optional[Array] = None, *args: Optional[Array]
    ) -> Tuple[Array, List[Array]]:
        """Encode sentences.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids.
        valid_lens : mxnet.np.ndarray, shape (batch_size,), optional
            Used where padding is masked.

        Returns
        -------
        outputs : mxnet.np.ndarray, shape (num_steps, batch_size, num_hiddens)
        state : list of mxnet.np.ndarray
            Hidden states and, of an LSTM, memory cells, each
            (num_layers, batch_size, num_hiddens).
        """
        # (num_steps, batch_size, embed_size)
        X = self.embedding(X).swapaxes(0, 1)
        state = self.rnn.begin_state(batch_size=X.shape[1], ctx=X.ctx)
        if not self.mask_padding:
            outputs, state = self.rnn(X, state)
        elif valid_lens is None:
            raise UsageError("mask_padding: the encoder needs the valid lengths")
        else:
            outputs, state = self.rnn(X, state, valid_lens.astype("float32"))
        if self.bidirectional:
            state = [_join_directions(s) for s in state]
        return outputs, state


def _join_directions(state: Array) -> Array:
    """(num_layers * 2, batch, half) becomes (num_layers, batch, 2 * half)."""
    joined: Array = np.concatenate((state[0::2], state[1::2]), axis=2)
    return joined


def bridge_state(enc_state: Sequence[Array], bridge: str) -> List[Array]:
    """The decoder's first recurrent state from the encoder's last.

    ========== =====================================================================
    bridge     the decoder begins with
    ========== =====================================================================
    ``state``  all of the encoder's state, layer by layer, as in the book
    ``hidden`` the hidden states; an LSTM's memory cells begin with 0
    ``cell``   the memory cells; the hidden states begin with 0 (LSTM only)
    ``output`` the final output of the top layer as the hidden state of every layer
    ========== =====================================================================

    Parameters
    ----------
    enc_state : list of mxnet.np.ndarray
        Each (num_layers, batch_size, num_hiddens).
    bridge : str

    Returns
    -------
    list of mxnet.np.ndarray
        Same shapes.
    """
    if bridge == "cell":
        if len(enc_state) < 2:
            raise UsageError("bridge 'cell': a GRU has no memory cell, use cell='lstm'")
        return [np.zeros_like(enc_state[0]), enc_state[1]]
    zeros = [np.zeros_like(s) for s in enc_state[1:]]
    if bridge == "hidden":
        return [enc_state[0]] + zeros
    if bridge == "output":
        top = enc_state[0][-1:]
        return [np.broadcast_to(top, enc_state[0].shape)] + zeros
    return list(enc_state)


def check_bridge(bridge: str, cell: str) -> str:
    """Return ``bridge``; raise :class:`UsageError` if there is none for the cell."""
    if bridge not in BRIDGES:
        raise UsageError(f"bridge {bridge!r}: accepted are {', '.join(BRIDGES)}")
    if bridge == "cell" and cell != "lstm":
        raise UsageError(f"bridge 'cell' with cell {cell!r}: only an LSTM has a memory")
    return bridge


class Seq2SeqDecoder(Decoder):
    """The recurrent decoder (book Section 9.7.2).

    The context, the encoder's final hidden state of the top layer, is concatenated to
    every input. In training all steps are one call; the 0.17 edition takes
    ``state[0][-1]`` as context in each call, so when it predicts, a token a call, the
    "context" is the *decoder's own* last state, which it never saw in training. Here
    the context stays the encoder's: it is the last array of the state.
    ``book_context=True`` gives the edition's behaviour, and its state without context.

    Parameters
    ----------
    vocab_size, embed_size, num_hiddens, num_layers : int
        ``num_hiddens`` and ``num_layers`` as in the encoder.
    dropout : float
        Rate between the layers.
    cell : {'gru', 'lstm'}
        As in the encoder.
    bridge : {'state', 'hidden', 'cell', 'output'}
        See :func:`bridge_state`.
    book_context : bool
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0,
        *,
        cell: str = "gru",
        bridge: str = "state",
        book_context: bool = False,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.bridge = check_bridge(bridge, cell)
        self.book_context = book_context
        if book_context and bridge == "cell":
            raise UsageError(
                "book_context with bridge 'cell': the edition takes its context from "
                "the hidden state, which then begins with 0"
            )
        self.embedding: Layer = nn.Embedding(vocab_size, embed_size)
        self.rnn = recurrent_layer(cell, num_hiddens, num_layers, dropout)
        self.dense: Layer = nn.Dense(vocab_size, flatten=False)

    def init_state(
        self, enc_outputs: Tuple[Array, List[Array]], *args: Optional[Array]
    ) -> List[Array]:
        """The recurrent state, then the context (batch_size, num_hiddens)."""
        enc_state = enc_outputs[1]
        state = bridge_state(enc_state, self.bridge)
        return state if self.book_context else state + [enc_state[0][-1]]

    def forward(self, X: Array, state: List[Array]) -> Tuple[Array, List[Array]]:
        """Decode.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids.
        state : list of mxnet.np.ndarray
            From :meth:`init_state` or an earlier call.

        Returns
        -------
        logits : mxnet.np.ndarray, shape (batch_size, num_steps, vocab_size)
        state : list of mxnet.np.ndarray
        """
        # (num_steps, batch_size, embed_size)
        X = self.embedding(X).swapaxes(0, 1)
        if self.book_context:
            recurrent, context = state, state[0][-1]
        else:
            recurrent, context = state[:-1], state[-1]
        # (num_steps, batch_size, num_hiddens)
        contexts = np.broadcast_to(context, (X.shape[0],) + context.shape)
        X = np.concatenate((X, contexts), axis=2)
        outputs, recurrent = self.rnn(X, recurrent)
        state = list(recurrent) + ([] if self.book_context else [context])
        return self.dense(outputs).swapaxes(0, 1), state

    def select(self, state: List[Array], rows: Sequence[int]) -> List[Array]:
        """The state of these rows: axis 1 of recurrent states, axis 0 of contexts."""
        return take_rows(state, [s.ndim - 2 for s in state], rows)
