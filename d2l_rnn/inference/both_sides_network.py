"""A trained net that looks at both sides of a blank, in NumPy (book Section 9.4)."""

from __future__ import annotations

from typing import Dict, List

import numpy as np

from ..arrays import Floats, Integers
from ..protocols import Arrays
from .cells import Cell
from .network import of_gluon_layer


class BothSidesNetwork:
    """What :class:`d2l_rnn.models.both_sides.ClozeModel` computes when it is used::

        f_t = F(x_1, ..., x_t)        b_t = B(x_T, ..., x_t)
        P(x_t | all others) = softmax(W [f_{t-1}, b_{t+1}] + c)

    Parameters
    ----------
    num_layers : int
        LSTM layers of each of the two stacks.
    arrays : mapping of str to numpy.ndarray
        By the names that checkpoints have: ``embedding.weight``,
        ``forward_stack.l0_i2h_weight``, ``backward_stack. ...``, ``dense.weight`` and
        ``dense.bias``.

    Raises
    ------
    KeyError
        If an array is missing.
    ValueError
        If the arrays do not fit one another.
    """

    def __init__(self, num_layers: int, arrays: Arrays) -> None:
        self._embedding = arrays["embedding.weight"]
        self._forward = _stack("forward_stack.", num_layers, arrays)
        self._backward = _stack("backward_stack.", num_layers, arrays)
        self._W = np.ascontiguousarray(arrays["dense.weight"].T)
        self._c = arrays["dense.bias"]
        widths = [len(self._embedding.T), *(len(cell.W_h) for cell in self._forward)]
        for stack in (self._forward, self._backward):
            if [len(cell.W_x) for cell in stack] != widths[:-1]:
                raise ValueError("its layers do not stand on one another")
        if self._W.shape != (2 * widths[-1], len(self._c)):
            raise ValueError(f"an output layer of shape {self._W.shape}")

    def probabilities(self, rows: Integers) -> Floats:
        """Of each position of rows of text, given all others of its row.

        Parameters
        ----------
        rows : numpy.ndarray of int, shape (batch_size, num_steps)

        Returns
        -------
        numpy.ndarray of float32, shape (batch_size, num_steps, vocab_size)
            Sums to one along the last axis.
        """
        # (num_steps, batch_size, embed_size)
        X = self._embedding[rows.T]
        # Each (num_steps, batch_size, num_hiddens), moved by a step: x_t is not seen.
        F = _later(_outputs(self._forward, X))
        B = _later(_outputs(self._backward, X[::-1]))[::-1]
        logits = np.concatenate([F, B], axis=2) @ self._W
        logits += self._c
        logits -= logits.max(axis=2, keepdims=True)
        given: Floats = np.exp(logits)
        given /= given.sum(axis=2, keepdims=True)
        return given.swapaxes(0, 1)


def _stack(start: str, num_layers: int, arrays: Arrays) -> List[Cell]:
    own: Dict[str, Floats] = {
        name[len(start) :]: array
        for name, array in arrays.items()
        if name.startswith(start)
    }
    return [of_gluon_layer("lstm", own, f"l{layer}") for layer in range(num_layers)]


def _outputs(cells: List[Cell], X: Floats) -> Floats:
    """A stack's uppermost hidden states, (num_steps, batch_size, num_hiddens)."""
    for cell in cells:
        inputs = X @ cell.W_x + cell.b
        shape = X.shape[1], cell.num_hiddens
        state: List[Floats] = [
            np.zeros(shape, "float32") for _ in range(cell.num_states)
        ]
        X = np.empty((len(inputs), *shape), "float32")
        for t, of_step in enumerate(inputs):
            cell.advance(of_step, state)
            X[t] = state[0]
    return X


def _later(outputs: Floats) -> Floats:
    """The outputs a step later; before the first token the state is zero."""
    return np.concatenate([np.zeros_like(outputs[:1]), outputs[:-1]])
