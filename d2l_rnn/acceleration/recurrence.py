"""The lowest recurrent layer over rows of a table: forward and backward by hand.

Gluon's fused operator multiplies its inputs by a weight matrix. A one-hot input picks
one column of it, so with a large vocabulary almost all of that product is a
multiplication by nought. Here the picked rows are given, ``X_t = W_x[token_t] + b_x``,
and what remains is the recurrence (book Sections 8.4, 9.1, 9.2; Gluon's equations)::

    RNN    H_t = tanh(X_t + H_{t-1} W_h + b_h), or relu
    LSTM   i, f, g, o = X_t + H_{t-1} W_h + b_h,  each through its sigmoid, g by tanh
           C_t = f * C_{t-1} + i * g,   H_t = o * tanh(C_t)
    GRU    r, z = sigmoid(X_t + H_{t-1} W_h + b_h)
           n = tanh(X_t + r * (H_{t-1} W_h + b_h)),   H_t = n + z * (H_{t-1} - n)

Products are oneDNN's, on arrays of MXNet; what is element by element is NumPy's, in
place on the same memory. The gradient of ``W_h`` is one product over all steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Type

import numpy
from mxnet import nd, np, npx

from ..arrays import Floats
from ..protocols import Array
from .shared_memory import as_numpy

GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}


class Weights(NamedTuple):
    """Of the hidden state's product.

    Attributes
    ----------
    W : mxnet.np.ndarray, shape (num_gates * num_hiddens, num_hiddens)
    b : mxnet.np.ndarray, shape (num_gates * num_hiddens,), optional
    """

    W: Array
    b: Optional[Array] = None


class Gradients(NamedTuple):
    """Of a pass: ``X``, (num_steps, batch_size, num_gates * num_hiddens), W and b."""

    X: Floats
    W: Array
    b: Floats


class Steps:
    """An array (num_steps, batch_size, width) of MXNet, as NumPy's and step by step."""

    def __init__(self, num_steps: int, batch_size: int, width: int) -> None:
        self.array: Array = np.zeros((num_steps, batch_size, width))
        whole = self.array.as_nd_ndarray()
        self.steps: List[Array] = [whole[t].as_np_ndarray() for t in range(num_steps)]
        self.numbers = as_numpy(self.array)

    def columns(self, num_steps: int) -> Array:
        """The first steps' rows as columns, (width, num_steps * batch_size).

        By the operator of ``mx.nd``, which takes a fifth of NumPy's time.
        """
        rows = self.array.as_nd_ndarray()[:num_steps].reshape((-1, self.array.shape[2]))
        transposed: Array = nd.transpose(rows).as_np_ndarray()
        return transposed


