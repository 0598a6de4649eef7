"""An n-gram model as a language model: a token at a time, and its counts as arrays."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple, cast

import numpy as np

from ..arrays import Floats, Integers
from ..errors import UsageError
from ..protocols import Arrays
from .network import Tokens
from .ngrams import ContextModel

_NAME = "ngrams.{}"  # of the table of n-grams of so many tokens


class NgramSteps:
    """``P(x_t | x_{t-1}, ..., x_{t-n+1})``, for the searches of :mod:`.decoding`.

    The state is what was read last, (rows, n - 1) ids, the newest first; -1 where
    nothing was read yet.

    Parameters
    ----------
    model : ContextModel
        Of :func:`.ngrams.ngram_model`.
    """

    def __init__(self, model: ContextModel) -> None:
        self._model = model
        self.vocab_size = model.vocab_size

    def begin_state(self, rows: int) -> Integers:
        """Before anything was read."""
        return np.full((rows, len(self._model.offsets)), -1)

    @staticmethod
    def select(state: Integers, rows: Sequence[int]) -> Integers:
        """The state of these rows, copied."""
        selected: Integers = state[list(rows)]
        return selected

    def step(self, tokens: Tokens, state: Integers) -> Tuple[Floats, Integers]:
        """Read a token a row; log-probabilities of the next, (rows, vocab_size)."""
        read = np.reshape(tokens, (-1, 1))
        # (rows, n - 1)
        state = np.concatenate([read, state], axis=1)[:, : state.shape[1]]
        given = [self._model.probabilities(row[row >= 0]) for row in state]
        return np.log(given), state


def named_tables(model: ContextModel, largest: int) -> Dict[str, Floats]:
    """The counts of a model as arrays by name, the shortest n-grams first.

    Parameters
    ----------
    model : ContextModel
    largest : int
        Bytes in all: tables of longer n-grams that would go beyond are left out.

    Returns
    -------
    dict of str to numpy.ndarray of int64, each (num_ngrams, n + 1)
        See :meth:`.ngrams.ContextModel.tables`.
    """
    found: Dict[str, Floats] = {}  # as a checkpoint's arrays are called, if integers
    for length, table in enumerate(model.tables(), start=1):
        if sum(t.nbytes for t in (*found.values(), table)) > largest:
            break
        found[_NAME.format(length)] = cast("Floats", table)
    return found


def tables_in(arrays: Arrays) -> List[Integers]:
    """The tables of :func:`named_tables`, in their order.

    Raises
    ------
    UsageError
        If one is missing, or something else is there.
    """
    names = [_NAME.format(length) for length in range(1, len(arrays) + 1)]
    if not names or set(names) != set(arrays):
        raise UsageError(f"its arrays are not {_NAME.format(1)} and so on")
    return [cast("Integers", arrays[name]) for name in names]
