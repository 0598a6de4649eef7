"""Sentence pairs become padded ids with valid lengths (book Section 9.5)."""

from __future__ import annotations

import random
import re
from typing import (
    Callable,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

from ..errors import DataError, UsageError
from ..files import PathLike
from ..protocols import Array
from .pairs import load_pairs
from .text import Vocab

Sentences = List[List[str]]
Token = TypeVar("Token", str, int)

RESERVED_TOKENS = ["<pad>", "<bos>", "<eos>"]
_NO_PAIRS = "no sentence pairs: a line is source, tab, target"


def read_data_nmt(path: Optional[PathLike] = None) -> str:
    """The English-French sentence pairs as raw text, a pair a line (Section 9.5).

    Parameters
    ----------
    path : path, optional
        The archive, or a text file. Without it fra-eng is looked for, and where that is
        out of reach the embedded sample takes its place, with a warning.

    Raises
    ------
    DataError
        If the file is unreadable or corrupt.
    """
    return load_pairs("auto" if path is None else str(path)).text


def preprocess_nmt(text: str) -> str:
    """Lower the text, and set punctuation marks apart by a space (Section 9.5).

    Non-breaking spaces become spaces.
    """
    text = text.replace("\u202f", " ").replace("\xa0", " ").lower()
    return re.sub(r"(?<=[^ ])([,.!?])", r" \1", text)


def tokenize_nmt(
    text: str, num_examples: Optional[int] = None
) -> Tuple[Sentences, Sentences]:
    """Split preprocessed pairs into word tokens (Section 9.5).

    Parameters
    ----------
    text : str
        A pair a line: source, tab, target. Lines with another number of tabs are
        passed over.
    num_examples : int, optional
        Reads ``num_examples + 1`` lines: the book stops *after* the line with this
        index, and its numbers come from 601 pairs for 600. None or 0 reads all.

    Returns
    -------
    source, target : list of list of str
    """
    source, target = [], []
    for i, line in enumerate(text.split("\n")):
        if num_examples and i > num_examples:
            break
        parts = line.split("\t")
        if len(parts) == 2:
            source.append(parts[0].split(" "))
            target.append(parts[1].split(" "))
    return source, target


def truncate_pad(
    line: Sequence[Token], num_steps: int, padding_token: Token
) -> List[Token]:
    """Cut or pad a line to ``num_steps`` (Section 9.5)."""
    kept = list(line[:num_steps])
    return kept + [padding_token] * (num_steps - len(kept))


Fit = Callable[[List[int], int, int], List[int]]


def build_array_nmt(
    lines: Sentences, vocab: Vocab, num_steps: int, fit: Fit = truncate_pad
) -> Tuple[Array, Array]:
    """Sentences as padded ids, ``<eos>`` at their end (Section 9.5).

    A sentence of ``num_steps`` tokens or more is cut, and loses its ``<eos>``.

    Parameters
    ----------
    lines : list of list of str
    vocab : Vocab
        With ``<pad>`` and ``<eos>``.
    num_steps : int
    fit : callable
        :func:`truncate_pad`, or what a reader has put in its place.

    Returns
    -------
    array : mxnet.np.ndarray, shape (len(lines), num_steps)
        float32, as in the book.
    valid_len : mxnet.np.ndarray, shape (len(lines),)
        int32; number of tokens that are not padding.
    """
    from mxnet import np

    ids, valid_len = ids_nmt(lines, vocab, num_steps, fit)
    return np.array(ids), np.array(valid_len, dtype="int32")


def ids_nmt(
    lines: Sentences, vocab: Vocab, num_steps: int, fit: Fit = truncate_pad
) -> Tuple[List[List[int]], List[int]]:
    """What :func:`build_array_nmt` makes arrays of: padded ids, and valid lengths."""
    pad, eos = vocab["<pad>"], vocab["<eos>"]
    ids = [fit(vocab[line] + [eos], num_steps, pad) for line in lines]
    return ids, [sum(token != pad for token in row) for row in ids]


class PairLoader:
    """Minibatches of sentence pairs, shuffled anew at each iteration.

    The order comes from Python's ``random``, like the book's text iterators and unlike
    a ``DataLoader``, and the last minibatch may be smaller.

    Parameters
    ----------
    arrays : sequence of mxnet.np.ndarray
        ``X, X_valid_len, Y, Y_valid_len``, equally long.
    batch_size : int
    shuffle : bool

    Yields
    ------
    list of mxnet.np.ndarray
        A minibatch of each array.
    """

    def __init__(
        self, arrays: Sequence[Array], batch_size: int, shuffle: bool = True
    ) -> None:
        if batch_size < 1:
            raise UsageError(f"batch_size {batch_size}: at least 1")
        self.arrays = list(arrays)
        self.batch_size = batch_size
        self.shuffle = shuffle

    def __len__(self) -> int:
        return -(-len(self.arrays[0]) // self.batch_size)

    def __iter__(self) -> Iterator[List[Array]]:
        from mxnet import np

        num_examples = len(self.arrays[0])
        arrays = self.arrays
        if self.shuffle:
            order = list(range(num_examples))
            random.shuffle(order)
            index = np.array(order, dtype="int32", ctx=arrays[0].ctx)
            arrays = [np.take(array, index, axis=0) for array in arrays]
        for i in range(0, num_examples, self.batch_size):
            yield [array[i : i + self.batch_size] for array in arrays]


def load_arrays_nmt(
    source: Sentences,
    target: Sentences,
    src_vocab: Vocab,
    tgt_vocab: Vocab,
    batch_size: int,
    num_steps: int,
    shuffle: bool = True,
) -> PairLoader:
    """Minibatches of tokenised pairs under given vocabularies.

    Raises
    ------
    DataError
        If there is no pair.
    """
    if not source:
        raise DataError(_NO_PAIRS)
    if num_steps < 1:
        raise UsageError(f"num_steps {num_steps}: at least 1")
    arrays = [
        *build_array_nmt(source, src_vocab, num_steps),
        *build_array_nmt(target, tgt_vocab, num_steps),
    ]
    return PairLoader(arrays, batch_size, shuffle)


def build_vocab_nmt(lines: Sentences, min_freq: int = 2) -> Vocab:
    """Vocabulary of tokenised sentences; rarer tokens are ``<unk>`` (Section 9.5)."""
    return Vocab(lines, min_freq=min_freq, reserved_tokens=RESERVED_TOKENS)


Pairs = Tuple[Sentences, Sentences]


def split_pairs(
    source: Sentences, target: Sentences, num_heldout: int, seed: Union[int, str] = 0
) -> Tuple[Pairs, Pairs]:
    """Hold out pairs whose source sentence does not occur in training.

    Many sentences of fra-eng come with several translations. All pairs of a source
    sentence go to the same side, or the held-out loss would be that of sentences seen.

    Parameters
    ----------
    source, target : list of list of str
    num_heldout : int
        Pairs to hold out; up to a sentence's number of translations more are.
    seed : int or str
        Of the choice, which depends on nothing else.

    Returns
    -------
    training, heldout : (source, target)
        Both in their old order.

    Raises
    ------
    DataError
        If there is no pair.
    UsageError
        If none would be left to train on.
    """
    if not source:
        raise DataError(_NO_PAIRS)
    indices: Dict[Tuple[str, ...], List[int]] = {}
    for i, sentence in enumerate(source):
        indices.setdefault(tuple(sentence), []).append(i)
    groups = list(indices.values())
    random.Random(seed).shuffle(groups)
    heldout: List[int] = []
    for group in groups:
        if len(heldout) >= num_heldout:
            break
        heldout += group
    chosen = set(heldout)
    if len(chosen) == len(source):
        raise UsageError(
            f"{num_heldout} held-out pairs of {len(source)}: none left to train on"
        )
    return (
        _pick(source, target, [i for i in range(len(source)) if i not in chosen]),
        _pick(source, target, sorted(chosen)),
    )


def _pick(source: Sentences, target: Sentences, indices: List[int]) -> Pairs:
    return [source[i] for i in indices], [target[i] for i in indices]