class Recurrence(ABC):
    """One direction of a layer; its buffers are made once and used by every pass.

    Parameters
    ----------
    mode : str
        Gluon's word for the cell.
    num_steps, batch_size, num_hiddens : int
    """

    num_states = 1

    def __init__(
        self, mode: str, num_steps: int, batch_size: int, num_hiddens: int
    ) -> None:
        self.mode, self.num_hiddens = mode, num_hiddens
        sizes, width = (num_steps, batch_size), GATES[mode] * num_hiddens
        #: Of each step what the gates have become, and in the backward pass the
        #: gradient of ``H_{t-1} W_h + b_h``.
        self._gates, self._grads = Steps(*sizes, width), Steps(*sizes, width)
        #: H_0 ... H_T.
        self._hiddens = Steps(num_steps + 1, batch_size, num_hiddens)
        self._from_above = Steps(1, batch_size, num_hiddens)

    def forward(self, X: Floats, weights: Weights, state: Sequence[Array]) -> Floats:
        """All steps.

        Parameters
        ----------
        X : numpy.ndarray, shape (num_steps, batch_size, num_gates * num_hiddens)
        weights : Weights
        state : sequence of mxnet.np.ndarray, each (batch_size, num_hiddens)

        Returns
        -------
        numpy.ndarray, shape (num_steps, batch_size, num_hiddens)
            H_1 ... H_T; overwritten by the next pass.
        """
        self._begin([array.asnumpy() for array in state])
        for t in range(len(X)):
            product(self._hiddens.steps[t], weights, self._gates.steps[t])
            self._step(t, X[t])
        return self._hiddens.numbers[1:]

    def state(self) -> List[Floats]:
        """What the last step has left, each (batch_size, num_hiddens)."""
        return [self._hiddens.numbers[-1]]

    def backward(self, dY: Floats, weights: Weights, dW: Array) -> Gradients:
        """The gradients of the last forward pass; none comes from the state it left.

        Parameters
        ----------
        dY : numpy.ndarray, shape (num_steps, batch_size, num_hiddens)
            Of H_1 ... H_T.
        weights : Weights
        dW : mxnet.np.ndarray
            Where the gradient of ``W`` is written to.
        """
        W_T = Weights(weights.W.T)  # oneDNN multiplies by rows
        dH = numpy.zeros_like(dY[0])
        above = self._from_above
        self._prepare()
        for t in range(len(dY) - 1, -1, -1):
            dH += dY[t]
            kept = self._step_back(t, dH)
            if t:
                product(self._grads.steps[t], W_T, above.steps[0])
                numpy.add(above.numbers[0], kept, out=dH)
        # (width, T * B) and (num_hiddens, T * B)
        columns = [part.columns(len(dY)) for part in (self._grads, self._hiddens)]
        product(columns[0], Weights(columns[1]), dW)
        return Gradients(self._of_inputs(), dW, self._grads.numbers.sum((0, 1)))

    def _of_inputs(self) -> Floats:
        """The gradient of X: that of the hidden state's product, but for a GRU."""
        return self._grads.numbers

    @abstractmethod
    def _begin(self, state: Sequence[Floats]) -> None:
        """Take the first state."""

    @abstractmethod
    def _step(self, t: int, x: Floats) -> None:
        """From the product in ``_gates[t]`` to H_{t+1}."""

    def _prepare(self) -> None:  # noqa: B027
        """What all steps of the backward pass can have computed at once: nothing."""

    @abstractmethod
    def _step_back(self, t: int, dH: Floats) -> Floats:
        """Fill ``_grads[t]``; the part of the gradient of H_t that takes no product."""


def product(X: Array, weights: Weights, out: Array) -> None:
    """``X W^T + b`` into ``out``, or without b where that is None."""
    arguments = [array for array in (X, *weights) if array is not None]
    npx.fully_connected(
        *arguments,
        num_hidden=weights.W.shape[0],
        no_bias=weights.b is None,
        flatten=False,
        out=out,
    )


class ElmanRecurrence(Recurrence):
    """``tanh`` or ``relu``."""

    def _begin(self, state: Sequence[Floats]) -> None:
        self._hiddens.numbers[0] = state[0]

    def _step(self, t: int, x: Floats) -> None:
        s, H = self._gates.numbers[t], self._hiddens.numbers[t + 1]
        s += x
        if self.mode == "rnn_relu":
            numpy.maximum(s, 0, out=H)
        else:
            numpy.tanh(s, out=H)

    def _step_back(self, t: int, dH: Floats) -> Floats:
        H, ds = self._hiddens.numbers[t + 1], self._grads.numbers[t]
        if self.mode == "rnn_relu":
            numpy.multiply(dH, H > 0, out=ds)
        else:
            numpy.multiply(dH, 1 - H * H, out=ds)
        return numpy.zeros_like(dH)


