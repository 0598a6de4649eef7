"""n-gram counts and smoothed models: brute force, the book's formula, and limits."""

from __future__ import annotations

import itertools
import math
from typing import Any, Dict, List, Tuple, Union

import numpy as np
import pytest

from d2l_rnn.arrays import Integers
from d2l_rnn.errors import UsageError
from d2l_rnn.inference.ngrams import (
    ContextModel,
    cloze_model,
    count_ngrams,
    ngram_model,
    rank_frequencies,
    zipf_exponent,
)

VOCAB_SIZE = 4


def draw_ids(size: int = 60) -> Integers:
    return np.random.randint(VOCAB_SIZE, size=size)


def occurrences(ids: Union[Integers, List[int]], pattern: Dict[int, int]) -> int:
    """How often {offset: id} holds at a position of a sequence, counted one by one."""
    return sum(
        all(
            0 <= position + offset < len(ids) and ids[position + offset] == token
            for offset, token in pattern.items()
        )
        for position in range(len(ids))
    )


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_counts_agree_with_counting_one_by_one(n: int) -> None:
    ids = list(draw_ids())
    counts = count_ngrams(ids, n)
    assert sum(counts.values()) == len(ids) - n + 1
    for gram, count in counts.items():
        assert count == occurrences(ids, dict(enumerate(gram)))
    assert count_ngrams(ids[: n - 1], n) == {}


def test_counts_of_words_and_frequencies_by_rank() -> None:
    counts = count_ngrams("the time the time the end".split(), 2)
    assert counts[("the", "time")] == 2
    assert rank_frequencies(counts).tolist() == [2, 2, 1]


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.7])
def test_zipf_exponent_of_a_power_law(alpha: float) -> None:
    frequencies: Any = 1e6 * np.arange(1, 500) ** -alpha
    assert zipf_exponent(frequencies) == pytest.approx(alpha)
    with pytest.raises(UsageError, match="1 distinct"):
        zipf_exponent(frequencies[:1])


OFFSETS = [(), (-1,), (-1, -2), (-1, 1), (1, 2, -1), (-3,)]
every_context = pytest.mark.parametrize("offsets", OFFSETS)


@every_context
def test_probabilities_agree_with_the_formula(offsets: Tuple[int, ...]) -> None:
    """The book's recursion, from counts taken one by one."""
    ids, eps = draw_ids(), np.random.uniform(0.1, 3, size=len(offsets) + 1)
    model = ContextModel(offsets, VOCAB_SIZE, list(eps)).fit(ids)
    for context in itertools.product(range(VOCAB_SIZE), repeat=len(offsets)):
        expected = np.full(VOCAB_SIZE, 1 / VOCAB_SIZE)
        for k in range(len(offsets) + 1):
            neighbours = dict(zip(offsets[:k], context))
            # The lists' order decides: all neighbours up to the k-th are inside.
            n = [occurrences(ids, {**neighbours, 0: x}) for x in range(VOCAB_SIZE)]
            expected = (np.array(n) + eps[k] * expected) / (sum(n) + eps[k])
        found = model.probabilities(context)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert found.sum() == pytest.approx(1, abs=1e-12)


def test_the_book_s_trigram_falls_back_on_the_unigram() -> None:
    """P(x''|x, x') = (n(x, x', x'') + eps_3 P(x'')) / (n(x, x') + eps_3)."""
    ids = list(draw_ids())
    model = ngram_model(3, VOCAB_SIZE, smoothing=[1, 2, 3], to_unigram=True).fit(ids)
    n = np.array([ids.count(x) for x in range(VOCAB_SIZE)])
    unigram = (n + 1 / VOCAB_SIZE) / (len(ids) + 1)
    np.testing.assert_allclose(model.probabilities(), unigram, rtol=1e-12)
    seen = np.array([count_ngrams(ids, 3)[(0, 1, x)] for x in range(VOCAB_SIZE)])
    expected = (seen + 3 * unigram) / (seen.sum() + 3)
    found = model.probabilities([1, 0])  # the nearest neighbour first
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@every_context
def test_log_probabilities_are_those_of_the_distributions(
    offsets: Tuple[int, ...],
) -> None:
    model = ContextModel(offsets, VOCAB_SIZE, 0.5).fit(draw_ids())
    ids = draw_ids(12)
    expected = []
    for position, token in enumerate(ids):
        inside = [0 <= position + offset < len(ids) for offset in offsets]
        usable = offsets[: (inside + [False]).index(False)]
        context = [ids[position + offset] for offset in usable]
        expected.append(math.log(model.probabilities(context)[token]))
    found = model.log_probabilities(ids)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert model.perplexity(ids) == pytest.approx(math.exp(-np.mean(expected)))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_probabilities_of_all_sequences_sum_to_one(n: int) -> None:
    model = ngram_model(n, VOCAB_SIZE).fit(draw_ids())
    sequences = itertools.product(range(VOCAB_SIZE), repeat=5)
    total = sum(math.exp(model.log_probabilities(ids).sum()) for ids in sequences)
    assert total == pytest.approx(1)


