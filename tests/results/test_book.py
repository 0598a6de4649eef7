"""book.json agrees with itself, and its numbers mean what they say."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from d2l_rnn.results.book import BOOK as BOOK_FILE
from d2l_rnn.results.book import render_book
from d2l_rnn.results.record_fields import Row

from .made_runs import BOOK, builds_of

WITH_CURVES = [name for name, number in BOOK.items() if len(number.epochs) > 1]


def test_every_published_experiment_is_there() -> None:
    language = "rnn-scratch rnn-scratch-reset rnn gru-scratch gru lstm-scratch lstm"
    translation = "seq2seq seq2seq-attention"
    first_edition = "rnn-v1 gru-v1 lstm-v1 birnn-v1"
    names = f"{language} deep-lstm bilstm {translation} sequence {first_edition}"
    assert set(BOOK) == set(names.split())
    assert BOOK_FILE.stat().st_size < 400_000


@pytest.mark.parametrize("name", BOOK)
def test_the_final_value_is_that_of_the_builds(name: str) -> None:
    number = BOOK[name]
    finals = builds_of(number)[:, -1]
    computed = {
        "median": np.median(finals),
        "mean": finals.mean(),
        "sd": finals.std(ddof=1),
        "min": finals.min(),
        "max": finals.max(),
    }
    assert set(number.final) == set(computed)
    for key, value in computed.items():
        np.testing.assert_allclose(number.final[key], value, rtol=0, atol=6e-5)


@pytest.mark.parametrize("name", WITH_CURVES)
def test_the_curve_read_off_the_plot_ends_at_the_printed_number(name: str) -> None:
    number = BOOK[name]
    if not number.printed:
        assert name == "sequence"  # printed with all its digits
        return
    digits = len(next(iter(number.printed)).split(".")[1])
    shortest = min(len(key) for key in number.printed)
    printed = Counter({float(key): count for key, count in number.printed.items()})
    finals = builds_of(number)[:, -1]
    if shortest < len(max(number.printed, key=len)):  # '0.02' stands for '0.020'
        digits = 3
    rounded = Counter(round(value, digits) for value in map(float, finals))
    # a value in the middle may go either way: only four digits of it are known
    assert sum((printed - rounded).values()) <= 1
    assert sum(printed.values()) == len(number.builds)


def test_the_number_of_builds_and_their_sources() -> None:
    assert len(BOOK["bilstm"].builds) == 41
    assert len(BOOK["rnn-scratch-reset"].builds) == 28
    for number in BOOK.values():
        sources = [build.source for build in number.builds]
        assert len(set(sources)) == len(sources)
        assert all(len(build.values) == len(number.epochs) for build in number.builds)
        assert number.num_epochs == number.requires["num_epochs"]
        low, middle, high = map(np.array, number.band())
        assert (low <= middle).all() and (middle <= high).all()


def test_bilstm_is_what_the_book_says() -> None:
    number = BOOK["bilstm"]
    assert number.final["median"] == 1.1616
    assert number.printed == {"1.2": 38, "1.1": 3}
    assert [(text["builds"], text["of"]) for text in number.texts] == [(41, 41)] * 2
    low, _, high = number.band()
    place = number.epochs.index(150)
    assert (round(low[place], 2), round(high[place], 2)) == (5.13, 5.70)


def test_perplexity_is_worked_out_from_the_sums() -> None:
    row: Row = {"loss": 10 * math.log(28), "tokens": 10, "perplexity": 1.0}
    np.testing.assert_allclose(BOOK["bilstm"].value_of(row), 28, rtol=1e-12, atol=0)
    assert BOOK["bilstm"].value_of({"loss": 1e6, "tokens": 1}) == math.inf


def test_the_translation_loss_is_a_tenth_of_the_loss_per_token() -> None:
    # uniform over 7 words: the book's loop reports 0.195 where log 7 is 1.946
    row: Row = {"loss": 23 * math.log(7), "tokens": 23}
    value = BOOK["seq2seq"].value_of(row)
    np.testing.assert_allclose(value, 0.1946, rtol=0, atol=5e-5)


def test_validation_perplexity_is_taken_from_its_own_field() -> None:
    row: Row = {"loss": 1.0, "tokens": 1, "heldout_perplexity": 7.3}
    assert BOOK["rnn-v1"].value_of(row) == 7.3
    assert math.isnan(BOOK["rnn-v1"].value_of({"loss": 1.0, "tokens": 1}))


def test_the_book_is_rendered_with_every_number() -> None:
    text = render_book(BOOK)
    for name, number in BOOK.items():
        assert f"{name}: {number.title}" in text
        assert number.summary() in text
    assert "d2l-ai/d2l-en-colab" in text
    assert all(b.source in render_book(BOOK, sources=True) for b in number.builds)
