"""Nested counts against counting by hand, and against the n-gram model."""

from __future__ import annotations

import math
from collections import Counter
from typing import Sequence

import numpy as np
import pytest

from d2l_rnn.inference.nested_counts import NestedCounts, neighbours, preceding
from d2l_rnn.inference.ngrams import ngram_model

V = 4


def by_hand(
    contexts: Sequence[Sequence[int]],
    tokens: Sequence[int],
    asked: Sequence[int],
    token: int,
    eps: float,
) -> float:
    """The recursion of the docstring, from counters."""
    p = 1 / V
    for k in range(len(asked) + 1):
        seen = Counter(
            t for c, t in zip(contexts, tokens) if tuple(c[:k]) == tuple(asked[:k])
        )
        p = (seen[token] + eps * p) / (sum(seen.values()) + eps)
    return math.log(p)


@pytest.mark.parametrize("eps", [0.1, 1.0, 30.0])
def test_the_recursion_by_hand(eps: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    contexts, tokens = rng.integers(0, 3, (60, 2)), rng.integers(0, V, 60)
    asked, wanted = rng.integers(0, 5, (40, 2)), rng.integers(0, V, 40)  # some unseen
    found = NestedCounts(contexts, tokens, V).log_probabilities(asked, wanted, eps)
    expected = [
        by_hand(contexts.tolist(), tokens.tolist(), c, t, eps)
        for c, t in zip(asked.tolist(), wanted.tolist())
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_probabilities_sum_to_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = NestedCounts(rng.integers(0, 3, (60, 3)), rng.integers(0, V, 60), V)
    asked = np.repeat(rng.integers(0, 6, (20, 3)), V, axis=0)
    logs = model.log_probabilities(asked, np.tile(np.arange(V), 20), 2.0)
    np.testing.assert_allclose(np.exp(logs).reshape(20, V).sum(axis=1), 1)


def test_of_preceding_tokens_it_is_the_n_gram_model(seed: int) -> None:
    """Of one long row; where the past is whole, since it knows where a row begins."""
    rng = np.random.default_rng(seed)
    training, heldout = rng.integers(0, 2, (1, 300)), rng.integers(0, 2, (1, 80))
    order = 3
    theirs = ngram_model(order, 2, 1.0).fit(training[0])
    ours = NestedCounts(
        preceding(training, order - 1)[order - 1 :], training[0][order - 1 :], 2
    )
    found = ours.log_probabilities(preceding(heldout, order - 1), heldout[0], 1.0)
    expected = theirs.log_probabilities(heldout[0])
    # Their shorter contexts counted also the first tokens: of 300 two.
    np.testing.assert_allclose(found[order:], expected[order:], atol=0.02)


def test_neighbours_and_what_precedes() -> None:
    image = np.arange(6).reshape(1, 6)  # 0 1 2 above 3 4 5
    found = neighbours(image, 3, [(0, 1), (1, 0), (1, 1)])
    assert found.tolist() == [
        [0, 0, 0],
        [1, 0, 0],
        [2, 0, 0],
        [0, 1, 0],
        [4, 2, 1],
        [5, 3, 2],
    ]
    two = np.array([[7, 8, 9], [1, 2, 3]])
    assert preceding(two, 2).tolist() == [
        [0, 0],
        [8, 0],
        [9, 8],
        [0, 0],
        [2, 0],
        [3, 2],
    ]
