"""Sentence pairs as the book makes minibatches of them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, List, Tuple

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2l_rnn.data.pairs import load_pairs
from d2l_rnn.data.text import Vocab
from d2l_rnn.data.translation import (
    PairLoader,
    build_array_nmt,
    build_vocab_nmt,
    load_arrays_nmt,
    preprocess_nmt,
    split_pairs,
    tokenize_nmt,
    truncate_pad,
)
from d2l_rnn.errors import DataError, UsageError


def preprocess_by_character(text: str) -> str:
    """The book's rule, character by character."""
    text = text.replace("\u202f", " ").replace("\xa0", " ").lower()
    out = ""
    for i, char in enumerate(text):
        if char in ",.!?" and i > 0 and text[i - 1] != " ":
            out += " "
        out += char
    return out


def test_preprocessing_sets_punctuation_apart() -> None:
    text = "Go.\tVa\u202f!\nI'm home, Tom?!\tÇa va\xa0?"
    assert preprocess_nmt(text) == "go .\tva !\ni'm home , tom ? !\tça va ?"


@given(st.text(alphabet="aB ,.!?\n\t\xa0\u202fÉ", max_size=30))
def test_preprocessing_is_the_books(text: str) -> None:
    assert preprocess_nmt(text) == preprocess_by_character(text)


def test_tokenizing_reads_601_lines_for_600() -> None:
    text = "\n".join(f"s{i} .\tt{i} !" for i in range(700))
    source, target = tokenize_nmt(text, 600)
    assert len(source) == len(target) == 601
    assert source[-1] == ["s600", "."] and target[-1] == ["t600", "!"]
    assert len(tokenize_nmt(text)[0]) == 700
    assert len(tokenize_nmt(text, 0)[0]) == 700


def test_lines_that_are_no_pair_are_passed_over_but_counted() -> None:
    text = "a\tb\nno tab\na\tb\tc\n\nc\td"
    assert tokenize_nmt(text) == ([["a"], ["c"]], [["b"], ["d"]])
    assert tokenize_nmt(text, 3) == ([["a"]], [["b"]])


@given(st.lists(st.integers(), max_size=12), st.integers(0, 12))
def test_a_padded_line_is_the_line_then_padding(
    line: List[Any], num_steps: int
) -> None:
    kept = list(line)
    padded = truncate_pad(line, num_steps, "pad")
    assert len(padded) == num_steps
    assert padded[: len(line)] == line[:num_steps]
    assert set(padded[len(line) :]) <= {"pad"}
    assert line == kept


def test_arrays_end_in_eos_and_count_what_is_valid() -> None:
    vocab = build_vocab_nmt([["a", "b", "c", "a", "b", "c"]])
    lines = [["a", "b"], ["c"], ["a", "b", "c", "a"], ["rare"]]
    array, valid_len = build_array_nmt(lines, vocab, 4)
    pad, eos = vocab["<pad>"], vocab["<eos>"]
    a, b, c = vocab[["a", "b", "c"]]
    assert array.asnumpy().tolist() == [
        [a, b, eos, pad],
        [c, eos, pad, pad],
        [a, b, c, a],  # cut: it has lost its <eos>, as in the book
        [vocab.unk, eos, pad, pad],
    ]
    assert valid_len.asnumpy().tolist() == [3, 2, 4, 2]
    assert (array.dtype, valid_len.dtype) == (numpy.float32, numpy.int32)


def make_loader(
    num_examples: int = 10, batch_size: int = 4, shuffle: bool = True
) -> Tuple[PairLoader, Tuple[Vocab, Vocab]]:
    source = [[f"s{i}"] for i in range(num_examples)]
    target = [[f"t{i}", "!"] for i in range(num_examples)]
    vocabs = build_vocab_nmt(source, 1), build_vocab_nmt(target, 1)
    loader = load_arrays_nmt(source, target, *vocabs, batch_size, 3, shuffle)
    return loader, vocabs


def pairs_of(loader: PairLoader, vocabs: Tuple[Vocab, Vocab]) -> List[Tuple[str, str]]:
    pairs = []
    for X, X_valid_len, Y, Y_valid_len in loader:
        assert len(X) == len(X_valid_len) == len(Y) == len(Y_valid_len)
        for x, y in zip(X.asnumpy(), Y.asnumpy()):
            pairs.append(
                (vocabs[0].to_tokens(int(x[0])), vocabs[1].to_tokens(int(y[0])))
            )
    return pairs


def test_minibatches_hold_every_pair_once_and_keep_pairs_together() -> None:
    loader, vocabs = make_loader()
    assert len(loader) == 3
    assert [len(X) for X, *_ in loader] == [4, 4, 2]
    pairs = pairs_of(loader, vocabs)
    assert sorted(pairs) == sorted((f"s{i}", f"t{i}") for i in range(10))


def test_the_order_is_new_each_epoch_and_follows_the_seed() -> None:
    loader, vocabs = make_loader(num_examples=30)
    random.seed(5)
    first, second = pairs_of(loader, vocabs), pairs_of(loader, vocabs)
    assert first != second
    random.seed(5)
    assert pairs_of(loader, vocabs) == first
    unshuffled, vocabs = make_loader(shuffle=False)
    assert pairs_of(unshuffled, vocabs) == [(f"s{i}", f"t{i}") for i in range(10)]


def test_the_books_file_has_the_books_numbers(book_data: Path) -> None:
    text = preprocess_nmt(load_pairs("fra-eng", book_data).text)
    assert text.startswith("go .\tva !\nhi .\tsalut !\nrun !\tcours !")
    source, _ = tokenize_nmt(text)
    vocab = build_vocab_nmt(source)
    assert len(vocab) == 10012
    line = truncate_pad(vocab[source[0]], 10, vocab["<pad>"])
    assert line == [47, 4, 1, 1, 1, 1, 1, 1, 1, 1]


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=12, max_size=40).filter(
        lambda ids: len(set(ids)) > 4
    ),
    st.integers(0, 6),
    st.integers(0, 3),
)
def test_held_out_sentences_are_never_trained_on(
    ids: List[int], num_heldout: int, seed: int
) -> None:
    source = [[f"s{i}"] for i in ids]
    target = [[f"t{n}"] for n in range(len(ids))]
    most = max(ids.count(i) for i in ids)
    if num_heldout + most > len(ids):
        return
    training, heldout = split_pairs(source, target, num_heldout, seed)
    assert split_pairs(source, target, num_heldout, seed) == (training, heldout)
    assert not {s for (s,) in training[0]} & {s for (s,) in heldout[0]}
    both = sorted(zip(training[0] + heldout[0], training[1] + heldout[1]))
    assert both == sorted(zip(source, target))
    assert num_heldout <= len(heldout[0]) < num_heldout + most


def test_another_seed_holds_out_others() -> None:
    source = [[str(i)] for i in range(100)]
    choices = [split_pairs(source, source, 10, seed)[1] for seed in range(3)]
    assert choices[0] != choices[1] != choices[2]


def test_what_is_not_accepted() -> None:
    with pytest.raises(UsageError, match="none left to train on"):
        split_pairs([["a"]], [["b"]], 1)
    vocab = build_vocab_nmt([])
    with pytest.raises(DataError, match="no sentence pairs"):
        load_arrays_nmt([], [], vocab, vocab, 4, 10)
    with pytest.raises(UsageError, match="num_steps 0"):
        load_arrays_nmt([["a"]], [["b"]], vocab, vocab, 4, 0)
    with pytest.raises(UsageError, match="batch_size 0"):
        array: Any = []
        PairLoader([array], 0)
