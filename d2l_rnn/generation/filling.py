"""A net that reads both sides fills the blanks of a text (book Section 9.4)."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, List, NamedTuple, Sequence, Tuple

import numpy

from ..arrays import Floats, Integers
from ..data.text import Vocab

_MOST_SWEEPS = 20

#: Of rows of text (batch_size, num_steps) the distribution of every token given all
#: others, (batch_size, num_steps, vocab_size).
Probabilities = Callable[[Integers], Floats]


class Filled(NamedTuple):
    """One blank: its place, and ``best``, tokens with their probabilities."""

    position: int
    best: List[Tuple[str, float]]


def fill(
    probabilities: Probabilities,
    ids: Sequence[int],
    blanks: Sequence[int],
    vocab: Vocab,
    num_best: int = 5,
) -> List[Filled]:
    """Fill each blank with its likeliest token, given the text and the other blanks.

    Several blanks are filled one at a time, again and again, until none changes
    (iterated conditional modes, Besag 1986); they begin with the commonest token.

    Parameters
    ----------
    probabilities : callable
        ``probabilities(rows)``: a trained model's.
    ids : sequence of int
        The text; what stands in a blank does not matter.
    blanks : sequence of int
        Positions.
    vocab : Vocab
    num_best : int
        How many tokens to return for each blank.

    Returns
    -------
    list of Filled
        Probabilities given what the other blanks were filled with at last. The
        unknown token is never filled in.
    """
    row = numpy.array([ids])
    row[0, list(blanks)] = min(1, len(vocab) - 1)
    for _ in range(_MOST_SWEEPS):
        before = row.copy()
        found = []
        for position in blanks:
            given = probabilities(row)[0, position]
            given[vocab.unk] = 0
            order = numpy.argsort(-given)[:num_best]
            row[0, position] = order[0]
            best = [(str(vocab.to_tokens(int(i))), float(given[i])) for i in order]
            found.append(Filled(position, best))
        if len(blanks) == 1 or (row == before).all():
            break
    return found


class Filler(NamedTuple):
    """A trained model for blanks, with what it needs to read a text.

    Attributes
    ----------
    path : pathlib.Path
        Its checkpoint.
    probabilities : callable
        ``probabilities(rows)``, which :func:`fill` takes.
    vocab : Vocab
    token, clean : str
        What a token is, and how a text is cleaned: as the model was trained.
    """

    path: Path
    probabilities: Probabilities
    vocab: Vocab
    token: str
    clean: str
