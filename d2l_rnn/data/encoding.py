"""A text of any length as ids in one array: a block of lines at a time, no list of it.

What :mod:`.text` does with lists of lines and of tokens, as the book has it, is done
here with NumPy on some millions of characters at once: the cleaning on their bytes,
the counting on the ids of tokens in the order of their first appearance. Of the ids
only those are kept that will be read; the vocabulary is counted over all.
"""

from __future__ import annotations

from collections import defaultdict
from typing import DefaultDict, Iterator, List, NamedTuple, Optional

import numpy

from ..arrays import Integers
from ..errors import UsageError
from .text import CLEANINGS, TOKENS, Vocab

#: Characters that are worked on at once.
BLOCK = 1 << 22

# Of each byte the lower-case letter that the book's cleaning makes of it, or 0.
_LETTERS = numpy.zeros(256, "uint8")
for _letter in b"abcdefghijklmnopqrstuvwxyz":
    _LETTERS[[_letter, _letter - 32]] = _letter


class Encoded(NamedTuple):
    """A text's tokens by numbers, in the order of their first appearance.

    Attributes
    ----------
    tokens : list of str
    ids : numpy.ndarray of int32
        Places in ``tokens`` of the text's first tokens: of as many as were asked for.
    counts : numpy.ndarray of int, shape (len(tokens),)
        How often each comes in the whole text.
    """

    tokens: List[str]
    ids: Integers
    counts: Integers

    @property
    def num_tokens(self) -> int:
        """Of the whole text."""
        return int(self.counts.sum())

    def first(self, number: int) -> List[str]:
        """The first tokens of the text."""
        return [self.tokens[k] for k in self.ids[:number]]


def blocks_of(text: str) -> Iterator[str]:
    """A text in pieces of about ``BLOCK`` characters, each of whole lines."""
    start = 0
    while start < len(text):
        stop = text.find("\n", start + BLOCK) + 1 or len(text)
        yield text[start:stop]
        start = stop


def cleaned(block: str, how: str, token: str) -> str:
    """Lines cleaned and joined, so that they can be cut into tokens at once.

    Equal to ``"".join(clean(lines, how))`` for characters; for words a space stands
    between the lines.
    """
    if how == "none":
        return block if block.endswith("\n") else block + "\n"
    given = numpy.frombuffer(block.encode("utf-8", "replace"), "uint8")
    letters = _LETTERS[given]
    places = numpy.flatnonzero(letters)
    if not len(places):
        return ""
    gap = numpy.diff(places) > 1
    if token == "char":  # lines are stripped: none goes on with a space
        lines = numpy.cumsum(given == ord("\n"), dtype="int32")[places]
        gap &= numpy.diff(lines) == 0
    found = numpy.full(len(places) + int(gap.sum()), ord(" "), "uint8")
    target = numpy.arange(len(places))
    target[1:] += numpy.cumsum(gap)
    found[target] = letters[places]
    text = found.tobytes().decode("ascii")
    return text if token == "char" else text + " "


def encode(
    text: str, how: str = "book", token: str = "char", keep: Optional[int] = None
) -> Encoded:
    """Clean a text, cut it into tokens and number these.

    Parameters
    ----------
    text : str
        Its lines end with ``\\n``.
    how, token : str
        As of :func:`~.text.clean` and :func:`~.text.tokenize`.
    keep : int, optional
        How many ids are kept, from the first; None: all.

    Raises
    ------
    UsageError
        If ``how`` or ``token`` is unknown.
    """
    for name, value, accepted in (
        ("cleaning", how, CLEANINGS),
        ("token", token, TOKENS),
    ):
        if value not in accepted:
            raise UsageError(f"{name} {value!r}: accepted are {', '.join(accepted)}")
    number_of = _numbers_of_characters if token == "char" else _numbers_of_words
    numbering: DefaultDict[str, int] = defaultdict()
    numbering.default_factory = numbering.__len__
    counts = numpy.zeros(0, "int64")
    kept: List[Integers] = []
    left = len(text) + 1 if keep is None else keep
    for block in blocks_of(text):
        ids = number_of(cleaned(block, how, token), numbering)
        found = numpy.bincount(ids, minlength=len(numbering))
        found[: len(counts)] += counts
        counts = found
        if left > 0:
            # A copy: the rest of the block is let go of.
            kept.append(ids[:left].astype("int32"))
            left -= len(kept[-1])
    empty = numpy.zeros(0, "int32")
    whole = numpy.concatenate(kept) if kept else empty
    return Encoded(list(numbering), whole, counts)


def _numbers_of_words(block: str, numbering: DefaultDict[str, int]) -> Integers:
    words = block.split()
    return numpy.fromiter(map(numbering.__getitem__, words), "int32", len(words))


def _numbers_of_characters(block: str, numbering: DefaultDict[str, int]) -> Integers:
    points = codepoints(block)
    if not len(points):
        return points.astype("int32")
    # (largest code point + 1,): where each stands first, from the back: the last write
    # stays
    first = numpy.full(int(points.max()) + 1, -1)
    first[points[::-1]] = numpy.arange(len(points))[::-1]
    present = numpy.flatnonzero(first >= 0)
    numbers = numpy.zeros(len(first), "int32")
    for point in present[numpy.argsort(first[present])]:
        numbers[point] = numbering[chr(point)]
    found: Integers = numbers[points]
    return found


def codepoints(text: str) -> Integers:
    """The characters' numbers."""
    return numpy.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def lost_letters(text: str) -> float:
    """The share of a text's letters that the book's cleaning removes; of none, 1."""
    kept = lost = 0
    for block in blocks_of(text):
        counts = numpy.bincount(codepoints(block))
        for point in numpy.flatnonzero(counts):
            if chr(point).isascii():
                kept += int(counts[point]) * chr(point).isalpha()
            else:
                lost += int(counts[point]) * chr(point).isalpha()
    return lost / (kept + lost) if kept else 1.0


def vocabulary(
    encoded: Encoded, counts: Integers, min_freq: int = 1, max_size: int = 0
) -> Vocab:
    """The vocabulary of counted tokens, in the order of :class:`~.text.Vocab`.

    Parameters
    ----------
    encoded : Encoded
    counts : numpy.ndarray of int, shape (len(encoded.tokens),)
        Of the text that it is the vocabulary of: all of it, or a part.
    min_freq : int
        Rarer tokens are left out, hence unknown.
    max_size : int
        Of the most frequent tokens so many are taken, beside ``<unk>``; 0: all.
    """
    order = numpy.argsort(-counts, kind="stable")
    chosen = [encoded.tokens[k] for k in order if counts[k] >= max(1, min_freq)]
    known = [token for token in chosen if token != "<unk>"]
    return Vocab.from_tokens(["<unk>", *known[: max_size or None]])


def renumbered(encoded: Encoded, ids: Integers, vocab: Vocab) -> Integers:
    """Ids of an encoded text as a vocabulary has them, int32."""
    find, unk = vocab.token_to_idx.get, vocab.unk
    own = numpy.array([find(token, unk) for token in encoded.tokens] or [0], "int32")
    found: Integers = own[ids]
    return found
