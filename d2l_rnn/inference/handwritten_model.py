"""The network by hand as a character language model, called as all the others are."""

from __future__ import annotations

import math
from typing import Optional, Tuple

import numpy as np

from ..arrays import Floats, Integers
from .handwritten import (
    HIDDEN,
    ForwardPass,
    RNNParameters,
    backward,
    forward,
    known,
    mean_loss,
)


class HandwrittenRNN:
    """A character RNN in NumPy, forward and backward by hand.

    Parameters
    ----------
    vocab_size, num_hiddens : int
    rng : np.random.Generator
        Draws the weights, Normal(0, 0.01) as in the book; biases are zero.
    hidden : "tanh", "relu", "sigmoid" or "identity"
    concatenated : bool
        Which of the two equal forms computes (:func:`.handwritten.forward`).
    dtype : str
        "float32", or "float64".

    Attributes
    ----------
    params : RNNParameters
        Changed in place by :meth:`update`.

    Raises
    ------
    UsageError
        If the activation is not known.
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        rng: np.random.Generator,
        hidden: str = "tanh",
        concatenated: bool = False,
        dtype: str = "float32",
    ) -> None:
        known(HIDDEN, hidden, "hidden activation")
        self.vocab_size, self.num_hiddens = vocab_size, num_hiddens
        self.hidden, self.concatenated, self.dtype = hidden, concatenated, dtype

        def normal(*shape: int) -> Floats:
            return rng.normal(scale=0.01, size=shape).astype(dtype)

        self.params = RNNParameters(
            U=normal(num_hiddens, vocab_size),
            W=normal(num_hiddens, num_hiddens),
            b=np.zeros((num_hiddens, 1), dtype),
            V=normal(vocab_size, num_hiddens),
            c=np.zeros((vocab_size, 1), dtype),
        )

    def begin_state(self, batch_size: int, ctx: object = None) -> Tuple[Floats, ...]:
        """The zero state, (num_hiddens, batch_size); ``ctx`` is for the loop's sake."""
        return (np.zeros((self.num_hiddens, batch_size), self.dtype),)

    def __call__(
        self, X: Integers, state: Tuple[Floats, ...]
    ) -> Tuple[Floats, Tuple[Floats, ...]]:
        """Compute logits and the next state.

        Parameters
        ----------
        X : np.ndarray of int, shape (batch_size, num_steps)
        state : tuple of one np.ndarray, (num_hiddens, batch_size)

        Returns
        -------
        logits : np.ndarray, shape (num_steps * batch_size, vocab_size)
            Time-major, as of every language model here.
        state : tuple of np.ndarray
        """
        passed = self._forward(self._one_hot(X), state)
        # (num_steps, batch_size, vocab_size)
        logits = passed.scores.transpose(0, 2, 1)
        return logits.reshape(-1, self.vocab_size), (passed.states[-1],)

    def loss_and_gradients(
        self,
        X: Integers,
        Y: Integers,
        state: Tuple[Floats, ...],
        gradient_weights: Optional[Floats] = None,
    ) -> Tuple[float, RNNParameters, Tuple[Floats, ...]]:
        """Forward and backward pass of one minibatch.

        Parameters
        ----------
        X, Y : np.ndarray of int, shape (batch_size, num_steps)
        state : tuple of one np.ndarray, (num_hiddens, batch_size)
        gradient_weights : np.ndarray, shape (num_steps,), optional
            As in :func:`.handwritten.backward`.

        Returns
        -------
        loss : float
            Cross-entropy, mean over the tokens, in nats.
        gradients : RNNParameters
        state : tuple of np.ndarray
        """
        x, target = self._one_hot(X), self._one_hot(Y)
        passed = self._forward(x, state)
        gradients, _ = backward(
            self.params,
            x,
            target,
            passed,
            self.hidden,
            self.concatenated,
            gradient_weights,
        )
        return mean_loss(passed.scores, target), gradients, (passed.states[-1],)

    def update(self, gradients: RNNParameters, lr: float, theta: float = 1.0) -> float:
        """One step of gradient descent, the gradient clipped to norm ``theta``::

            g <- min(1, theta / |g|) g,   w <- w - lr g

        Returns
        -------
        float
            ``|g|``, before clipping, of all gradients together.
        """
        norm = math.sqrt(sum(float(np.sum(g**2)) for g in gradients))
        factor = lr * min(1.0, theta / norm) if norm > 0 else lr
        for param, gradient in zip(self.params, gradients):
            param -= factor * gradient
        return norm

    def _forward(self, x: Floats, state: Tuple[Floats, ...]) -> ForwardPass:
        return forward(
            self.params,
            x,
            state[0],
            self.hidden,
            "softmax",
            self.concatenated,
        )

    def _one_hot(self, X: Integers) -> Floats:
        # (num_steps, vocab_size, batch_size)
        rows: Floats = np.eye(self.vocab_size, dtype=self.dtype)[X.T]
        return rows.transpose(0, 2, 1)