def test_a_model_that_has_seen_nothing_is_uniform() -> None:
    assert ngram_model(3, VOCAB_SIZE).perplexity(draw_ids()) == pytest.approx(
        VOCAB_SIZE
    )


def test_strong_smoothing_leaves_the_lower_order_and_weak_the_counts() -> None:
    ids, held_out = draw_ids(), draw_ids()
    bigram = ngram_model(2, VOCAB_SIZE, smoothing=[1, 1e12]).fit(ids)
    unigram = ngram_model(1, VOCAB_SIZE, smoothing=1).fit(ids)
    assert bigram.perplexity(held_out) == pytest.approx(unigram.perplexity(held_out))
    uniform = ngram_model(2, VOCAB_SIZE, smoothing=1e12).fit(ids)
    assert uniform.perplexity(held_out) == pytest.approx(VOCAB_SIZE)
    counted = ngram_model(1, VOCAB_SIZE, smoothing=1e-12).fit(ids)
    share = np.bincount(ids) / len(ids)
    share = share[share > 0]
    entropy = -(share * np.log(share)).sum()
    assert counted.perplexity(ids) == pytest.approx(math.exp(entropy))


def test_a_cycle_is_certain_once_one_token_is_known() -> None:
    ids = np.tile(np.arange(VOCAB_SIZE), 50)
    model = ngram_model(2, VOCAB_SIZE, smoothing=1e-9).fit(ids)
    assert math.exp(-model.log_probabilities(ids)[1:].mean()) == pytest.approx(1)


def test_both_sides_know_what_the_past_alone_does_not() -> None:
    """x_j = (x_{j-1} + x_{j+1}) mod m in a random walk of +-1: past alone, 1 of 2."""
    steps = np.random.choice([-1, 1], size=4000)
    walk = np.cumsum(steps) % 5
    past = ngram_model(2, 5, smoothing=1e-3).fit(walk[:3000])
    both = cloze_model(1, 5, smoothing=1e-3).fit(walk[:3000])
    assert past.perplexity(walk[3000:]) == pytest.approx(2, rel=0.05)
    # Where the neighbours differ (half of the time) the token lies between them;
    # where they are the same, it is one of two: half a bit a token.
    assert both.perplexity(walk[3000:]) == pytest.approx(math.sqrt(2), rel=0.05)


def test_cloze_offsets_go_from_the_nearest_outwards() -> None:
    assert cloze_model(2, VOCAB_SIZE).offsets == (-1, 1, -2, 2)
    assert ngram_model(4, VOCAB_SIZE).offsets == (-1, -2, -3)
    assert ngram_model(1, VOCAB_SIZE).offsets == ()


@every_context
def test_the_mirror_image_of_text_and_offsets_is_the_same_model(
    offsets: Tuple[int, ...],
) -> None:
    ids, held_out = draw_ids(), draw_ids(20)
    mirrored = [-offset for offset in offsets]
    forth = ContextModel(offsets, VOCAB_SIZE).fit(ids)
    back = ContextModel(mirrored, VOCAB_SIZE).fit(ids[::-1])
    found = back.log_probabilities(held_out[::-1])[::-1]
    np.testing.assert_allclose(found, forth.log_probabilities(held_out), rtol=1e-12)


def test_unusable_settings_are_refused() -> None:
    for offsets in ((0,), (-1, -1)):
        with pytest.raises(UsageError, match="distinct and not 0"):
            ContextModel(offsets, VOCAB_SIZE)
    for smoothing in (0, -1.0, [1.0], [1.0, 0.0], [1.0, 1.0, 1.0]):
        with pytest.raises(UsageError, match="needs 2 positive numbers"):
            ngram_model(2, VOCAB_SIZE, smoothing=smoothing)
