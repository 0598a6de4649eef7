"""A text as one array of ids: those of the book's lists, block by block."""

from __future__ import annotations

import itertools
from typing import List

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2l_rnn.data import encoding
from d2l_rnn.data.encoding import (
    blocks_of,
    encode,
    lost_letters,
    renumbered,
    vocabulary,
)
from d2l_rnn.data.text import CLEANINGS, TOKENS, Vocab, clean, tokenize
from d2l_rnn.errors import UsageError

# Letters, what is cleaned away, line ends, other spaces, and characters of every width.
texts = st.text(
    st.sampled_from("aabBz '\n\n.\x0b\x1c\x85\u2028é想\U0001f600<unk>"), max_size=80
)


def lines_of(text: str) -> List[str]:
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("how", CLEANINGS)
@settings(max_examples=60, deadline=None)
@given(text=texts, block=st.integers(1, 30), keep=st.none() | st.integers(0, 20))
def test_ids_and_vocabulary_are_those_of_lists(
    how: str, token: str, text: str, block: int, keep: int
) -> None:
    lines = tokenize(clean(lines_of(text), how), token)
    tokens = list(itertools.chain.from_iterable(lines))
    whole = encoding.BLOCK
    encoding.BLOCK = block
    try:
        assert "".join(blocks_of(text)) == text
        encoded = encode(text, how, token, keep)
    finally:
        encoding.BLOCK = whole
    assert encoded.num_tokens == len(tokens)
    for min_freq in (1, 2):
        expected = Vocab([tokens], min_freq)
        vocab = vocabulary(encoded, encoded.counts, min_freq)
        assert vocab.idx_to_token == expected.idx_to_token
        ids = renumbered(encoded, encoded.ids, vocab)
        assert ids.tolist() == expected[tokens[:keep]] and ids.dtype == "int32"
    assert encoded.first(5) == tokens[:keep][:5]


def test_the_vocabulary_of_a_part_and_of_bounded_size() -> None:
    encoded = encode("c b b a a a\nd d d d", token="word")
    part = numpy.bincount(encoded.ids[:6], minlength=len(encoded.tokens))
    assert vocabulary(encoded, part).idx_to_token == ["<unk>", "a", "b", "c"]
    vocab = vocabulary(encoded, encoded.counts, max_size=2)
    assert vocab.idx_to_token == ["<unk>", "d", "a"]
    ids = renumbered(encoded, encoded.ids, vocab)
    assert ids.tolist() == [0, 0, 0, 2, 2, 2, 1, 1, 1, 1]


@settings(max_examples=60, deadline=None)
@given(texts)
def test_the_share_of_lost_letters(text: str) -> None:
    kept = sum(c.isascii() and c.isalpha() for c in text)
    lost = sum(not c.isascii() and c.isalpha() for c in text)
    assert lost_letters(text) == (lost / (kept + lost) if kept else 1.0)


def test_unknown_choices_are_named() -> None:
    for how, token in (("latin", "char"), ("book", "line")):
        with pytest.raises(UsageError, match="accepted"):
            encode("a", how, token)