class LSTMRecurrence(Recurrence):
    """Gates in the order i, f, g, o."""

    num_states = 2

    def __init__(
        self, mode: str, num_steps: int, batch_size: int, num_hiddens: int
    ) -> None:
        super().__init__(mode, num_steps, batch_size, num_hiddens)
        shape = (num_steps, batch_size, num_hiddens)
        # C_0 ... C_T, and tanh of the last T of them
        self._cells = numpy.zeros((num_steps + 1, *shape[1:]), "float32")
        self._squashed = numpy.zeros(shape, "float32")

    def state(self) -> List[Floats]:
        """H and C."""
        return [self._hiddens.numbers[-1], self._cells[-1]]

    def _begin(self, state: Sequence[Floats]) -> None:
        self._hiddens.numbers[0], self._cells[0] = state

    def _step(self, t: int, x: Floats) -> None:
        s = self._gates.numbers[t]
        s += x
        i, f, g, o = self._parts(s)
        # sigmoid(x) = (1 + tanh(x / 2)) / 2: one call for all four
        h = self.num_hiddens
        first_two = s[:, : 2 * h]
        for part in (first_two, o):
            part *= 0.5
        numpy.tanh(s, out=s)
        for part in (first_two, o):
            part *= 0.5
            part += 0.5
        C = self._cells[t + 1]
        numpy.multiply(f, self._cells[t], out=C)
        C += i * g
        numpy.tanh(C, out=self._squashed[t])
        numpy.multiply(o, self._squashed[t], out=self._hiddens.numbers[t + 1])

    def _parts(self, s: Floats) -> List[Floats]:
        h = self.num_hiddens
        return [s[..., k * h : (k + 1) * h] for k in range(4)]

    def _prepare(self) -> None:
        s = self._gates.numbers
        *_, g, o = self._parts(s)
        # What each gate's gradient is multiplied by: s (1 - s), and 1 - g^2 of tanh.
        self._slopes = s * (1 - s)
        self._parts(self._slopes)[2][...] = 1 - g * g
        self._to_cell = o * (1 - self._squashed * self._squashed)
        self._dC = numpy.zeros_like(self._cells[0])

    def _step_back(self, t: int, dH: Floats) -> Floats:
        i, f, g, _ = self._parts(self._gates.numbers[t])
        ds, dC = self._grads.numbers[t], self._dC
        di, df, dg, do = self._parts(ds)
        dC += dH * self._to_cell[t]
        numpy.multiply(dC, g, out=di)
        numpy.multiply(dC, self._cells[t], out=df)
        numpy.multiply(dC, i, out=dg)
        numpy.multiply(dH, self._squashed[t], out=do)
        ds *= self._slopes[t]
        dC *= f
        return numpy.zeros_like(dH)


class GRURecurrence(Recurrence):
    """Gates in the order r, z, n; the reset after the product, as Gluon has it."""

    def __init__(
        self, mode: str, num_steps: int, batch_size: int, num_hiddens: int
    ) -> None:
        super().__init__(mode, num_steps, batch_size, num_hiddens)
        shape = (num_steps, batch_size, num_hiddens)
        self._inside = numpy.zeros(shape, "float32")  # H_{t-1} W_hn + b_hn
        self._d_inputs = numpy.zeros((*shape[:2], 3 * num_hiddens), "float32")

    def _begin(self, state: Sequence[Floats]) -> None:
        self._hiddens.numbers[0] = state[0]

    def _parts(self, s: Floats) -> Tuple[Floats, Floats, Floats]:
        h = self.num_hiddens
        return s[..., :h], s[..., h : 2 * h], s[..., 2 * h :]

    def _step(self, t: int, x: Floats) -> None:
        s, h = self._gates.numbers[t], self.num_hiddens
        r, z, n = self._parts(s)
        self._inside[t] = n
        sigmoids = s[:, : 2 * h]
        sigmoids += x[:, : 2 * h]
        sigmoids *= 0.5
        numpy.tanh(sigmoids, out=sigmoids)
        sigmoids *= 0.5
        sigmoids += 0.5
        n *= r
        n += x[:, 2 * h :]
        numpy.tanh(n, out=n)
        before, after = self._hiddens.numbers[t], self._hiddens.numbers[t + 1]
        numpy.subtract(before, n, out=after)
        after *= z
        after += n

    def _step_back(self, t: int, dH: Floats) -> Floats:
        r, z, n = self._parts(self._gates.numbers[t])
        dr, dz, dn = self._parts(self._d_inputs[t])
        numpy.multiply(dH * (1 - z), 1 - n * n, out=dn)
        numpy.multiply(dH * (self._hiddens.numbers[t] - n), z * (1 - z), out=dz)
        numpy.multiply(dn * self._inside[t], r * (1 - r), out=dr)
        inner = self._grads.numbers[t]
        inner[:] = self._d_inputs[t]
        self._parts(inner)[2][...] *= r
        kept: Floats = dH * z
        return kept

    def _of_inputs(self) -> Floats:
        return self._d_inputs


KINDS: Dict[str, Type[Recurrence]] = {
    "rnn_relu": ElmanRecurrence,
    "rnn_tanh": ElmanRecurrence,
    "lstm": LSTMRecurrence,
    "gru": GRURecurrence,
}
