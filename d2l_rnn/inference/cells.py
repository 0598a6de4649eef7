"""One step of a trained recurrent cell, in NumPy.

For one sequence a step is a few products of a row with a matrix, and what a framework
does around each of its operators takes longer than these. So the steps are written
out here, in place: buffers are made once, the gates of a cell are one product.

Every sigmoid is a ``tanh``, ``sigmoid(x) = (1 + tanh(x / 2)) / 2``; the halves are
multiplied into the weights when a cell is made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Floats

#: Of all layers and directions in turn, each (rows, num_hiddens).
State = List[Floats]


class Gate(NamedTuple):
    """Weights of one gate, ``X W_x + b_x + H W_h + b_h``.

    Attributes
    ----------
    W_x : numpy.ndarray, shape (num_inputs, num_hiddens)
    W_h : numpy.ndarray, shape (num_hiddens, num_hiddens)
    b : numpy.ndarray, shape (num_hiddens,)
        Both biases together, but for a candidate whose reset gate stands between them.
    """

    W_x: Floats
    W_h: Floats
    b: Floats


class Cell(ABC):
    """One recurrent layer in one direction, batch first, float32.

    Attributes
    ----------
    W_x : numpy.ndarray, shape (num_inputs, num_gates * num_hiddens)
    b : numpy.ndarray, shape (num_gates * num_hiddens,)
    num_hiddens : int
    num_states : int
        Arrays of its state: H, and C of an LSTM.
    """

    num_states = 1

    def __init__(self, gates: Sequence[Gate], halved: int) -> None:
        """``halved`` gates are sigmoids, and come first."""
        self.num_hiddens = len(gates[0].b)
        scales = [0.5] * halved + [1.0] * (len(gates) - halved)

        def side_by_side(arrays: Sequence[Floats]) -> Floats:
            scaled = [scale * array for scale, array in zip(scales, arrays)]
            whole = np.concatenate(scaled, axis=-1)
            return np.ascontiguousarray(whole, dtype="float32")

        self.W_x, self.W_h, self.b = map(side_by_side, zip(*gates))
        self._buffers: Dict[int, Tuple[Floats, ...]] = {}

    @abstractmethod
    def advance(self, inputs: Floats, state: State) -> None:
        """One step, in place.

        Parameters
        ----------
        inputs : numpy.ndarray, shape (rows or 1, num_gates * num_hiddens)
            ``X W_x + b``; is left as it was.
        state : list of numpy.ndarray, each (rows, num_hiddens)
            Overwritten.
        """

    def _made_once(self, rows: int, *widths: int) -> Tuple[Floats, ...]:
        """Buffers of so many columns, multiples of ``num_hiddens``."""
        if rows not in self._buffers:
            self._buffers = {  # of one number of rows: a batch only shrinks
                rows: tuple(
                    np.empty((rows, width * self.num_hiddens), "float32")
                    for width in widths
                )
            }
        return self._buffers[rows]


class ElmanCell(Cell):
    """``H' = tanh(X W_xh + H W_hh + b_h)``, or relu (book Section 8.4).

    Parameters
    ----------
    gate : Gate
    relu : bool
    """

    def __init__(self, gate: Gate, relu: bool = False) -> None:
        super().__init__([gate], 0)
        self._relu = relu

    def advance(self, inputs: Floats, state: State) -> None:
        """See :class:`Cell`."""
        (H,) = state
        (s,) = self._made_once(len(H), 1)
        np.dot(H, self.W_h, out=s)
        s += inputs
        if self._relu:
            np.maximum(s, 0, out=H)
        else:
            np.tanh(s, out=H)


class GRUCell(Cell):
    """Gated recurrent unit, in its two forms (book Section 9.1, and Gluon's)::

        Z, R = sigmoid(X W_x + H W_h + b)
        H~ = tanh(X W_xh + b_h + (R * H) W_hh)             reset before the product
        H~ = tanh(X W_xh + b_h + R * (H W_hh + b_hh))      after it
        H' = Z * H + (1 - Z) * H~

    Parameters
    ----------
    update, reset, candidate : Gate
    bias_inside : numpy.ndarray, shape (num_hiddens,), optional
        ``b_hh``: given, the reset comes after the product.
    """

    def __init__(
        self,
        update: Gate,
        reset: Gate,
        candidate: Gate,
        bias_inside: Optional[Floats] = None,
    ) -> None:
        super().__init__([update, reset, candidate], 2)
        self._inside = bias_inside
        h = self.num_hiddens
        self._W_gates = np.ascontiguousarray(self.W_h[:, : 2 * h])
        self._W_candidate = np.ascontiguousarray(self.W_h[:, 2 * h :])

    def advance(self, inputs: Floats, state: State) -> None:
        """See :class:`Cell`."""
        (H,) = state
        h = self.num_hiddens
        gates, N = self._made_once(len(H), 2, 1)
        np.dot(H, self._W_gates, out=gates)
        gates += inputs[..., : 2 * h]
        _sigmoid_of_twice(gates)
        Z, R = gates[:, :h], gates[:, h:]
        if self._inside is None:
            R *= H
            np.dot(R, self._W_candidate, out=N)
        else:
            np.dot(H, self._W_candidate, out=N)
            N += self._inside
            N *= R
        N += inputs[..., 2 * h :]
        np.tanh(N, out=N)
        H -= N
        H *= Z
        H += N


class LSTMCell(Cell):
    """Long short-term memory (book Section 9.2), with peepholes or without::

        i, f = sigmoid(X W_x + H W_h + p * C + b),   C~ = tanh(X W_xc + H W_hc + b_c)
        C' = f * C + i * C~
        o = sigmoid(X W_xo + H W_ho + p_o * C' + b_o),   H' = o * tanh(C')

    Parameters
    ----------
    input_gate, forget_gate, output_gate, candidate : Gate
    peepholes : three numpy.ndarray, each (num_hiddens,), optional
        ``p_i, p_f, p_o``.
    """

    num_states = 2

    def __init__(
        self,
        input_gate: Gate,
        forget_gate: Gate,
        output_gate: Gate,
        candidate: Gate,
        peepholes: Optional[Sequence[Floats]] = None,
    ) -> None:
        super().__init__([input_gate, forget_gate, output_gate, candidate], 3)
        self._peepholes = None
        if peepholes is not None:
            self._peepholes = [np.asarray(p / 2, "float32") for p in peepholes]

    def advance(self, inputs: Floats, state: State) -> None:
        """See :class:`Cell`."""
        H, C = state
        h = self.num_hiddens
        (gates,) = self._made_once(len(H), 4)
        np.dot(H, self.W_h, out=gates)
        gates += inputs
        i, f = gates[:, :h], gates[:, h : 2 * h]
        o, C_tilda = gates[:, 2 * h : 3 * h], gates[:, 3 * h :]
        if self._peepholes is None:
            np.tanh(gates, out=gates)
            _half_of_one_more(gates[:, : 3 * h])
        else:
            p_i, p_f, p_o = self._peepholes
            i += p_i * C
            f += p_f * C
            _sigmoid_of_twice(gates[:, : 2 * h])
            np.tanh(C_tilda, out=C_tilda)
        C *= f
        C_tilda *= i
        C += C_tilda
        if self._peepholes is not None:
            o += p_o * C
            _sigmoid_of_twice(o)
        np.tanh(C, out=H)
        H *= o


def _sigmoid_of_twice(x: Floats) -> None:
    np.tanh(x, out=x)
    _half_of_one_more(x)


def _half_of_one_more(x: Floats) -> None:
    x *= 0.5
    x += 0.5
