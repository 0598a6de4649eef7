"""The data of the book's first edition (Chinese, section 6.3): one line of characters.

Its corpus is Jay Chou's lyrics, which are not ours to give away: they are read where
the reader has them, and an original text of ours takes their place elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import random
import warnings
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Tuple

import numpy

from ..arrays import Floats
from ..errors import UsageError
from ..files import PathLike
from .corpora import SampleCorpusWarning, TextFile, load_text
from .pairs import is_zip, read_zip_member
from .reading import decode, read_content, shown

#: The file's name in the book, inside of its archive and without it.
LYRICS = "jaychou_lyrics.txt"
#: Characters that the book reads of it.
NUM_CHARACTERS = 10_000
_BOOKS_FOLDER = Path("..", "data")  # where the book's notebooks look

Windows = Iterator[Tuple[Floats, Floats]]


def find_lyrics() -> Optional[Path]:
    """The reader's own lyrics: in ``$D2L_RNN_DATA``, ``../data``, zip before text."""
    folders = [os.environ.get("D2L_RNN_DATA"), _BOOKS_FOLDER]
    for folder in folders:
        for name in (f"{LYRICS}.zip", LYRICS):
            if folder and Path(folder, name).is_file():
                return Path(folder, name)
    return None


def load_lyrics(path: Optional[PathLike] = None) -> TextFile:
    """Read a text for the first edition's experiments.

    Parameters
    ----------
    path : path, optional
        A UTF-8 text, or a zip archive with ``jaychou_lyrics.txt`` in it. None: the
        reader's own lyrics where :func:`find_lyrics` finds them, else the embedded
        Chinese text, with a :class:`~.corpora.SampleCorpusWarning`.

    Raises
    ------
    DataError
        If the file is not there, no regular file, corrupt, too large or not UTF-8.
    """
    found = find_lyrics() if path is None else Path(path)
    if found is None:
        warnings.warn(
            f"{LYRICS}.zip is neither in $D2L_RNN_DATA nor in {_BOOKS_FOLDER}: going "
            "on with the embedded Chinese text, whose numbers are not comparable with "
            "the book's.",
            SampleCorpusWarning,
            stacklevel=3,
        )
        return load_text("sample-zh")
    content = raw = read_content(found, "lyrics")
    name = f"lyrics {shown(found)}"
    if is_zip(content):
        raw, name = read_zip_member(content, LYRICS, name), f"{name}: {LYRICS}"
    text = decode(raw, name, found if raw is content else LYRICS)
    sha1 = hashlib.sha1(content).hexdigest()
    return TextFile(found.name, sha1, text)


def characters_of(text: TextFile, most: int = NUM_CHARACTERS) -> str:
    """The first characters of a text, its line ends read as spaces, as in the book."""
    return " ".join(text.lines)[:most]


def random_windows(
    corpus_indices: Sequence[int], batch_size: int, num_steps: int
) -> Windows:
    """Subsequences in random order, a minibatch at a time.

    Of the ``(len - 1) // num_steps`` subsequences, which begin at multiples of
    ``num_steps`` and do not overlap, ``batch_size`` at a time; those that fill no
    minibatch are left out. The order is that of Python's ``random.shuffle``.

    Parameters
    ----------
    corpus_indices : sequence of int
    batch_size, num_steps : int

    Yields
    ------
    X, Y : np.ndarray of float32, shape (batch_size, num_steps)
        Each id of Y is the one that follows X's.

    Raises
    ------
    UsageError
        If a size is not at least 1.
    """
    _check_sizes(batch_size, num_steps)
    ids = numpy.asarray(corpus_indices, "float32")
    num_examples = max(0, (len(ids) - 1) // num_steps)
    order: List[int] = list(range(num_examples))
    random.shuffle(order)
    # (number of examples, num_steps): where each of its ids stands
    places = num_steps * numpy.arange(num_examples)[:, None] + numpy.arange(num_steps)
    for first in range(0, num_examples - batch_size + 1, batch_size):
        chosen = places[order[first : first + batch_size]]
        yield ids[chosen], ids[chosen + 1]


def consecutive_windows(
    corpus_indices: Sequence[int], batch_size: int, num_steps: int
) -> Windows:
    """Adjacent sampling: row ``b`` of a minibatch goes on where that of the last ended.

    The ids are cut into ``batch_size`` rows of equal length, and the rows into windows
    from their first id on; what fills none is left out. Parameters, yields and errors
    as in :func:`random_windows`.
    """
    _check_sizes(batch_size, num_steps)
    ids = numpy.asarray(corpus_indices, "float32")
    num_columns = len(ids) // batch_size
    # (batch_size, num_columns)
    rows = ids[: batch_size * num_columns].reshape(batch_size, num_columns)
    for first in range(0, (num_columns - 1) // num_steps * num_steps, num_steps):
        yield (
            rows[:, first : first + num_steps],
            rows[:, first + 1 : first + num_steps + 1],
        )


def _check_sizes(batch_size: int, num_steps: int) -> None:
    for name, size in (("batch_size", batch_size), ("num_steps", num_steps)):
        if size < 1:
            raise UsageError(f"{name} {size}: at least 1")
