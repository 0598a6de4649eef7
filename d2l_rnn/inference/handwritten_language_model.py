"""A character language model by hand and fast: RNN, GRU or LSTM, loss, descent."""

from __future__ import annotations

import math
from itertools import chain
from typing import Dict, List, Mapping, Sequence, Tuple, Type

import numpy as np

from ..arrays import Floats, Integers
from ..errors import UsageError
from .handwritten import known
from .handwritten_cells import GRULayer, LSTMLayer, RNNLayer
from .handwritten_layers import HandwrittenLayer, LayerParameters, State

Shapes = List[Tuple[int, ...]]

_LAYERS: Dict[str, Type[HandwrittenLayer]] = {
    "rnn": RNNLayer,
    "gru": GRULayer,
    "lstm": LSTMLayer,
}
# The gates of a cell in their order, by the book's letters.
_GATES = {"rnn": "h", "gru": "zrh", "lstm": "ifoc"}


def parameter_names(cell: str) -> List[str]:
    """The book's names of a model's parameters: ``W_xh, W_hh, b_h, W_hq, b_q``."""
    gates = ((f"W_x{g}", f"W_h{g}", f"b_{g}") for g in known(_GATES, cell, "cell"))
    return [*chain.from_iterable(gates), "W_hq", "b_q"]


