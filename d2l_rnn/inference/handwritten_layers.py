"""Recurrent layers forward and backward by hand, as fast as NumPy goes.

The equations are derived term by term in :mod:`.handwritten` (RNN) and
:mod:`.handwritten_gated` (GRU, LSTM), to which these are equal; here they are put so
that almost only products of matrices are left:

- Examples are columns, as in :mod:`.handwritten`: ``z_t = W_h h_{t-1} + ...``. A tall
  matrix by few columns is what OpenBLAS multiplies soonest, and the gates of a cell,
  one below the other, are one product (a GRU has two, as its candidate waits for the
  reset gate), forward and, summed over the gates by the product itself, backward.
- An input is a token: its product with ``W_x`` is a row of ``W_x``, and the gradient
  of that row the sum over the places where the token stands.
- Gates are computed in place and kept for the backward pass, which writes the
  gradients over them: ``dL/dz_t`` stands where ``z_t`` stood.
- The weights' gradient is a sum over steps and examples of ``dL/dz_t h_{t-1}^T``, and
  that is one product of matrices, ``num_steps * batch_size`` long.
- Every array is made once. What is small enough to stay in the processor's cache, a
  step's, is worked through before the next.

A sigmoid is a ``tanh``, ``sigmoid(z) = (1 + tanh(z / 2)) / 2``, of which NumPy computes
many at once. What the cells have in common is here; each cell's own step is in
:mod:`.handwritten_cells`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Floats, Integers

#: H, and C of an LSTM, each (batch_size, num_hiddens).
State = Tuple[Floats, ...]


class LayerParameters(NamedTuple):
    """Weights of a layer's gates, or their gradients; ``width`` is gates x hiddens.

    Attributes
    ----------
    W_x : np.ndarray, shape (vocab_size, width)
    W_h : np.ndarray, shape (width, num_hiddens)
    b : np.ndarray, shape (width,)
    """

    W_x: Floats
    W_h: Floats
    b: Floats


class HandwrittenLayer(ABC):
    """A recurrent layer that reads tokens; its memory is made for one shape at a time.

    Parameters
    ----------
    params : LayerParameters
        Read anew at every pass: whoever owns them may change them in place.
    """

    num_gates: int
    num_states = 1

    def __init__(self, params: LayerParameters) -> None:
        self.params = params
        self.num_hiddens = params.W_h.shape[1]
        self._shape: Optional[Tuple[int, ...]] = None

    def forward(self, tokens: Integers, state: Sequence[Floats]) -> Floats:
        """The hidden states of all steps.

        Parameters
        ----------
        tokens : np.ndarray of int, shape (num_steps, batch_size)
        state : sequence of np.ndarray, each (batch_size, num_hiddens)
            Before the first step.

        Returns
        -------
        np.ndarray, shape (num_hiddens, num_steps * batch_size)
            The layer's own memory, until the next pass.
        """
        if self._shape != tokens.shape:
            self._make(*tokens.shape)
            self._shape = tokens.shape
        for states, first in zip(self._states, state):
            states[0] = first.T
        table, rows = self._table, self._rows
        np.add(self.params.W_x, self.params.b, out=table)
        for t, z in enumerate(self._gates):
            # x_t W_x + b, to which the step adds W_h h_{t-1}
            np.take(table, tokens[t], axis=0, out=rows, mode="clip")
            self._step(t, z, rows.T.reshape(z.shape))
        side_by_side(self._states[0], self._hiddens)
        return columns(self._hiddens[:, 1:])

    def last_state(self) -> State:
        """The state after the last step, copied."""
        return tuple(states[-1].T.copy() for states in self._states)

    def backward(
        self, tokens: Integers, dH: Floats, gradients: LayerParameters
    ) -> State:
        """Backward pass after :meth:`forward` of the same tokens.

        Parameters
        ----------
        tokens : np.ndarray of int, shape (num_steps, batch_size)
        dH : np.ndarray, shape (num_hiddens, num_steps * batch_size)
            From above: the loss's gradient by the hidden states, as it would be if
            no step read the one before.
        gradients : LayerParameters
            Overwritten with the loss's gradient by the weights.

        Returns
        -------
        tuple of np.ndarray, each (batch_size, num_hiddens)
            The gradient by the state before the first step; the layer's own memory.
        """
        num_steps, batch_size = tokens.shape
        for carried in self._carried:
            carried[...] = 0
        # A product by a transposed view takes OpenBLAS half as long again.
        self._W_h_T[...] = self.params.W_h.T
        from_above = dH.reshape(-1, num_steps, batch_size)
        for t in reversed(range(num_steps)):
            np.add(self._carried[0], from_above[:, t], out=self._dH)
            self._step_back(t, self._gates[t], self._dH)
        dz = side_by_side(self._gates.reshape(num_steps, -1, batch_size), self._dz)
        self._weights_gradient(dz, gradients.W_h)
        sum_columns(tokens.ravel(), dz, gradients.W_x)
        # Every column of dz is in exactly one of those sums.
        np.sum(gradients.W_x, axis=0, out=gradients.b)
        return tuple(carried.T for carried in self._carried)

    def _make(self, num_steps: int, batch_size: int) -> None:
        """Memory for minibatches of one shape."""
        h, width, dtype = self.num_hiddens, len(self.params.b), self.params.b.dtype

        def make(*shape: int) -> Floats:
            return np.empty(shape, dtype)

        self._table = np.empty_like(self.params.W_x)
        self._W_h_T = make(h, width)
        # z_t, then the gates, then dL/dz_t
        self._gates = make(num_steps, self.num_gates, h, batch_size)
        self._states = tuple(
            make(num_steps + 1, h, batch_size) for _ in range(self.num_states)
        )
        self._kept = make(num_steps, h, batch_size)  # what a cell computes besides
        # The steps side by side: h_0 to h_T, and dL/dz
        self._hiddens = make(h, num_steps + 1, batch_size)
        self._dz = make(width, num_steps, batch_size)
        # Of the step at hand
        self._rows = make(batch_size, width)
        self._dH = make(h, batch_size)
        self._carried = tuple(make(h, batch_size) for _ in range(self.num_states))
        self._scratch = make(h, batch_size), make(h, batch_size)

    def _weights_gradient(self, dz: Floats, dW_h: Floats) -> None:
        """``sum_t dL/dz_t h_{t-1}^T`` as one product for all gates."""
        np.matmul(dz, columns(self._hiddens[:, :-1]).T, out=dW_h)

    @abstractmethod
    def _step(self, t: int, z: Floats, x: Floats) -> None:
        """From ``X_t W_x + b`` and the states t to gates, into ``z``, and states t + 1.

        ``z`` and ``x`` are (num_gates, num_hiddens, batch_size).
        """

    @abstractmethod
    def _step_back(self, t: int, z: Floats, dH: Floats) -> None:
        """From ``dL/dH_{t+1}`` to ``dL/dz_t``, in the gates' place, and to ``carried``.

        ``dH`` is (num_hiddens, batch_size), and may be overwritten.
        """


def side_by_side(steps: Floats, out: Floats) -> Floats:
    """Copy (num_steps, n, batch_size) into (n, num_steps, batch_size); its columns."""
    np.copyto(out, steps.transpose(1, 0, 2))
    return columns(out)


def columns(steps: Floats) -> Floats:
    """(n, num_steps, batch_size) as (n, num_steps * batch_size), a view."""
    return steps.reshape(len(steps), -1)


def sum_columns(tokens: Integers, array: Floats, out: Floats) -> None:
    """For each token the sum of the columns at its places, zero where it has none.

    A product with one-hot rows of the tokens that are there, not of the vocabulary.

    Parameters
    ----------
    tokens : np.ndarray of int, shape (n,)
    array : np.ndarray, shape (width, n)
    out : np.ndarray, shape (vocab_size, width)
    """
    found, which = np.unique(tokens, return_inverse=True)
    # (n, number of tokens found)
    one_hot = np.zeros((len(tokens), len(found)), array.dtype)
    one_hot[np.arange(len(tokens)), which.ravel()] = 1
    out[...] = 0
    out[found] = (array @ one_hot).T
