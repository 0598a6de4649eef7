"""Labels glue back to the text that they were read off."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn.data.corpora import load_text
from d2l_rnn.data.text import clean, tokenize
from d2l_rnn.data.word_labels import MARKS, labelled_words, restore, split_label

BY_HAND = [
    "I said: 'Well, it's half-past",
    'two--let us go!\' (He did.) "WHY?"',
]


def test_by_hand() -> None:
    words, labels = labelled_words(BY_HAND)
    expected = "I/A said/: Well/A, it/' s/ half/- past/ two/-- let/ us/ go/! He/A did/."
    expected += " WHY/A?"
    pairs = [pair.split("/") for pair in expected.split(" ")]
    assert words == [word.lower() for word, _ in pairs]
    assert labels == [label for _, label in pairs]
    assert restore(words, labels) == (
        "I said: Well, it's half-past two--let us go! He did. Why?"
    )


def check_laws(lines: List[str]) -> None:
    words, labels = labelled_words(lines)
    # The words are those of the cleaned text.
    assert words == [w for line in tokenize(clean(lines)) for w in line]
    # Nothing that a label tells is lost on the way back.
    text = restore(words, labels)
    assert labelled_words([text]) == (words, labels)
    # Nor invented: the raw text has as many capitalised words, in the same places.
    raw = [w[0].isupper() for w in re.findall("[A-Za-z]+", "\n".join(lines))]
    assert raw == [split_label(label)[0] for label in labels]
    assert {split_label(label)[1] for label in labels} <= set(MARKS)


@given(st.lists(st.text("aBc.,;:?!-'\" (_é1", max_size=30), max_size=5))
def test_laws_on_any_text(lines: List[str]) -> None:
    check_laws(lines)


def test_laws_on_the_sample() -> None:
    check_laws(load_text("sample").lines)


def test_laws_and_counts_on_the_time_machine(book_data: Path) -> None:
    lines = load_text("time-machine", str(book_data)).lines
    check_laws(lines)
    text, (_, labels) = "\n".join(lines), labelled_words(lines)
    # A sign may hide behind another one ("?--", "...") or stand before the first word.
    for mark, at_most_hidden in ((",", 10), (".", 60), (";", 1), ("?", 2), ("!", 8)):
        found = sum(split_label(label)[1] == mark for label in labels)
        assert text.count(mark) - at_most_hidden <= found <= text.count(mark)


@pytest.mark.parametrize("label, parts", [("A", (True, "")), ("", (False, ""))])
def test_split_label(label: str, parts: object) -> None:
    assert split_label(label) == parts
