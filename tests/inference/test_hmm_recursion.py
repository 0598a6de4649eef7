"""The segmented recursion against the same recursion taken step by step."""

from __future__ import annotations

from typing import Dict

import numpy as np
import pytest

from d2l_rnn.arrays import Floats
from d2l_rnn.inference.hmm_recursion import recursion
from tests.reference.brute_force_hmm import step_by_step

NUM_STATES, NUM_SYMBOLS = 4, 3


def matrices() -> Dict[str, Floats]:
    """Chains from one that forgets at once to some that never do."""
    rng = np.random.default_rng(0)
    return {
        "forgets": rng.dirichlet(np.ones(NUM_STATES), NUM_STATES),
        "forgets slowly": 0.999 * np.eye(NUM_STATES) + 0.001 / NUM_STATES,
        "keeps its state": np.eye(NUM_STATES),
        "goes round": np.roll(np.eye(NUM_STATES), 1, axis=1),
        "only moves up": np.triu(np.ones((NUM_STATES, NUM_STATES)))
        / np.arange(NUM_STATES, 0, -1)[:, None],
    }


@pytest.mark.parametrize("name", matrices())
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("num_steps", [1, 63, 128, 129, 3001])
def test_segments_do_not_change_the_result(
    name: str, transposed: bool, num_steps: int
) -> None:
    matrix = matrices()[name].T if transposed else matrices()[name]
    rng = np.random.default_rng(num_steps)
    emission = rng.dirichlet(np.full(NUM_SYMBOLS, 20.0), NUM_STATES)
    likelihoods = np.concatenate([emission.T, np.ones((1, NUM_STATES))])
    start = np.ones(NUM_STATES) if transposed else rng.dirichlet(np.ones(NUM_STATES))
    rows = rng.integers(0, NUM_SYMBOLS + 1, (2, num_steps))
    vectors, scales = recursion(start, rows, likelihoods, matrix)
    for i, row in enumerate(rows):
        expected_vectors, expected_scales = step_by_step(
            start, row, likelihoods, matrix
        )
        np.testing.assert_allclose(vectors[i], expected_vectors, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(scales[i], expected_scales, rtol=1e-9, atol=0)


def test_what_is_impossible_stays_so_through_all_segments() -> None:
    # Symbol 1 cannot be emitted at all: every vector after it is zero.
    likelihoods = np.array([[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
    rows = np.zeros((1, 1000), dtype=int)
    rows[0, 400] = 1
    vectors, _ = recursion(np.array([0.5, 0.5]), rows, likelihoods, np.eye(2))
    np.testing.assert_array_equal(vectors[0, :401], 0.5)
    np.testing.assert_array_equal(vectors[0, 401:], 0.0)
