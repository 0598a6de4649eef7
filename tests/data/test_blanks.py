"""Texts with blanks: where the blanks are, and that the rest is cleaned as usual."""

from __future__ import annotations

from typing import Any, List

import pytest

from d2l_rnn.data.blanks import read_blanks
from d2l_rnn.data.text import clean, tokenize
from d2l_rnn.errors import UsageError


@pytest.mark.parametrize("cleaning", ["book", "none"])
@pytest.mark.parametrize(
    "text, blanks",
    [
        ("the time travell_r smiled", [16]),
        ("_he time", [0]),
        ("the_time", [3]),
        ("the _", [4]),
        ("the __me", [4, 5]),
    ],
)
def test_characters(text: str, blanks: List[Any], cleaning: str) -> None:
    tokens, found = read_blanks(text, "char", cleaning)
    assert found == blanks and tokens == list(text)


def test_the_rest_is_cleaned_as_the_corpus_is() -> None:
    text = "  The TIME--travell_r!! "
    tokens, blanks = read_blanks(text, "char", "book")
    tokens[blanks[0]] = "e"
    assert ["".join(tokens)] == clean([text.replace("_", "e")])


@pytest.mark.parametrize(
    "text, blanks",
    [
        ("I am ___", [2]),
        ("I am ___ hungry, and", [2]),
        ("___ am _ hungry", [0, 2]),
    ],
)
def test_words(text: str, blanks: List[Any]) -> None:
    tokens, found = read_blanks(text, "word", "book")
    assert found == blanks
    words = tokenize(clean([text.replace("_", "x")]))[0]
    assert [token.replace("_", "x") for token in tokens] == words


@pytest.mark.parametrize(
    "text, token, message",
    [
        ("no blank at all", "char", "holds no blank; a blank is written _ for"),
        ("no blank at all", "word", "a blank is written ___ for a word"),
        ("", "char", "no blank"),
        ("___", "word", "nothing but blanks"),
        ("__", "char", "nothing but blanks"),
        ("I am hun__y", "word", "'hun__y' is blank in part"),
    ],
)
def test_unusable_texts_are_refused(text: str, token: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_blanks(text, token, "book")
