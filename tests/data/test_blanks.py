"""Texts with blanks: where the blanks are, and that the rest is cleaned as usual."""

from __future__ import annotations

import pytest

from d2l_rnn.data.blanks import read_blanks
from d2l_rnn.data.text import Vocab, clean, tokenize
from d2l_rnn.errors import UsageError

CHARS = Vocab([list("the time traveller smiled, hungry pigs above!\n")])
WORDS = Vocab([["i", "am", "hungry", "and"]])


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
def test_characters(text: str, blanks: list, cleaning: str) -> None:
    ids, found = read_blanks(text, "char", cleaning, CHARS)
    assert found == blanks
    expected = [CHARS[c] for c in text]
    assert ids == [CHARS.unk if i in blanks else e for i, e in enumerate(expected)]


def test_the_rest_is_cleaned_as_the_corpus_is() -> None:
    ids, blanks = read_blanks("  The TIME--travell_r!! ", "char", "book", CHARS)
    assert "".join(CHARS.to_tokens(ids)) == "the time travell<unk>r"
    filled = "the time traveller"
    assert clean([filled])[0] == filled and blanks == [16]


@pytest.mark.parametrize(
    "text, blanks",
    [
        ("I am ___", [2]),
        ("I am ___ hungry, and", [2]),
        ("___ am _ hungry", [0, 2]),
    ],
)
def test_words(text: str, blanks: list) -> None:
    ids, found = read_blanks(text, "word", "book", WORDS)
    assert found == blanks
    words = tokenize(clean([text.replace("_", "x")]))[0]
    expected = [WORDS.unk if i in blanks else WORDS[w] for i, w in enumerate(words)]
    assert ids == expected


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
    vocab = CHARS if token == "char" else WORDS
    with pytest.raises(UsageError, match=message):
        read_blanks(text, token, "book", vocab)
