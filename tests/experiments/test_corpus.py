"""Splits lose nothing; scores are those counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from d2l_rnn.errors import DataError
from d2l_rnn.experiments.corpus import rows_of, score_of, split_tokens


@pytest.mark.parametrize("max_tokens, expected", [(0, 80), (1, 1), (99, 99)])
def test_split_glues_together(max_tokens: int, expected: int) -> None:
    tokens = list(range(100))
    training, heldout = split_tokens(tokens, max_tokens)
    assert len(training) == expected and [*training, *heldout] == tokens


@pytest.mark.parametrize("max_tokens", [100, 1000])
def test_a_split_that_holds_nothing_out_is_refused(max_tokens: int) -> None:
    with pytest.raises(DataError, match=f"--max-tokens {max_tokens}"):
        split_tokens(range(100), max_tokens)


def test_rows_walk_through_the_text() -> None:
    np.testing.assert_array_equal(rows_of(range(7), 2), [[0, 1, 2], [3, 4, 5]])
    with pytest.raises(DataError, match="do not fill --batch-size 8"):
        rows_of(range(7), 8)


def test_score_by_hand() -> None:
    given = np.array([[[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]], [[0.2, 0.4, 0.4]] * 2])
    truth = np.array([[0, 2], [1, 2]])
    score = score_of(given, truth)
    assert score["accuracy"] == 2 / 4 and score["tokens"] == 4
    product = 0.5 * 0.1 * 0.4 * 0.4
    assert score["perplexity"] == pytest.approx(product**-0.25)


def test_what_is_not_asked_is_neither_question_nor_answer() -> None:
    given = np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
    score = score_of(given, np.array([0, 1, 2]), not_asked=0)
    assert score["accuracy"] == 1 and score["tokens"] == 2
    assert score["perplexity"] == pytest.approx((0.75 * 0.75) ** -0.5)
    with pytest.raises(DataError, match="no token of the training text"):
        score_of(given[:1], np.array([0]), not_asked=0)


def test_a_uniform_guess_has_the_perplexity_of_the_vocabulary() -> None:
    given = np.full((4, 5, 11), 1 / 11)
    truth = np.arange(20).reshape(4, 5) % 11
    assert score_of(given, truth)["perplexity"] == pytest.approx(11)
