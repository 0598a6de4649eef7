"""The most probable tokens for the blanks of a text, and the model that knows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..data.text import Vocab
from ..errors import RunError
from ..models.both_sides import ClozeModel
from ..models.gluon_layers import named_arrays
from ..results import record
from ..training import checkpoint
from .both_sides import BIDIRECTIONAL, arrays_under, build_both, probabilities
from .configs_bidirectional import ClozeConfig
from .trained import checkpoint_of, trained_config, vocabulary

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
    device: Any,
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
    row = np.array([ids])
    row[0, list(blanks)] = min(1, len(vocab) - 1)
    for _ in range(_MOST_SWEEPS):
        before = row.copy()
        found = []
        for position in blanks:
            given = probabilities(net, row, device)[0, position]
            given[vocab.unk] = 0
            order = np.argsort(-given)[:num_best]
            row[0, position] = order[0]
            best = [(str(vocab.to_tokens(int(i))), float(given[i])) for i in order]
            found.append(Filled(position, best))
        if len(blanks) == 1 or (row == before).all():
            break
    return found


class Filler(NamedTuple):
    """A trained model for blanks."""

    path: Path
    config: ClozeConfig
    net: Any
    vocab: Vocab


def load_filler(path: Any, device: Any) -> Filler:
    """Load the bidirectional net of a run of ``cloze``.

    Parameters
    ----------
    path : path
        The run directory, or the checkpoint in it.

    Raises
    ------
    RunError
        If it is none, or damaged.
    """
    path = checkpoint_of(path)
    arrays, notes = checkpoint.load(path)
    _, config = trained_config(
        path, ClozeConfig, "blanks are filled by a run of cloze or cloze-word"
    )
    vocab = vocabulary(path, notes, "vocab")
    net = build_both(ClozeModel, config, len(vocab), len(vocab), device)[BIDIRECTIONAL]
    checkpoint.put_arrays(named_arrays(net), arrays_under(BIDIRECTIONAL, arrays))
    return Filler(path, config, net, vocab)


def latest_run(token: str, runs: Path = Path("runs")) -> Path:
    """The newest finished run of ``cloze`` or ``cloze-word`` for a kind of token.

    Raises
    ------
    RunError
        If there is none; says how to make one.
    """
    newest: Optional[Tuple[float, Path]] = None
    for result in runs.glob(f"cloze*/seed-*/{record.RESULT}"):
        if record.read_run(result.parent).config.get("token") != token:
            continue
        candidate = (result.stat().st_mtime, result.parent)
        newest = max(newest, candidate) if newest else candidate
    if newest is None:
        name = "cloze" if token == "char" else "cloze-word"
        raise RunError(
            f"no finished run of {name} in {runs}/: train one with 'd2l-rnn run "
            f"{name}', or name its directory with --run"
        )
    return newest[1]
