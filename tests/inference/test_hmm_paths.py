"""Viterbi against the best of all paths; samples against the probabilities."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from d2l_rnn.arrays import Floats
from d2l_rnn.errors import UsageError
from d2l_rnn.inference import hmm
from d2l_rnn.inference.hmm_learning import random_model
from d2l_rnn.inference.hmm_paths import sample, viterbi
from tests.reference import brute_force_hmm
from tests.reference.brute_force_hmm import model_of


@pytest.mark.parametrize("seed", range(8))
def test_viterbi_finds_the_best_of_all_paths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = random_model(3, 4, rng)
    X = rng.integers(0, 4, 6)
    X[rng.random(6) < 0.25] = hmm.MISSING
    path, probability = max(
        brute_force_hmm.joint_terms(model, X), key=lambda term: term[1]
    )
    best = viterbi(model, X)
    np.testing.assert_array_equal(best.states, path)
    np.testing.assert_allclose(
        best.log_probability, np.log(probability), rtol=1e-10, atol=0
    )


def test_viterbi_takes_the_lowest_states_of_equal_paths() -> None:
    uniform = model_of([0.5, 0.5], np.full((2, 2), 0.5), np.ones((2, 1)))
    np.testing.assert_array_equal(viterbi(uniform, [0] * 9).states, 0)
    # The last state decides first: 1, 0 and 0, 1 are equal, the first ends lower.
    swap = model_of([0.5, 0.5], [[0, 1], [1, 0]], np.ones((2, 1)))
    np.testing.assert_array_equal(viterbi(swap, [0, 0]).states, [1, 0])


def test_viterbi_of_a_long_batch_reports_the_probability_of_its_own_paths() -> None:
    rng = np.random.default_rng(1)
    model = random_model(8, 5, rng)
    X = sample(model, 10_000, rng, batch_size=3).observations
    best = viterbi(model, X)
    h = best.states
    log_joint = (
        np.log(model.initial[h[:, 0]])
        + np.log(model.transition[h[:, :-1], h[:, 1:]]).sum(-1)
        + np.log(model.emission[h, X]).sum(-1)
    )
    np.testing.assert_allclose(best.log_probability, log_joint, rtol=1e-11, atol=0)
    assert (best.log_probability < hmm.log_likelihood(model, X)).all()
    np.testing.assert_array_equal(viterbi(model, X[1]).states, h[1])


def test_viterbi_refuses_impossible_observations() -> None:
    model = model_of([1, 0], [[0, 1], [1, 0]], np.eye(2))
    np.testing.assert_array_equal(viterbi(model, [0, -1, 0]).states, [0, 1, 0])
    with pytest.raises(UsageError, match="probability zero"):
        viterbi(model, [0, 0])


def test_hmmlearn_decodes_the_same_path() -> None:
    library = pytest.importorskip("hmmlearn.hmm", reason="the oracle is missing")
    rng = np.random.default_rng(2)
    model = random_model(7, 9, rng)
    X = sample(model, 3000, rng).observations
    other = library.CategoricalHMM(7, n_features=9, init_params="")
    other.startprob_, other.transmat_ = model.initial, model.transition
    other.emissionprob_ = model.emission
    log_probability, states = other.decode(X[:, None])
    best = viterbi(model, X)
    np.testing.assert_array_equal(best.states, states)
    np.testing.assert_allclose(
        best.log_probability, log_probability, rtol=1e-10, atol=0
    )


@pytest.mark.parametrize("seed", range(3))
def test_samples_come_as_often_as_their_probability(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = random_model(2, 2, rng)
    num_draws = 20_000
    drawn = sample(model, 3, rng, batch_size=num_draws)
    for X in product(range(2), repeat=3):
        for path, probability in brute_force_hmm.joint_terms(model, X):
            same = (drawn.observations == X).all(1) & (drawn.states == path).all(1)
            deviation = np.sqrt(num_draws * probability * (1 - probability))
            # 64 events: beyond 5 standard deviations once in 10**4 such tests
            assert abs(same.sum() - num_draws * probability) <= 5 * deviation + 1


def test_a_sample_repeats_with_its_seed_and_never_draws_the_impossible() -> None:
    rng = np.random.default_rng(3)
    emission = rng.dirichlet(np.ones(4), 3)
    emission[:, [1, 3]] = 0
    emission /= emission.sum(1, keepdims=True)
    model = model_of([0, 1, 0], np.roll(np.eye(3), 1, axis=1), emission)
    first = sample(model, 3000, np.random.default_rng(4))
    again = sample(model, 3000, np.random.default_rng(4))
    other = sample(model, 3000, np.random.default_rng(5))
    np.testing.assert_array_equal(first.observations, again.observations)
    assert (first.observations != other.observations).any()
    np.testing.assert_array_equal(first.states, np.arange(1, 3001) % 3)
    assert set(first.observations.tolist()) == {0, 2}


@pytest.mark.parametrize("uniform", [0.0, 0.5, np.nextafter(1.0, 0.0)])
def test_no_uniform_number_draws_the_impossible(uniform: float) -> None:
    class Constant:
        """A generator whose every draw is one number of [0, 1)."""

        def random(self, shape: Any) -> Floats:
            return np.full(shape, uniform)

    # Impossible values before, between and after; 0.1 * 10 is not 1 in binary.
    emission = np.zeros(22)
    emission[1:-1:2] = 0.1
    model = model_of(
        [0, 1, 0], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.tile(emission, (3, 1))
    )
    drawn = sample(model, 4, Constant())  # type: ignore[arg-type]
    np.testing.assert_array_equal(drawn.states, 1)
    np.testing.assert_array_equal(drawn.observations % 2, 1)


def test_a_sample_of_nothing_is_refused() -> None:
    model = random_model(2, 2, np.random.default_rng(0))
    with pytest.raises(UsageError, match="num_steps 0"):
        sample(model, 0, np.random.default_rng(0))
    with pytest.raises(UsageError, match="batch_size 0"):
        sample(model, 5, np.random.default_rng(0), batch_size=0)
