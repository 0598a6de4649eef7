"""A trained recurrent network as a language model, in NumPy.

``Network`` reads a token a row and scores the next; it is made of the arrays of a live
net or of a checkpoint. The decoders of :mod:`.decoding` and :mod:`.beam` take its
``step`` and ``select``.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from ..arrays import Floats, Integers
from .cells import Cell, ElmanCell, Gate, GRUCell, LSTMCell, State

Tokens = Union[int, Sequence[int], Integers]


class Network:
    """Layers of cells with an output product, as a language model.

    A bidirectional layer reads one token at a time, as in the book's prediction: both
    its directions see nothing but that token and their own earlier state.

    Parameters
    ----------
    layers : sequence of sequences of Cell
        From the inputs up, each of one or two directions.
    W_q : numpy.ndarray, shape (num_directions * num_hiddens, vocab_size)
    b_q : numpy.ndarray, shape (vocab_size,)
    embedding : numpy.ndarray, shape (num_inputs, embed_size), optional
        A row a token, which the lowest layer reads in place of a one-hot vector.

    Attributes
    ----------
    num_inputs, vocab_size : int
        How many tokens it knows, and how many it scores.

    Notes
    -----
    Its buffers are shared: one network is one thread's.
    """

    def __init__(
        self,
        layers: Sequence[Sequence[Cell]],
        W_q: Floats,
        b_q: Floats,
        embedding: Optional[Floats] = None,
    ) -> None:
        self._layers = [list(cells) for cells in layers]
        self._W_q = np.ascontiguousarray(W_q, dtype="float32")
        self._b_q = np.asarray(b_q, dtype="float32")
        self.vocab_size = len(self._b_q)
        # Each (num_inputs, num_gates * num_hiddens): what a token gives to the gates.
        self._tables = [
            (cell.W_x if embedding is None else embedding @ cell.W_x) + cell.b
            for cell in self._layers[0]
        ]
        self.num_inputs = len(self._tables[0])

    def knows(self, tokens: Sequence[int]) -> bool:
        """Whether all are among the tokens that it was made for."""
        return all(0 <= token < self.num_inputs for token in tokens)

    def begin_state(self, rows: int) -> State:
        """Zeros: for each layer and direction H, and C of an LSTM."""
        return [
            np.zeros((rows, cell.num_hiddens), "float32")
            for cells in self._layers
            for cell in cells
            for _ in range(cell.num_states)
        ]

    @staticmethod
    def select(state: State, rows: Sequence[int]) -> State:
        """The state of these rows, copied."""
        return [array[list(rows)] for array in state]

    def step(self, tokens: Tokens, state: State) -> Tuple[Floats, State]:
        """Read a token a row; give the log-probabilities of the next.

        Parameters
        ----------
        tokens : sequence of int, shape (rows,)
        state : list of numpy.ndarray
            Is left as it was.

        Returns
        -------
        log_probs : numpy.ndarray, shape (rows, vocab_size)
        state : list of numpy.ndarray
        """
        state = [array.copy() for array in state]
        logits = self.logits(tokens, state)
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logits, state

    def logits(self, tokens: Tokens, state: State) -> Floats:
        """Read a token a row; scores of the next, (rows, vocab_size).

        ``state`` is overwritten with that after the tokens.
        """
        scores = np.dot(self.read(tokens, state), self._W_q)
        scores += self._b_q
        return np.asarray(scores)

    def read(self, tokens: Tokens, state: State) -> Floats:
        """Read a token a row; the uppermost hidden states, (rows, width).

        ``state`` is overwritten with that after the tokens.
        """
        place = 0
        hiddens: List[Floats] = []
        for number, cells in enumerate(self._layers):
            below = hiddens[0] if len(hiddens) == 1 else None
            if number and below is None:
                below = np.concatenate(hiddens, axis=1)
            hiddens = []
            for direction, cell in enumerate(cells):
                if below is None:
                    inputs = self._tables[direction][tokens]
                else:
                    inputs = np.dot(below, cell.W_x)
                    inputs += cell.b
                own = state[place : place + cell.num_states]
                cell.advance(inputs, own)
                hiddens.append(own[0])
                place += cell.num_states
        return hiddens[0] if len(hiddens) == 1 else np.concatenate(hiddens, axis=1)

    def continue_greedily(self, prefix: Sequence[int], num_preds: int) -> List[int]:
        """The likeliest ids after a prefix, each read in turn.

        Parameters
        ----------
        prefix : sequence of int
            At least one id.
        num_preds : int

        Returns
        -------
        list of int
            ``num_preds`` ids.
        """
        state = self.begin_state(1)
        for token in prefix[:-1]:
            self.read(token, state)
        token, found = prefix[-1], []
        for _ in range(num_preds):
            token = int(self.logits(token, state).argmax())
            found.append(token)
        return found

    def continue_together(
        self, prefixes: Sequence[Sequence[int]], num_preds: int
    ) -> List[List[int]]:
        """As :meth:`continue_greedily`, several texts side by side.

        Parameters
        ----------
        prefixes : sequence of sequences of int
            All equally long, of at least one id.
        num_preds : int

        Returns
        -------
        list of list of int
            For each prefix ``num_preds`` ids.
        """
        ids = np.array(prefixes)
        state = self.begin_state(len(ids))
        for tokens in ids.T[:-1]:
            self.read(tokens, state)
        tokens, found = ids[:, -1], []
        for _ in range(num_preds):
            tokens = self.logits(tokens, state).argmax(axis=1)
            found.append(tokens)
        rows: List[List[int]] = np.reshape(found, (num_preds, len(ids))).T.tolist()
        return rows


def of_gluon_layer(mode: str, arrays: Mapping[str, Floats], name: str) -> Cell:
    """A cell of one layer and direction of ``gluon.rnn``.

    Parameters
    ----------
    mode : "rnn_relu", "rnn_tanh", "gru" or "lstm"
        Gluon's word.
    arrays : mapping of str to numpy.ndarray
        ``l0_i2h_weight`` (num_gates * num_hiddens, num_inputs) and so on; the gates
        come in Gluon's order, r z n and i f g o.
    name : str
        What its arrays' names begin with, as ``l0``.
    """
    W_x, W_h = (arrays[f"{name}_{part}_weight"].T for part in ("i2h", "h2h"))
    b_x, b_h = (arrays[f"{name}_{part}_bias"] for part in ("i2h", "h2h"))
    num_gates = W_x.shape[1] // W_h.shape[0]
    parts = [np.split(array, num_gates, axis=-1) for array in (W_x, W_h, b_x, b_h)]
    gates = [Gate(x, h, a + b) for x, h, a, b in zip(*parts)]
    if mode == "gru":
        reset, update, candidate = gates
        outside, inside = parts[2][2], parts[3][2]
        return GRUCell(update, reset, candidate._replace(b=outside), inside)
    if mode == "lstm":
        i, f, g, o = gates
        return LSTMCell(i, f, o, g)
    return ElmanCell(gates[0], relu=mode == "rnn_relu")


def of_gluon(
    mode: str,
    num_layers: int,
    num_directions: int,
    arrays: Mapping[str, Floats],
    layer: str = "rnn",
    output: str = "dense",
) -> Network:
    """The network of an ``RNNModel`` over a Gluon layer, or of one built alike.

    Parameters
    ----------
    mode : str
        As in :func:`of_gluon_layer`.
    num_layers, num_directions : int
    arrays : mapping of str to numpy.ndarray
        By the names that checkpoints have, ``rnn.l0_i2h_weight`` ... ``dense.bias``,
        and ``embedding.weight`` if there is one.
    layer, output : str
        The recurrent and the output layer's names.

    Raises
    ------
    KeyError
        If an array is missing.
    ValueError
        If the arrays do not fit one another.
    """
    start = f"{layer}."
    inner = {k[len(start) :]: a for k, a in arrays.items() if k.startswith(start)}
    layers = [
        [
            of_gluon_layer(mode, inner, f"{direction}{number}")
            for direction in "lr"[:num_directions]
        ]
        for number in range(num_layers)
    ]
    W_q, b_q = arrays[f"{output}.weight"].T, arrays[f"{output}.bias"]
    return Network(layers, W_q, b_q, arrays.get("embedding.weight"))


def of_scratch(
    kind: str, num_layers: int, num_directions: int, params: Sequence[Floats]
) -> Network:
    """The network of an ``RNNModelScratch`` over our step functions.

    Parameters
    ----------
    kind : "rnn", "gru", "lstm" or "lstm-peephole"
    num_layers, num_directions : int
    params : sequence of numpy.ndarray
        As :mod:`d2l_rnn.models.scratch` has them: layer by layer and direction by
        direction, ``W_x, W_h, b`` of each gate in the book's order (z r h, i f o c), an
        LSTM's peepholes behind them; then ``W_hq, b_q``.

    Raises
    ------
    ValueError
        If their number does not fit.
    """
    *own, W_q, b_q = params
    number = num_layers * num_directions
    size, made = _SCRATCH[kind]
    if len(own) != number * size:
        raise ValueError(f"{len(params)} arrays are not those of {number} {kind} cells")
    cells = [made(own[k * size :][:size]) for k in range(number)]
    layers = [cells[k : k + num_directions] for k in range(0, number, num_directions)]
    return Network(layers, W_q, b_q)


def _gates(params: Sequence[Floats]) -> List[Gate]:
    return [Gate(*params[k : k + 3]) for k in range(0, len(params), 3)]


def _elman(params: Sequence[Floats]) -> Cell:
    return ElmanCell(Gate(*params))


def _gru(params: Sequence[Floats]) -> Cell:
    update, reset, candidate = _gates(params)
    return GRUCell(update, reset, candidate)


def _lstm(params: Sequence[Floats]) -> Cell:
    input_gate, forget_gate, output_gate, candidate = _gates(params[:12])
    peepholes = params[12:] or None
    return LSTMCell(input_gate, forget_gate, output_gate, candidate, peepholes)


# For each kind how many arrays a cell has, and what makes it of them.
_SCRATCH: Dict[str, Tuple[int, Callable[[Sequence[Floats]], Cell]]] = {
    "rnn": (3, _elman),
    "gru": (9, _gru),
    "lstm": (12, _lstm),
    "lstm-peephole": (15, _lstm),
}
