"""Beam search between greedy and exhaustive search."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from d2l_rnn.arrays import Floats, Integers
from d2l_rnn.errors import UsageError
from d2l_rnn.inference.beam import beam_search, exhaustive_search
from d2l_rnn.inference.decoding import greedy_search
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


def test_a_beam_finds_what_greedy_search_misses() -> None:
    [[best]] = beam_search(NOTES, select, START, [BOS], None, 3, 2, alpha=0)
    assert best.tokens == (2, 2, 2)  # B B B
    assert best.log_prob == pytest.approx(np.log(0.4 * 0.9 * 0.9))
    [greedy] = greedy_search(NOTES, select, START, [BOS], None, 3)
    assert greedy.tokens == (1, 2, 2) and greedy.log_prob < best.log_prob


def test_a_beam_of_two_finds_the_books_better_sequence() -> None:
    A, B, C = 1, 2, 3
    table = {
        (): {A: 0.5, B: 0.2, C: 0.2, EOS: 0.1},
        (A,): {A: 0.1, B: 0.4, C: 0.3, EOS: 0.2},
        (A, B): {A: 0.2, B: 0.2, C: 0.4, EOS: 0.2},
        (A, C): {A: 0.1, B: 0.6, C: 0.2, EOS: 0.1},
        (A, B, C): {B: 0.2, C: 0.2, EOS: 0.6},
        (A, C, B): {B: 0.2, C: 0.2, EOS: 0.6},
    }
    step = lookup(table, vocab_size=5)
    [[best]] = beam_search(step, select, START, [BOS], EOS, 4, 2, alpha=0)
    assert best.tokens == (A, C, B)
    assert np.exp(best.log_prob) == pytest.approx(0.054)


def test_the_books_figure() -> None:
    """Figure 9.8.3: five tokens, beam 2, length 3, the survivors of each step."""
    A, B, C, D, E = range(1, 6)
    step = lookup(
        {
            (): {A: 0.4, B: 0.1, C: 0.35, D: 0.1, E: 0.05},
            (A,): {A: 0.1, B: 0.6, C: 0.1, D: 0.1, E: 0.1},
            (C,): {A: 0.1, B: 0.1, C: 0.1, D: 0.2, E: 0.5},
            (A, B): {A: 0.1, B: 0.1, C: 0.1, D: 0.6, E: 0.1},
            (C, E): {A: 0.1, B: 0.1, C: 0.1, D: 0.5, E: 0.2},
        },
        vocab_size=6,
    )
    survivors = [
        {h.tokens for h in beam_search(step, select, START, [BOS], None, n, 2, 0, 2)[0]}
        for n in (1, 2, 3)
    ]
    assert survivors == [{(A,), (C,)}, {(A, B), (C, E)}, {(A, B, D), (C, E, D)}]


@pytest.mark.parametrize("seed", range(10))
def test_a_beam_of_one_is_greedy_search(seed: int) -> None:
    step = random_model(vocab_size=5, seed=seed)
    state: State = [(), (1,), (2, 3)]
    first = [BOS] * 3
    greedy = greedy_search(step, select, state, first, EOS, 6)
    beam = beam_search(step, select, state, first, EOS, 6, 1, alpha=0)
    assert [best for [best] in beam] == greedy


@pytest.mark.parametrize("alpha", [0, 0.75, 2])
@pytest.mark.parametrize("seed", range(5))
def test_the_widest_beam_is_exhaustive_search(seed: int, alpha: float) -> None:
    step = random_model(vocab_size=3, seed=seed)
    every = exhaustive_search(step, select, START, BOS, EOS, 4, alpha, 10)
    [beam] = beam_search(step, select, START, [BOS], EOS, 4, 3**4, alpha, 10)
    assert [h.tokens for h in beam] == [h.tokens for h in every]
    np.testing.assert_allclose(
        [h.score for h in beam], [h.score for h in every], rtol=1e-12, atol=0
    )


def test_exhaustive_search_finds_all_and_their_probabilities_sum_to_one() -> None:
    step = random_model(vocab_size=3, seed=0)
    every = exhaustive_search(step, select, START, BOS, EOS, 4, 0, 1000)
    # ended after 1 ... 4 tokens, or 4 tokens without an end
    assert len(every) == 1 + 2 + 4 + 8 + 16
    assert len({(h.tokens, h.finished) for h in every}) == len(every)
    assert sum(np.exp(h.log_prob) for h in every) == pytest.approx(1)


@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_sentences_of_a_batch_do_not_disturb_one_another(beam_size: int) -> None:
    step = random_model(vocab_size=4, seed=7)
    prefixes: List[Tuple[int, ...]] = [(), (1,), (2, 2), (3,)]
    together = beam_search(
        step, select, prefixes, [BOS] * 4, EOS, 6, beam_size, num_best=3
    )
    for prefix, results in zip(prefixes, together):
        alone = beam_search(
            step, select, [prefix], [BOS], EOS, 6, beam_size, num_best=3
        )
        assert alone == [results]


def test_stopping_early_loses_nothing() -> None:
    """A model that ends at once with certainty is asked once."""
    calls: List[int] = []

    def step(tokens: Integers, state: State) -> Tuple[Floats, State]:
        calls.append(len(tokens))
        probs = np.tile([0.9, 0.05, 0.05], (len(tokens), 1))
        return np.log(probs), state

    [[best]] = beam_search(step, select, START, [BOS], EOS, 50, 3, alpha=0)
    assert best.tokens == () and calls == [1]


def test_length_normalisation_favours_the_longer() -> None:
    table = {(): {EOS: 0.5, 1: 0.5}, (1,): {1: 0.9, 2: 0.1}, (1, 1): {EOS: 0.5, 1: 0.5}}
    step = lookup(table, vocab_size=3)
    lengths = [
        len(beam_search(step, select, START, [BOS], EOS, 3, 4, alpha)[0][0].tokens)
        for alpha in (0, 1)
    ]
    assert lengths == [0, 2]
    [[best]] = beam_search(step, select, START, [BOS], EOS, 3, 4, alpha=1)
    assert best.score == pytest.approx(np.log(0.5 * 0.9 * 0.5) / 3)


def test_n_best_are_different_and_ranked() -> None:
    step = random_model(vocab_size=4, seed=3)
    [results] = beam_search(step, select, START, [BOS], EOS, 5, 6, num_best=5)
    assert len(results) == 5 == len({(h.tokens, h.finished) for h in results})
    assert [h.score for h in results] == sorted(h.score for h in results)[::-1]


def test_impossible_continuations_are_never_returned() -> None:
    step = lookup({(): {1: 1.0}, (1,): {EOS: 1.0}}, vocab_size=4)
    [results] = beam_search(step, select, START, [BOS], EOS, 5, 4, num_best=4)
    assert [h.tokens for h in results] == [(1,)]


@pytest.mark.parametrize(
    "wrong", [{"beam_size": 0}, {"num_best": 0}, {"alpha": -1}, {"max_steps": 0}]
)
def test_arguments_out_of_range_are_refused(wrong: Dict[str, int]) -> None:
    arguments: Dict[str, Any] = {"max_steps": 3, "beam_size": 2, **wrong}
    with pytest.raises(UsageError, match=next(iter(wrong))):
        beam_search(NOTES, select, START, [BOS], EOS, **arguments)
