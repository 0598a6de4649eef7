"""Capitals and punctuation as labels of words, read off a raw text."""

from __future__ import annotations

import re
from typing import List, Sequence, Tuple

#: What may follow a word; the empty string is a mere space.
MARKS = ("", ",", ".", ";", ":", "?", "!", "--", "-", "'")
#: Put before the mark in the label of a word that begins with a capital.
CAPITAL = "A"
#: Two words that one of these joins have no space between them.
_JOINING = ("--", "-", "'")
_STOPS = re.compile(r"--|[,.;:?!]")


def labelled_words(lines: Sequence[str]) -> Tuple[List[str], List[str]]:
    """The words of a text as the book cleans it, and what the cleaning took away.

    Parameters
    ----------
    lines : sequence of str
        Raw text.

    Returns
    -------
    words : list of str
        The same as the word tokens of the cleaned lines.
    labels : list of str
        One a word: ``CAPITAL`` if it began with a capital letter, then the mark of
        ``MARKS`` that followed. Where several signs followed, the first that is a
        stop or a dash counts; quotation marks, brackets and the like are left out.

    Examples
    --------
    >>> labelled_words(["'It's late,' said I."])[1]
    ["A'", '', ',', '', 'A.']
    """
    text = "\n".join(lines)
    found = list(re.finditer("[A-Za-z]+", text))
    words, labels = [], []
    for index, match in enumerate(found):
        end = found[index + 1].start() if index + 1 < len(found) else len(text)
        capital = CAPITAL if match.group()[0].isupper() else ""
        words.append(match.group().lower())
        labels.append(capital + _mark(text[match.end() : end]))
    return words, labels


def _mark(gap: str) -> str:
    """The mark that a stretch between two words holds."""
    if gap in ("-", "'"):
        return gap
    stop = _STOPS.search(gap)
    return stop.group() if stop else ""


def split_label(label: str) -> Tuple[bool, str]:
    """Whether a label asks for a capital, and its mark."""
    capital = label.startswith(CAPITAL)
    return capital, label[len(CAPITAL) :] if capital else label


def restore(words: Sequence[str], labels: Sequence[str]) -> str:
    """Put capitals and marks back: the inverse of :func:`labelled_words`.

    Returns
    -------
    str
        One line.
    """
    parts = []
    for word, label in zip(words, labels):
        capital, mark = split_label(label)
        space = "" if mark in _JOINING else " "
        parts.append((word.capitalize() if capital else word) + mark + space)
    return "".join(parts).rstrip(" ")
