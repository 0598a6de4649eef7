"""Baum-Welch: its counts by brute force, its laws, and what it recovers."""

from __future__ import annotations

from itertools import permutations
from typing import Any, List

import numpy as np
import pytest

from d2l_rnn.errors import UsageError
from d2l_rnn.inference import hmm
from d2l_rnn.inference.hmm_learning import (
    baum_welch,
    expected_counts,
    fit,
    random_model,
    stack_sequences,
)
from d2l_rnn.inference.hmm_paths import sample
from tests.reference import brute_force_hmm
from tests.reference.brute_force_hmm import model_of


def assert_never_falls(history: List[float]) -> None:
    steps = np.diff(history)
    assert len(steps) > 3
    # Rounding of a sum of this size; a true gain is far larger at first.
    assert steps.min() >= -1e-11 * abs(history[0])
    assert steps.max() > 1e-3 * abs(history[0])


@pytest.mark.parametrize("seed", range(4))
def test_expected_counts_equal_sums_over_all_hidden_paths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = random_model(3, 4, rng)
    X = rng.integers(0, 4, 6)
    X[rng.integers(1, 5)] = hmm.MISSING
    likelihood = brute_force_hmm.likelihood(model, X)
    states = brute_force_hmm.state_marginals(model, X) / likelihood
    pairs = brute_force_hmm.pair_marginals(model, X) / likelihood
    emission = np.zeros((3, 4))
    for t, symbol in enumerate(X):
        if symbol != hmm.MISSING:
            emission[:, symbol] += states[t]

    counts: Any = expected_counts(model, X)
    for result, expected in zip(
        counts, (states[0], pairs.sum(0), emission, np.log(likelihood))
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-14)


def test_counts_of_sequences_of_several_lengths_add_up() -> None:
    rng = np.random.default_rng(1)
    model = random_model(4, 5, rng)
    sequences = [rng.integers(0, 5, length) for length in (1, 7, 200, 31)]
    together: Any = expected_counts(model, stack_sequences(sequences))
    alone: List[Any] = [expected_counts(model, sequence) for sequence in sequences]
    for result, parts in zip(together, zip(*alone)):
        np.testing.assert_allclose(result, sum(parts), rtol=1e-9, atol=1e-12)
    assert together.initial.sum() == pytest.approx(4)
    assert together.transition.sum() == pytest.approx(6 + 199 + 30)
    assert together.emission.sum() == pytest.approx(1 + 7 + 200 + 31)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("pseudo_counts", [0.0, 0.5])
def test_the_objective_never_falls(seed: int, pseudo_counts: float) -> None:
    rng = np.random.default_rng(seed)
    sequences = [
        sample(random_model(3, 6, rng), length, rng).observations
        for length in (400, 150, 220)
    ]
    sequences[0][rng.random(400) < 0.2] = hmm.MISSING
    result = baum_welch(
        random_model(4, 6, rng),
        sequences,
        num_iterations=40,
        tolerance=0,
        pseudo_counts=pseudo_counts,
    )
    assert_never_falls(result.history)
    total = hmm.score(result.model, stack_sequences(sequences)).log_likelihood
    np.testing.assert_allclose(result.log_likelihood, total, rtol=1e-12, atol=0)
    if not pseudo_counts:
        assert result.history[-1] == result.log_likelihood
        return
    tables = list(vars(result.model).values())
    prior = pseudo_counts * sum(np.log(table).sum() for table in tables)
    np.testing.assert_allclose(result.history[-1], total + prior, rtol=1e-12, atol=0)
    assert min(table.min() for table in tables) > 1e-4


