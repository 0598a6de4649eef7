from __future__ import annotations

from pathlib import Path
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn.data.corpora import load_text
from d2l_rnn.data.text import Vocab, clean, corpus_from_lines, count_corpus, tokenize
from d2l_rnn.errors import UsageError

lines_of_text = st.lists(st.text(max_size=30), min_size=1, max_size=8)


def test_clean_book_keeps_lower_case_letters_and_single_spaces() -> None:
    assert clean(["The Time-Machine, by H. G. Wells [1898]\n", "\n", "  I\t\n"]) == [
        "the time machine by h g wells",
        "",
        "i",
    ]


@given(lines_of_text)
def test_clean_book_twice_is_clean_book_once(lines: List[str]) -> None:
    once = clean(lines)
    assert clean(once) == once
    assert set("".join(once)) <= set("abcdefghijklmnopqrstuvwxyz ")


def test_clean_none_keeps_every_character() -> None:
    text = ["Ça, c'est l'été.\r\n", "想要有直升机\n"]
    assert clean(text, "none") == ["Ça, c'est l'été.\n", "想要有直升机\n"]


@pytest.mark.parametrize(
    "function", [lambda v: clean([], v), lambda v: tokenize([], v)]
)
def test_unknown_choice_is_named_with_what_is_accepted(function: object) -> None:
    with pytest.raises(UsageError, match="'latin'.*accepted"):
        function("latin")  # type: ignore[operator]


@given(lines_of_text)
def test_tokens_glue_back_to_the_lines(lines: List[str]) -> None:
    assert ["".join(tokens) for tokens in tokenize(lines, "char")] == lines
    assert [t.split() for t in lines] == tokenize(lines, "word")


def test_count_corpus_flattens() -> None:
    assert count_corpus([["a", "b"], ["a"]]) == count_corpus(["a", "b", "a"])
    assert count_corpus([]) == {}


@given(lines_of_text)
def test_vocab_round_trip_and_order(lines: List[str]) -> None:
    tokens = tokenize(lines, "char")
    vocab = Vocab(tokens, reserved_tokens=["<pad>"])
    assert vocab.to_tokens([0, 1]) == ["<unk>", "<pad>"]
    for line in tokens:
        assert vocab.to_tokens(vocab[line]) == line
    counts = [count for _, count in vocab.token_freqs]
    assert counts == sorted(counts, reverse=True)
    assert len(vocab) == len(set(sum(tokens, []))) + 2


def test_vocab_leaves_out_rare_and_names_unknown() -> None:
    vocab = Vocab(list("aaabbc"), min_freq=2)
    assert vocab.idx_to_token == ["<unk>", "a", "b"]
    assert vocab["c"] == vocab["nobody"] == vocab.unk == 0
    assert vocab[("a", "c")] == [1, 0]


def test_vocab_from_tokens_is_the_saved_one() -> None:
    vocab = Vocab(list("hello world"))
    again = Vocab.from_tokens(vocab.idx_to_token)
    assert again.idx_to_token == vocab.idx_to_token
    assert again[list("low!")] == vocab[list("low!")]
    for wrong in (["a"], [], ["<unk>", "a", "a"]):
        with pytest.raises(UsageError):
            Vocab.from_tokens(wrong)


def test_cut_corpus_keeps_the_whole_vocabulary() -> None:
    corpus, vocab = corpus_from_lines(["aab", "xyz"], "char", max_tokens=3)
    assert vocab.to_tokens(corpus) == ["a", "a", "b"]
    assert len(vocab) == 6
    assert len(corpus_from_lines(["aab", "xyz"])[0]) == 6


def test_book_facts(book_data: Path) -> None:
    lines = clean(load_text("time-machine", book_data).lines)
    assert len(lines) == 3221
    assert lines[0] == "the time machine by h g wells"
    corpus, vocab = corpus_from_lines(lines)
    assert (len(corpus), len(vocab)) == (170580, 28)
    words = tokenize(lines)
    word_vocab = Vocab(words)
    assert word_vocab.token_freqs[:3] == [("the", 2261), ("i", 1267), ("and", 1245)]
    assert word_vocab[words[0]] == [1, 19, 50, 40, 2183, 2184, 400]
    assert word_vocab[words[10]] == [2186, 3, 25, 1044, 362, 113, 7, 1421, 3, 1045, 1]
