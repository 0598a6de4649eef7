"""A trained encoder-decoder, in NumPy (book Sections 9.7 and 10.4).

Batch first, float32. The decoder's ``step`` and ``select`` are what the searches of
:mod:`.decoding` and :mod:`.beam` take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Booleans, Floats, Integers
from .attention_scores import Attention
from .cells import Cell, State
from .network import Tokens, of_gluon_layer


@dataclass(frozen=True)
class Design:
    """What the arrays of an encoder-decoder do not tell.

    Attributes
    ----------
    cell : "gru" or "lstm"
    num_layers : int
    bidirectional, mask_padding : bool
        Of the encoder.
    bridge : "state", "hidden", "cell" or "output"
        What the decoder begins with; see :func:`d2l_rnn.models.seq2seq.bridge_state`.
    book_context : bool
        Whether the context is the decoder's own last state, as in the 0.17 edition.
    score : str
        Of the attention; empty: a decoder without.
    normalise : bool
        Whether attention weights are the softmax of the scores.
    """

    cell: str = "gru"
    num_layers: int = 1
    bidirectional: bool = False
    mask_padding: bool = False
    bridge: str = "state"
    book_context: bool = False
    score: str = ""
    normalise: bool = True


class Source(NamedTuple):
    """What a decoder keeps of the sentences that it translates, a row each.

    Attributes
    ----------
    values : numpy.ndarray, shape (rows, num_keys, num_hiddens)
        The encoder's outputs.
    keys : numpy.ndarray, shape (rows, num_keys, ...)
        Of :meth:`.attention_scores.Attention.keys`.
    valid : numpy.ndarray of bool, shape (rows, num_keys)
    """

    values: Floats
    keys: Floats
    valid: Booleans


class DecoderState(NamedTuple):
    """The state of a decoder before a step.

    Attributes
    ----------
    recurrent : list of numpy.ndarray, each (rows, num_hiddens)
        Layer by layer H, and C of an LSTM.
    fixed : numpy.ndarray, shape (rows, num_gates * num_hiddens), optional
        What a context that never changes gives to the lowest layer's gates.
    source : Source, optional
        Where the decoder attends.
    """

    recurrent: State
    fixed: Optional[Floats]
    source: Optional[Source]


class TranslationNetwork:
    """Encoder and decoder.

    Parameters
    ----------
    design : Design
    arrays : mapping of str to numpy.ndarray
        By the names that checkpoints have, ``encoder.embedding.weight`` and so on.

    Raises
    ------
    KeyError
        If an array is missing.
    """

    def __init__(self, design: Design, arrays: Mapping[str, Floats]) -> None:
        self.design = design
        encoder, decoder = _under("encoder.", arrays), _under("decoder.", arrays)
        self._source_embedding = encoder["embedding.weight"]
        directions = "lr" if design.bidirectional else "l"
        self._encoder = _layers(design, directions, encoder)
        self._decoder = [cells[0] for cells in _layers(design, "l", decoder)]
        self._W_q = np.ascontiguousarray(decoder["dense.weight"].T)
        self._b_q = decoder["dense.bias"]
        self.vocab_size = len(self._b_q)
        embedding, W_x = decoder["embedding.weight"], self._decoder[0].W_x
        width = embedding.shape[1]
        # The attention decoder reads context, then token; the other one token first.
        split = len(W_x) - width if design.score else width
        first, second = W_x[:split], W_x[split:]
        token, context = (second, first) if design.score else (first, second)
        # (vocab_size, num_gates * num_hiddens): what a token gives to the gates
        self._table = embedding @ token + self._decoder[0].b
        self._W_context = np.ascontiguousarray(context)
        self._attention = None
        if design.score:
            own = _under("attention.", decoder)
            self._attention = Attention(design.score, design.normalise, own)

    def knows(self, ids: Integers) -> bool:
        """Whether all are among the source's tokens."""
        return bool((ids >= 0).all() and (ids < len(self._source_embedding)).all())

    def encode(self, ids: Integers, valid_lens: Integers) -> Tuple[Floats, List[State]]:
        """Read sentences.

        Parameters
        ----------
        ids : numpy.ndarray of int, shape (rows, num_steps)
        valid_lens : numpy.ndarray of int, shape (rows,)
            Used where padding is masked: then a sentence ends where it ends.

        Returns
        -------
        outputs : numpy.ndarray, shape (rows, num_steps, num_hiddens)
        state : list of lists
            For each layer H, and C of an LSTM, each (rows, num_hiddens).
        """
        rows, num_steps = ids.shape
        # (num_steps, rows, embed_size)
        X = self._source_embedding[ids.T]
        # (num_steps, rows, 1): whether a row goes on at a step
        going = np.arange(num_steps)[:, None, None] < np.asarray(valid_lens)[:, None]
        if not self.design.mask_padding:
            going = np.ones_like(going)
        states: List[State] = []
        for cells in self._encoder:
            outputs, own = [], []
            for direction, cell in enumerate(cells):
                inputs = X @ cell.W_x + cell.b
                state = [
                    np.zeros((rows, cell.num_hiddens), "float32")
                    for _ in range(cell.num_states)
                ]
                hiddens = np.zeros((num_steps, rows, cell.num_hiddens), "float32")
                order = range(num_steps)
                for t in reversed(order) if direction else order:
                    before = [array.copy() for array in state]
                    cell.advance(inputs[t], state)
                    for array, kept in zip(state, before):
                        np.copyto(array, kept, where=~going[t])
                    np.copyto(hiddens[t], state[0], where=going[t])
                outputs.append(hiddens)
                own.append(state)
            X = np.concatenate(outputs, axis=2)
            states.append([np.concatenate(kind, axis=1) for kind in zip(*own)])
        return X.swapaxes(0, 1), states

    def begin_state(self, ids: Integers, valid_lens: Integers) -> DecoderState:
        """The decoder's state before ``<bos>``, of encoded sentences."""
        values, states = self.encode(ids, valid_lens)
        recurrent = _bridged(states, self.design.bridge)
        if self._attention is not None:
            values = np.ascontiguousarray(values)
            valid = np.arange(ids.shape[1]) < np.asarray(valid_lens)[:, None]
            source = Source(values, self._attention.keys(values), valid)
            return DecoderState(recurrent, None, source)
        if self.design.book_context:
            return DecoderState(recurrent, None, None)
        return DecoderState(recurrent, states[-1][0] @ self._W_context, None)

    @staticmethod
    def select(state: DecoderState, rows: Sequence[int]) -> DecoderState:
        """The state of these rows, copied."""
        index = list(rows)
        recurrent = [array[index] for array in state.recurrent]
        fixed = None if state.fixed is None else state.fixed[index]
        source = state.source
        if source is not None:
            values, keys, valid = source
            source = Source(values[index], keys[index], valid[index])
        return DecoderState(recurrent, fixed, source)

    def step(self, tokens: Tokens, state: DecoderState) -> Tuple[Floats, DecoderState]:
        """Read a token a row; log-probabilities of the next, (rows, vocab_size)."""
        log_probs, state, _ = self.attended_step(tokens, state)
        return log_probs, state

    def attended_step(
        self, tokens: Tokens, state: DecoderState
    ) -> Tuple[Floats, DecoderState, Optional[Floats]]:
        """As :meth:`step`, with the attention weights (rows, num_keys) if there are."""
        recurrent = [array.copy() for array in state.recurrent]
        inputs = self._table[np.asarray(tokens)]
        top = recurrent[-self._decoder[-1].num_states]
        weights = None
        if state.source is not None and self._attention is not None:
            values, keys, valid = state.source
            context, weights = self._attention(top, keys, values, valid)
            inputs += context @ self._W_context
        else:
            inputs += top @ self._W_context if state.fixed is None else state.fixed
        place, hiddens = 0, inputs
        for number, cell in enumerate(self._decoder):
            if number:
                inputs = hiddens @ cell.W_x
                inputs += cell.b
            own = recurrent[place : place + cell.num_states]
            cell.advance(inputs, own)
            hiddens, place = own[0], place + cell.num_states
        logits = hiddens @ self._W_q
        logits += self._b_q
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logits, DecoderState(recurrent, state.fixed, state.source), weights


def _layers(
    design: Design, directions: str, arrays: Mapping[str, Floats]
) -> List[List[Cell]]:
    inner = _under("rnn.", arrays)
    return [
        [of_gluon_layer(design.cell, inner, f"{d}{number}") for d in directions]
        for number in range(design.num_layers)
    ]


def _under(start: str, arrays: Mapping[str, Floats]) -> Dict[str, Floats]:
    return {k[len(start) :]: a for k, a in arrays.items() if k.startswith(start)}


def _bridged(states: List[State], bridge: str) -> State:
    """The decoder's first recurrent state, layer by layer, of the encoder's last."""
    found: State = []
    for H, *C in states:
        zeros = [np.zeros_like(H) for _ in C]
        if bridge == "cell":
            found += [zeros[0], *C]
        elif bridge == "hidden":
            found += [H, *zeros]
        elif bridge == "output":
            found += [states[-1][0].copy(), *zeros]
        else:
            found += [H, *C]
    return found