@pytest.mark.parametrize("seed", range(3))
def test_a_well_separated_model_is_recovered_up_to_the_order_of_states(
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    truth = model_of(
        [0.6, 0.3, 0.1],
        [[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.25, 0.05, 0.7]],
        [[0.9, 0.04, 0.03, 0.03], [0.05, 0.85, 0.05, 0.05], [0.02, 0.03, 0.15, 0.8]],
    )
    X = sample(truth, 200, rng, batch_size=20).observations
    result = fit(X, 3, 4, rng, num_restarts=4)
    assert result.log_likelihood >= hmm.score(truth, X).log_likelihood
    distance = min(
        max(
            np.abs(result.model.transition[order][:, order] - truth.transition).max(),
            np.abs(result.model.emission[order] - truth.emission).max(),
        )
        for order in map(list, permutations(range(3)))
    )
    # 4,000 symbols: 0.02 to 0.06 over twelve seeds, and 0.5 for a merged state
    assert distance < 0.1


def test_one_state_learns_the_relative_frequencies_at_once() -> None:
    X = np.array([0, 1, 1, 2, 1, 0, 1, 1, -1, -1])
    start = random_model(1, 3, np.random.default_rng(0))
    result = baum_welch(start, X, num_iterations=1)
    np.testing.assert_allclose(
        result.model.emission, [[2 / 8, 5 / 8, 1 / 8]], rtol=1e-12, atol=0
    )
    raised = baum_welch(start, X, num_iterations=1, pseudo_counts=2)
    np.testing.assert_allclose(
        raised.model.emission, [[4 / 14, 7 / 14, 3 / 14]], rtol=1e-12, atol=0
    )


def test_a_state_never_visited_keeps_its_rows() -> None:
    start = model_of(
        [0.5, 0.5, 0], [[0.6, 0.4, 0], [0.3, 0.7, 0], [0.2, 0.3, 0.5]], np.eye(3)
    )
    result = baum_welch(start, [0, 1, 1, 0, 0, 1], num_iterations=2, tolerance=0)
    np.testing.assert_array_equal(result.model.transition[2], [0.2, 0.3, 0.5])
    np.testing.assert_array_equal(result.model.emission, np.eye(3))
    # All states are visible, so that counting is exact: 0 1 1 0 0 1.
    np.testing.assert_allclose(
        result.model.transition[:2],
        [[1 / 3, 2 / 3, 0], [1 / 2, 1 / 2, 0]],
        rtol=1e-12,
        atol=0,
    )


def test_fit_returns_the_best_of_its_restarts() -> None:
    X = sample(
        random_model(4, 5, np.random.default_rng(0)), 500, np.random.default_rng(1)
    ).observations
    rng = np.random.default_rng(2)
    alone = [
        baum_welch(random_model(4, 5, rng), X, num_iterations=20) for _ in range(4)
    ]
    best = fit(X, 4, 5, np.random.default_rng(2), num_restarts=4, num_iterations=20)
    assert best.log_likelihood == max(each.log_likelihood for each in alone)
    assert best.log_likelihood > min(each.log_likelihood for each in alone)


def test_tolerance_is_per_observed_symbol_and_ends_the_fit() -> None:
    rng = np.random.default_rng(3)
    X = sample(random_model(3, 4, rng), 600, rng).observations
    start = random_model(3, 4, rng)
    loose = baum_welch(start, X, num_iterations=500, tolerance=1e-3)
    gains = np.diff(loose.history) / 600
    assert loose.converged and gains[-1] < 1e-3
    assert (gains[:-1] >= 1e-3).all()
    short = baum_welch(start, X, num_iterations=2, tolerance=1e-3)
    assert not short.converged
    np.testing.assert_array_equal(short.history, loose.history[:3])
    assert baum_welch(start, X, num_iterations=0).model is start


@pytest.mark.parametrize("pseudo_counts", [0.0, 1.5])
def test_hmmlearn_takes_the_same_step(pseudo_counts: float) -> None:
    library = pytest.importorskip("hmmlearn.hmm", reason="the oracle is missing")
    rng = np.random.default_rng(4)
    start = random_model(5, 6, rng)
    sequences = [sample(start, length, rng).observations for length in (300, 120)]
    start = random_model(5, 6, rng)
    prior = 1 + pseudo_counts  # hmmlearn states the Dirichlet parameter
    other = library.CategoricalHMM(
        5,
        n_features=6,
        n_iter=1,
        init_params="",
        startprob_prior=prior,
        transmat_prior=prior,
        emissionprob_prior=prior,
    )
    other.startprob_, other.transmat_ = start.initial, start.transition
    other.emissionprob_ = start.emission
    other.fit(np.concatenate(sequences)[:, None], lengths=[300, 120])
    result = baum_welch(
        start, sequences, num_iterations=1, pseudo_counts=pseudo_counts
    ).model
    for ours, theirs in (
        (result.initial, other.startprob_),
        (result.transition, other.transmat_),
        (result.emission, other.emissionprob_),
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"pseudo_counts": -1.0}, "pseudo_counts is -1"),
        ({"num_iterations": -1}, "num_iterations -1"),
        ({"tolerance": np.nan}, "tolerance nan"),
        ({"num_restarts": 0}, "num_restarts is 0"),
        ({"num_states": 0}, "num_states 0"),
        ({"observations": [[0.5, 1.0], [0.5]]}, "float64"),
        ({"observations": []}, "at least one"),
        ({"observations": [0, 9]}, "symbol 9"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: Any, message: str) -> None:
    usual: Any = {"observations": [0, 1, 0], "num_states": 2, "num_symbols": 2}
    usual.update(arguments)
    with pytest.raises(UsageError, match=message):
        fit(rng=np.random.default_rng(0), **usual)


def test_observations_that_the_start_excludes_are_refused() -> None:
    start = model_of([1, 0], [[0, 1], [1, 0]], np.eye(2))
    with pytest.raises(UsageError, match="probability zero"):
        baum_welch(start, [0, 0, 1])
    with pytest.raises(UsageError, match="no sequences"):
        stack_sequences([])
