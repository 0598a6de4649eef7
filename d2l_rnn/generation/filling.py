"""A net that reads both sides fills the blanks of a text (book Section 9.4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, NamedTuple, Sequence, Tuple

import numpy
from mxnet import np, npx

from ..arrays import Floats, Integers
from ..data.text import Vocab
from ..protocols import Device

_MOST_SWEEPS = 20


class Filled(NamedTuple):
    """One blank: its place, and ``best``, tokens with their probabilities."""

    position: int
    best: List[Tuple[str, float]]


def fill(
    net: Any,
    ids: Sequence[int],
    blanks: Sequence[int],
    vocab: Vocab,
    device: Device,
    num_best: int = 5,
) -> List[Filled]:
    """Fill each blank with its likeliest token, given the text and the other blanks.

    Several blanks are filled one at a time, again and again, until none changes
    (iterated conditional modes, Besag 1986); they begin with the commonest token.

    Parameters
    ----------
    net : ClozeModel
    ids : sequence of int
        The text; what stands in a blank does not matter.
    blanks : sequence of int
        Positions.
    vocab : Vocab
    device : mxnet.Context
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
            given = probabilities(net, row, device)[0, position]
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
    net : ClozeModel
    vocab : Vocab
    token, clean : str
        What a token is, and how a text is cleaned: as the model was trained.
    """

    path: Path
    net: Any
    vocab: Vocab
    token: str
    clean: str


def probabilities(net: Any, rows: Integers, device: Device) -> Floats:
    """What a net makes of every position of rows of text, each read as a whole.

    Parameters
    ----------
    net : ClozeModel or Tagger
    rows : numpy.ndarray of int, shape (batch_size, num_steps)
    device : mxnet.Context

    Returns
    -------
    numpy.ndarray of float32, shape (batch_size, num_steps, num_outputs)
        Sums to one along the last axis.
    """
    X = np.array(rows, ctx=device)
    logits, _ = net(X, net.begin_state(X.shape[0], device))
    given = npx.softmax(logits.reshape(X.shape[1], X.shape[0], -1), axis=-1)
    found: Floats = given.asnumpy().swapaxes(0, 1)
    return found
