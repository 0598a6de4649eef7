"""Recurrent layers forward and backward by hand, as fast as NumPy goes.

The equations are derived term by term in :mod:`.handwritten` (RNN) and
:mod:`.handwritten_gated` (GRU, LSTM), to which these are equal; here they are put so
that almost only products of matrices are left:

- The gates of a cell are one array, and so are their weights: a step has one product
  for all of them (a GRU two, as its candidate waits for the reset gate).
- An input is a token: its product with ``W_x`` is a row of ``W_x``, and the gradient
  of that row the sum over the places where the token stands.
- Gates are computed in place and kept for the backward pass, which writes the
  gradients over them: ``dL/dz_t`` stands where ``z_t`` stood.
- The weights' gradient is a sum over steps and examples of ``H_{t-1}^T dL/dz_t``, and
  that is one product of matrices with ``num_steps * batch_size`` rows.
- Every array is made once. What is small enough to stay in the processor's cache, a
  step's, is worked through before the next.

A sigmoid is a ``tanh``, ``sigmoid(z) = (1 + tanh(z / 2)) / 2``, of which NumPy computes
many at once. Rows are examples here, as in the book's Chapter 9. What the cells have
in common is here; each cell's own step is in :mod:`.handwritten_cells`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Floats, Integers

#: H, and C of an LSTM, each (batch_size, num_hiddens).
State = Tuple[Floats, ...]


class LayerParameters(NamedTuple):
    """Weights of a layer's gates, or their gradients.

    Attributes
    ----------
    W_x : np.ndarray, shape (num_gates, vocab_size, num_hiddens)
    W_h : np.ndarray, shape (num_gates, num_hiddens, num_hiddens)
    b : np.ndarray, shape (num_gates, num_hiddens)
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
        self.num_hiddens = params.b.shape[1]
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
        np.ndarray, shape (num_steps, batch_size, num_hiddens)
            The layer's own memory, until the next forward pass.
        """
        if self._shape != tokens.shape:
            self._make(*tokens.shape)
            self._shape = tokens.shape
        for states, first in zip(self._states, state):
            states[0] = first
        # X_t W_x + b, to which each step adds H_{t-1} W_h
        np.add(self.params.W_x, self.params.b[:, None], out=self._table)
        np.take(self._table, tokens, axis=1, out=self._gates, mode="clip")
        for t in range(len(tokens)):
            self._step(t, self._gates[:, t])
        return self._states[0][1:]

    def last_state(self) -> State:
        """The state after the last step, copied."""
        return tuple(states[-1].copy() for states in self._states)

    def backward(
        self, tokens: Integers, dH: Floats, gradients: LayerParameters
    ) -> State:
        """Backward pass after :meth:`forward` of the same tokens.

        Parameters
        ----------
        tokens : np.ndarray of int, shape (num_steps, batch_size)
        dH : np.ndarray, shape (num_steps, batch_size, num_hiddens)
            From above: the loss's gradient by the hidden states, as it would be if
            no step read the one before. Overwritten.
        gradients : LayerParameters
            Overwritten with the loss's gradient by the weights.

        Returns
        -------
        tuple of np.ndarray
            The gradient by the state before the first step; the layer's own memory.
        """
        for carried in self._carried:
            carried[...] = 0
        # A product by a transposed view takes some OpenBLAS half as long again.
        self._W_h_T[...] = self.params.W_h.transpose(0, 2, 1)
        for t in reversed(range(len(tokens))):
            dH[t] += self._carried[0]
            self._step_back(t, self._gates[:, t], dH[t])
        # (num_gates, num_steps * batch_size, num_hiddens): dL/dz by now
        dz = self._gates.reshape(self.num_gates, tokens.size, -1)
        self._weights_gradient(dz, gradients.W_h)
        sum_rows(tokens.ravel(), dz, gradients.W_x)
        # Every row of dz is in exactly one of those sums.
        np.sum(gradients.W_x, axis=1, out=gradients.b)
        return self._carried

    def _make(self, num_steps: int, batch_size: int) -> None:
        """Memory for minibatches of one shape."""
        h, dtype = self.num_hiddens, self.params.W_h.dtype

        def make(*shape: int) -> Floats:
            return np.empty((*shape, h), dtype)

        self._table = np.empty_like(self.params.W_x)
        self._W_h_T = np.empty_like(self.params.W_h)
        # z_t, then the gates, then dL/dz_t
        self._gates = make(self.num_gates, num_steps, batch_size)
        self._states = tuple(
            make(num_steps + 1, batch_size) for _ in range(self.num_states)
        )
        self._kept = make(num_steps, batch_size)  # what a cell computes besides
        # Of the step at hand
        self._products = make(self.num_gates, batch_size)
        self._carried = tuple(make(batch_size) for _ in range(self.num_states))
        self._scratch = make(batch_size), make(batch_size)

    def _weights_gradient(self, dz: Floats, dW_h: Floats) -> None:
        """``sum_t H_{t-1}^T dL/dz_t`` as one product for each gate."""
        # (num_steps * batch_size, num_hiddens)
        before = self._states[0][:-1].reshape(-1, self.num_hiddens)
        np.matmul(before.T, dz, out=dW_h)

    @abstractmethod
    def _step(self, t: int, z: Floats) -> None:
        """From ``X_t W_x + b`` and the states t to gates, in place, and states t + 1.

        ``z`` is (num_gates, batch_size, num_hiddens).
        """

    @abstractmethod
    def _step_back(self, t: int, z: Floats, dH: Floats) -> None:
        """From ``dL/dH_{t+1}`` to ``dL/dz_t``, in the gates' place, and to ``carried``.

        ``dH`` is (batch_size, num_hiddens), and may be overwritten.
        """


def sum_rows(tokens: Integers, rows: Floats, out: Floats) -> None:
    """For each token the sum of the rows at its places, zero where it has none.

    Parameters
    ----------
    tokens : np.ndarray of int, shape (n,)
    rows : np.ndarray, shape (num_gates, n, width)
    out : np.ndarray, shape (num_gates, vocab_size, width)
    """
    order = np.argsort(tokens, kind="stable")
    found, starts = np.unique(tokens[order], return_index=True)
    out[...] = 0
    for token, places in zip(found, np.split(order, starts[1:])):
        np.sum(rows[:, places], axis=1, out=out[:, token])
