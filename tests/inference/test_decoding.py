"""Greedy decoding and sampling against tables that can be followed by hand."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from d2l_rnn.arrays import Floats, Integers
from d2l_rnn.errors import DivergenceError, UsageError
from d2l_rnn.inference.decoding import Hypothesis, greedy_search, restrict, sample
from tests.reference.lookup_decoder import (
    BOS,
    EOS,
    NOTES,
    START,
    State,
    lookup,
    random_model,
    select,
)


def test_greedy_takes_the_books_example() -> None:
    # Section 9.8.1: 0.5 x 0.4 x 0.4 x 0.6 = 0.048, though A C B <eos> has 0.054
    A, B, C = 1, 2, 3
    step = lookup(
        {
            (): {A: 0.5, B: 0.2, C: 0.2, EOS: 0.1},
            (A,): {A: 0.1, B: 0.4, C: 0.3, EOS: 0.2},
            (A, B): {A: 0.2, B: 0.2, C: 0.4, EOS: 0.2},
            (A, B, C): {A: 0.0, B: 0.2, C: 0.2, EOS: 0.6},
        },
        vocab_size=5,
    )
    [best] = greedy_search(step, select, START, [BOS], EOS, 4)
    assert best.tokens == (A, B, C) and best.finished
    assert best.log_prob == pytest.approx(np.log(0.048), rel=1e-9)


def test_greedy_falls_into_the_trap_of_the_notes() -> None:
    [best] = greedy_search(NOTES, select, START, [BOS], None, 3)
    assert best.tokens == (1, 2, 2)  # A B B
    assert not best.finished


def test_rows_of_a_batch_do_not_disturb_one_another() -> None:
    step = random_model(vocab_size=5, seed=3)
    prefixes: List[Tuple[int, ...]] = [(), (1,), (2, 2), (4,), (3, 1)]
    together = greedy_search(step, select, prefixes, [BOS] * 5, EOS, 6)
    for prefix, result in zip(prefixes, together):
        assert greedy_search(step, select, [prefix], [BOS], EOS, 6) == [result]


def test_rows_that_ended_are_not_computed_any_more() -> None:
    sizes: List[int] = []
    ends = {0: 1, 1: 3, 2: 2}

    def step(tokens: Integers, state: State) -> Tuple[Floats, State]:
        sizes.append(len(tokens))
        log_probs = np.full((len(tokens), 4), -5.0)
        for row, (name, length) in enumerate(state):
            log_probs[row, EOS if length + 1 == ends[name] else 1] = -0.1
        return log_probs, [(name, length + 1) for name, length in state]

    rows: State = [(0, 0), (1, 0), (2, 0)]
    results = greedy_search(step, select, rows, [BOS] * 3, EOS, 9)
    assert [len(result.tokens) for result in results] == [0, 2, 1]
    assert sizes == [3, 2, 1]


def test_samples_have_the_models_frequencies() -> None:
    probs = np.array([0.1, 0.6, 0.3])

    def step(tokens: Integers, state: State) -> Tuple[Floats, State]:
        return np.log(np.tile(probs, (len(tokens), 1))), state

    generator = np.random.default_rng(1)
    results = sample(step, select, START * 20000, [0] * 20000, None, 1, generator)
    counts = np.bincount([result.tokens[0] for result in results], minlength=3)
    # standard deviation of a frequency: at most 0.0035
    np.testing.assert_allclose(counts / 20000, probs, rtol=0, atol=0.015)
    assert results[0].log_prob == pytest.approx(np.log(probs[results[0].tokens[0]]))


def test_samples_follow_the_generator() -> None:
    step = random_model(vocab_size=6, seed=1)

    def draw(seed: int) -> List[Hypothesis]:
        generator = np.random.default_rng(seed)
        return sample(step, select, START * 8, [BOS] * 8, EOS, 10, generator)

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


@pytest.mark.parametrize("limit", [{"top_k": 1}, {"top_p": 1e-9}])
def test_the_narrowest_sampling_is_greedy(
    limit: Dict[str, Any],
) -> None:
    step = random_model(vocab_size=6, seed=2)
    generator = np.random.default_rng(0)
    drawn = sample(step, select, START * 3, [BOS] * 3, EOS, 8, generator, **limit)
    assert drawn == greedy_search(step, select, START * 3, [BOS] * 3, EOS, 8)


def test_low_temperature_is_greedy_and_high_is_uniform() -> None:
    log_probs = np.log([[0.5, 0.3, 0.2]])
    cold, hot = restrict(log_probs, 0.01), restrict(log_probs, 1e6)
    np.testing.assert_allclose(np.exp(cold), [[1, 0, 0]], rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.exp(hot), [[1 / 3] * 3], rtol=1e-5, atol=0)
    squared = np.array([[0.25, 0.09, 0.04]])
    np.testing.assert_allclose(
        np.exp(restrict(log_probs, 0.5)), squared / squared.sum(), rtol=1e-12, atol=0
    )


def test_top_k_and_top_p_keep_what_they_say() -> None:
    log_probs = np.log([[0.1, 0.4, 0.2, 0.3], [0.25, 0.25, 0.25, 0.25]])
    np.testing.assert_allclose(
        np.exp(restrict(log_probs, top_k=2)),
        [[0, 4 / 7, 0, 3 / 7], [0.5, 0.5, 0, 0]],
        rtol=1e-12,
        atol=0,
    )
    np.testing.assert_allclose(
        np.exp(restrict(log_probs, top_p=0.65)),
        [[0, 4 / 7, 0, 3 / 7], [1 / 3, 1 / 3, 1 / 3, 0]],
        rtol=1e-12,
        atol=0,
    )
    np.testing.assert_allclose(
        restrict(log_probs, top_k=9, top_p=1.0), log_probs, rtol=1e-9, atol=0
    )


@pytest.mark.parametrize(
    "wrong", [{"temperature": 0}, {"top_k": 0}, {"top_p": 0}, {"top_p": 1.5}]
)
def test_limits_out_of_range_are_refused(
    wrong: Dict[str, Any],
) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        restrict(np.zeros((1, 3)), **wrong)


def test_nan_is_an_error_and_no_token() -> None:
    def step(tokens: Integers, state: State) -> Tuple[Floats, State]:
        return np.full((len(tokens), 3), np.nan), state

    with pytest.raises(DivergenceError, match="NaN"):
        greedy_search(step, select, START, [BOS], EOS, 3)
    with pytest.raises(UsageError, match="max_steps 0"):
        greedy_search(step, select, START, [BOS], EOS, 0)