class HandwrittenLanguageModel:
    """A character language model in NumPy, forward and backward by hand.

    All its parameters are one vector and all their gradients another, so that the
    gradient's norm, clipping and descent are a pass over these each.

    Parameters
    ----------
    cell : "rnn", "gru" or "lstm"
    vocab_size, num_hiddens : int
    rng : np.random.Generator
        Draws the weights, Normal(0, 0.01) as in the book; biases are zero.
    dtype : str
        "float32", or "float64".
    relu : bool
        Of an RNN: its activation in tanh's place.

    Attributes
    ----------
    vector : np.ndarray, shape (number of parameters,)
        Changed in place by :meth:`update`; :meth:`named` shows them one by one.

    Raises
    ------
    UsageError
        If the cell is not known.
    """

    def __init__(
        self,
        cell: str,
        vocab_size: int,
        num_hiddens: int,
        rng: np.random.Generator,
        dtype: str = "float32",
        relu: bool = False,
    ) -> None:
        make = known(_LAYERS, cell, "cell")
        self.cell, self.vocab_size, self.num_hiddens = cell, vocab_size, num_hiddens
        width = make.num_gates * num_hiddens
        self._shapes: Shapes = [
            (vocab_size, width),
            (width, num_hiddens),
            (width,),
            (num_hiddens, vocab_size),
            (vocab_size,),
        ]
        size = sum(map(math.prod, self._shapes))
        self.vector, self._gradient = np.zeros(size, dtype), np.zeros(size, dtype)
        *own, self._W_q, self._b_q = self._cut(self.vector)
        *own_grads, self._dW_q, self._db_q = self._cut(self._gradient)
        options = {"relu": True} if relu else {}
        self._layer = make(LayerParameters(*own), **options)
        self._layer_gradients = LayerParameters(*own_grads)
        self._scores = self._dH = np.empty((0, 0), dtype)
        for name, array in self.params.items():
            if name.startswith("W"):
                array[...] = rng.normal(scale=0.01, size=array.shape)

    @property
    def params(self) -> Dict[str, Floats]:
        """The parameters by the book's names and in its order, to change in place."""
        return self.named(self.vector)

    def named(self, vector: Floats) -> Dict[str, Floats]:
        """A vector of parameters, or of gradients, as the book's arrays.

        Parameters
        ----------
        vector : np.ndarray, shape (number of parameters,)

        Returns
        -------
        dict of str to np.ndarray
            ``W_x., W_h., b_.`` of each gate, (vocab_size, num_hiddens), (num_hiddens,
            num_hiddens), (num_hiddens,); then ``W_hq, b_q``, (num_hiddens,
            vocab_size), (vocab_size,). Views of the vector.
        """
        W_x, W_h, b, W_q, b_q = self._cut(vector)
        gates = [
            np.split(array, self._layer.num_gates, axis=-1) for array in (W_x, W_h.T, b)
        ]
        arrays = [*chain.from_iterable(zip(*gates)), W_q, b_q]
        return dict(zip(parameter_names(self.cell), arrays))

    def put(self, arrays: Mapping[str, Floats]) -> None:
        """Take parameters over, by the names of :meth:`named`.

        Raises
        ------
        ValueError
            If there are others, or of other shapes.
        """
        own = self.params
        if {k: a.shape for k, a in own.items()} != {
            k: a.shape for k, a in arrays.items()
        }:
            raise ValueError("arrays of another model: names or shapes differ")
        for name, array in own.items():
            array[...] = arrays[name]

    def begin_state(self, batch_size: int, ctx: object = None) -> State:
        """Zeros, (batch_size, num_hiddens): H, and C of an LSTM.

        ``ctx`` is there for the loop's sake.
        """
        shape, dtype = (batch_size, self.num_hiddens), self.vector.dtype
        return tuple(np.zeros(shape, dtype) for _ in range(self._layer.num_states))

    def __call__(self, X: Integers, state: Sequence[Floats]) -> Tuple[Floats, State]:
        """Compute logits and the next state.

        Parameters
        ----------
        X : np.ndarray of int, shape (batch_size, num_steps)
        state : sequence of np.ndarray, each (batch_size, num_hiddens)

        Returns
        -------
        logits : np.ndarray, shape (num_steps * batch_size, vocab_size)
            Time-major, as of every language model here.
        state : tuple of np.ndarray
        """
        self._score(self._layer.forward(self._time_major(X), state))
        return self._scores.copy(), self._layer.last_state()

    def loss_and_gradients(
        self, X: Integers, Y: Integers, state: Sequence[Floats]
    ) -> Tuple[float, Floats, State]:
        """Forward and backward pass of one minibatch; the state is a constant in it.

        With ``p`` the softmax of the scores, the mean cross-entropy over the tokens has
        the derivative ``(p - one_hot(y)) / number of tokens`` by the scores.

        Parameters
        ----------
        X, Y : np.ndarray of int, shape (batch_size, num_steps)
        state : sequence of np.ndarray, each (batch_size, num_hiddens)

        Returns
        -------
        loss : float
            Cross-entropy, mean over the tokens, in nats.
        gradient : np.ndarray, shape (number of parameters,)
            In the order of ``vector``; overwritten by the next minibatch's.
        state : tuple of np.ndarray
        """
        tokens, targets = self._time_major(X), self._time_major(Y).ravel()
        hiddens = self._layer.forward(tokens, state)
        state = self._layer.last_state()
        self._score(hiddens)
        p, places = self._scores, np.arange(len(targets))
        p -= p.max(axis=1, keepdims=True)
        scores = p[places, targets]
        np.exp(p, out=p)
        # (num_steps * batch_size, 1)
        total = p.sum(axis=1, keepdims=True)
        loss = float(np.mean(np.log(total[:, 0]) - scores))
        p /= total
        p[places, targets] -= 1
        p /= len(targets)
        np.matmul(hiddens, p, out=self._dW_q)
        np.sum(p, axis=0, out=self._db_q)
        np.matmul(self._W_q, p.T, out=self._dH)
        self._layer.backward(tokens, self._dH, self._layer_gradients)
        return loss, self._gradient, state

    def update(self, gradient: Floats, lr: float, theta: float = 1.0) -> float:
        """One step of gradient descent, the gradient clipped to norm ``theta``::

            g <- min(1, theta / |g|) g,   w <- w - lr g

        Parameters
        ----------
        gradient : np.ndarray, shape (number of parameters,)
            Overwritten.
        lr, theta : float

        Returns
        -------
        float
            ``|g|``, before clipping, of all gradients together.
        """
        norm = math.sqrt(float(np.dot(gradient, gradient)))
        gradient *= lr * min(1.0, theta / norm) if norm > 0 else lr
        self.vector -= gradient
        return norm

    def _cut(self, vector: Floats) -> List[Floats]:
        stops = np.cumsum([math.prod(shape) for shape in self._shapes])[:-1]
        parts = np.split(vector, stops)
        return [part.reshape(shape) for part, shape in zip(parts, self._shapes)]

    def _time_major(self, ids: Integers) -> Integers:
        """(num_steps, batch_size); UsageError where an id is none of the vocabulary."""
        if ids.size and not 0 <= ids.min() <= ids.max() < self.vocab_size:
            raise UsageError(
                f"token ids {ids.min()} to {ids.max()}: the vocabulary has 0 to "
                f"{self.vocab_size - 1}"
            )
        return np.ascontiguousarray(ids.T)

    def _score(self, hiddens: Floats) -> None:
        """Fill ``_scores``, (num_steps * batch_size, vocab_size): ``H W_hq + b_q``."""
        if self._dH.shape != hiddens.shape:
            self._dH = np.empty_like(hiddens)
            shape = hiddens.shape[1], self.vocab_size
            self._scores = np.empty(shape, hiddens.dtype)
        np.matmul(hiddens.T, self._W_q, out=self._scores)
        self._scores += self._b_q
