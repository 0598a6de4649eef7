"""Corpus and minibatches under the first edition's names (sections 6.3 and 6.4)."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from mxnet import nd

from ..data.first_edition import (
    characters_of,
    consecutive_windows,
    load_lyrics,
    random_windows,
)
from ..files import PathLike
from ..protocols import Device, LegacyArray
from ..semantics import of_nd
from .engine import LegacyMinibatches, on_device


def load_data_jay_lyrics(
    path: Optional[PathLike] = None,
) -> Tuple[List[int], Dict[str, int], List[str], int]:
    """The first 10,000 characters of a Chinese text (section 6.3).

    Without ``path`` it is ``jaychou_lyrics.txt``, in its zip archive or out of it, in
    ``$D2L_RNN_DATA`` or the book's ``../data``; where there is none, the embedded
    text, and a warning says so. Line ends are read as spaces.

    Parameters
    ----------
    path : path, optional
        The book's archive, or any UTF-8 text.

    Returns
    -------
    corpus_indices : list of int
        Up to 10,000 ids.
    char_to_idx : dict of str to int
    idx_to_char : list of str
        In the order of their code points (in the book in another with every start of
        Python).
    vocab_size : int

    Raises
    ------
    DataError
        If the file named is no such text.
    """
    characters = characters_of(load_lyrics(path))
    idx_to_char = sorted(set(characters))
    char_to_idx = {char: i for i, char in enumerate(idx_to_char)}
    corpus_indices = [char_to_idx[char] for char in characters]
    return corpus_indices, char_to_idx, idx_to_char, len(idx_to_char)


@of_nd
def data_iter_random(
    corpus_indices: Sequence[int],
    batch_size: int,
    num_steps: int,
    ctx: Optional[Device] = None,
) -> LegacyMinibatches:
    """Random sampling (section 6.3).

    See :func:`~d2l_rnn.data.first_edition.random_windows`.

    Yields
    ------
    X, Y : nd.NDArray, shape (batch_size, num_steps)
        Each id of Y is the one that follows X's.
    """
    return on_device(random_windows(corpus_indices, batch_size, num_steps), ctx)


@of_nd
def data_iter_consecutive(
    corpus_indices: Sequence[int],
    batch_size: int,
    num_steps: int,
    ctx: Optional[Device] = None,
) -> LegacyMinibatches:
    """Adjacent sampling (section 6.3): each row goes on where it ended.

    See :func:`~d2l_rnn.data.first_edition.consecutive_windows`; yields as
    :func:`data_iter_random`.
    """
    windows = consecutive_windows(corpus_indices, batch_size, num_steps)
    return on_device(windows, ctx)


@of_nd
def to_onehot(X: LegacyArray, size: int) -> List[LegacyArray]:
    """One-hot rows for each step (section 6.4).

    Parameters
    ----------
    X : nd.NDArray, shape (batch_size, num_steps)
        Ids.
    size : int

    Returns
    -------
    list of nd.NDArray
        ``num_steps`` of them, each (batch_size, size).
    """
    return [nd.one_hot(step, size) for step in X.T]
