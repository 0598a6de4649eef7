"""A hidden Markov model as a language model: the next token given all before it."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np

from ..arrays import Floats, Integers
from .hmm import HiddenMarkovModel


class HMMSteps:
    """The forward recursion, a token at a time.

    The state is ``P(h_t | x_1 ... x_{t-1})``, (rows, num_states)::

        P(h_t | x_1 ... x_t)       ~  P(h_t | x_1 ... x_{t-1}) P(x_t | h_t)
        P(h_{t+1} | x_1 ... x_t)   =  sum over h_t of the above times P(h_{t+1} | h_t)
        P(x_{t+1} | x_1 ... x_t)   =  sum over h_{t+1} of that times emission

    Parameters
    ----------
    model : HiddenMarkovModel
    """

    def __init__(self, model: HiddenMarkovModel) -> None:
        self._model = model
        self.vocab_size = model.num_symbols

    def begin_state(self, rows: int) -> List[Floats]:
        """Before anything was read: the initial distribution."""
        return [np.tile(self._model.initial, (rows, 1))]

    @staticmethod
    def select(state: List[Floats], rows: Sequence[int]) -> List[Floats]:
        """The state of these rows."""
        return [array[list(rows)] for array in state]

    def step(
        self, tokens: Integers, state: List[Floats]
    ) -> Tuple[Floats, List[Floats]]:
        """Read a token a row; log-probabilities of the next, (rows, vocab_size)."""
        (expected,) = state
        # (rows, num_states)
        seen = expected * self._model.emission.T[tokens]
        following = seen / seen.sum(axis=1, keepdims=True) @ self._model.transition
        with np.errstate(divide="ignore"):
            return np.log(following @ self._model.emission), [following]
