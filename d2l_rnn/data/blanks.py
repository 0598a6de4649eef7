"""A text with blanks in it becomes tokens."""

from __future__ import annotations

import re
from typing import List, Tuple

from ..errors import UsageError
from .text import clean

#: How a blank is written: one character, or a word.
BLANKS = {"char": "_", "word": "___"}


def read_blanks(text: str, token: str, cleaning: str) -> Tuple[List[str], List[int]]:
    """Clean a text around its blanks and cut it into tokens.

    Parameters
    ----------
    text : str
        With ``token`` "char" every ``_`` is a blank of one character; with "word" a
        run of ``_`` that stands alone is a blank of one word.
    token : {'char', 'word'}
    cleaning : {'book', 'none'}
        As the model's text was cleaned.

    Returns
    -------
    tokens : list of str
        The blanks as they were written.
    blanks : list of int
        Where they are.

    Raises
    ------
    UsageError
        If there is no blank, a word is blank in part, or nothing but blanks is there.
    """
    pieces = [_cleaned(piece, cleaning) for piece in re.split("(_+)", text)]
    cleaned = "".join(pieces).strip()
    tokens = list(cleaned) if token == "char" else cleaned.split()
    blanks = [place for place, item in enumerate(tokens) if not item.strip("_")]
    torn = [item for item in tokens if "_" in item and item.strip("_")]
    if torn:
        raise UsageError(
            f"{torn[0]!r} is blank in part: this model fills in whole words, written "
            f"{BLANKS['word']}"
        )
    if not blanks:
        raise UsageError(
            f"{text!r} holds no blank; a blank is written {BLANKS[token]} for a "
            f"{'character' if token == 'char' else 'word'}"
        )
    if len(blanks) == len(tokens):
        lost = [repr(c) for c in dict.fromkeys(text) if c not in "_ "]
        but = (
            f": {', '.join(lost)} are cleaned away (--clean {cleaning})" if lost else ""
        )
        raise UsageError(f"{text!r} holds nothing but blanks{but}")
    return tokens, blanks


def _cleaned(piece: str, cleaning: str) -> str:
    """A piece of a line cleaned, its spaces at either end kept; blanks as they are."""
    if piece.startswith("_"):
        return piece
    # A letter on either side keeps the spaces that the cleaning would strip.
    return clean([f"x{piece}x"], cleaning)[0].rstrip("\n")[1:-1]
