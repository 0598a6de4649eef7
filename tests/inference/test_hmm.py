"""Forward, backward and posteriors against sums over all hidden paths, and laws."""

from __future__ import annotations

from itertools import product
from typing import Any, Tuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2l_rnn.arrays import Integers
from d2l_rnn.errors import UsageError
from d2l_rnn.inference import hmm
from d2l_rnn.inference.hmm_learning import random_model
from d2l_rnn.inference.hmm_paths import sample
from tests.reference import brute_force_hmm
from tests.reference.brute_force_hmm import model_of


def small_case(
    seed: int, num_states: int, num_symbols: int, num_steps: int, hidden_share: float
) -> Tuple[hmm.HiddenMarkovModel, Integers]:
    """A random model and observations of which about ``hidden_share`` are missing."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, num_symbols, num_steps)
    X[rng.random(num_steps) < hidden_share] = hmm.MISSING
    return random_model(num_states, num_symbols, rng), X


small_cases = st.builds(
    small_case,
    seed=st.integers(0, 10**6),
    num_states=st.integers(1, 3),
    num_symbols=st.integers(1, 3),
    num_steps=st.integers(1, 5),
    hidden_share=st.sampled_from([0.0, 0.4, 1.0]),
)


@settings(max_examples=40, deadline=None)
@given(small_cases)
def test_all_results_equal_sums_over_all_hidden_paths(case: Any) -> None:
    model, X = case
    terms = brute_force_hmm.state_marginals(model, X)
    likelihood = terms[0].sum()
    result = hmm.posterior(model, X)

    np.testing.assert_allclose(
        np.exp(result.log_likelihood), likelihood, rtol=1e-10, atol=0
    )
    np.testing.assert_allclose(
        result.smoothed, terms / likelihood, rtol=1e-9, atol=1e-14
    )
    np.testing.assert_allclose(
        hmm.pair_marginals(model, X),
        brute_force_hmm.pair_marginals(model, X) / likelihood,
        rtol=1e-9,
        atol=1e-14,
    )
    predicted_symbols = hmm.predict_missing(model, X)
    for t in range(len(X)):
        seen = brute_force_hmm.state_marginals(model, X[: t + 1])[t]
        np.testing.assert_allclose(
            result.filtered[t], seen / seen.sum(), rtol=1e-9, atol=1e-14
        )
        without = X.copy()
        without[t] = hmm.MISSING
        others = brute_force_hmm.state_marginals(model, without)[t]
        np.testing.assert_allclose(
            result.left_out[t], others / others.sum(), rtol=1e-9, atol=1e-14
        )
        np.testing.assert_allclose(
            predicted_symbols[t],
            brute_force_hmm.missing_symbol(model, X, t),
            rtol=1e-9,
            atol=1e-14,
        )


@settings(max_examples=25, deadline=None)
@given(small_cases)
def test_pi_and_rho_are_the_books_and_give_the_same_likelihood_at_every_step(
    case: Any,
) -> None:
    model, X = case
    pi, log_before, log_likelihood = hmm.forward(model, X)
    rho, log_after = hmm.backward(model, X)
    for t, symbol in enumerate(X):
        book_pi = np.exp(log_before[t]) * pi[t]
        book_rho = np.exp(log_after[t]) * rho[t]
        np.testing.assert_allclose(
            book_pi, brute_force_hmm.past(model, X, t), rtol=1e-9, atol=1e-14
        )
        np.testing.assert_allclose(
            book_rho, brute_force_hmm.future(model, X, t), rtol=1e-9, atol=1e-14
        )
        emission = 1.0 if symbol == hmm.MISSING else model.emission[:, symbol]
        np.testing.assert_allclose(
            np.log((book_pi * emission * book_rho).sum()),
            log_likelihood,
            rtol=1e-9,
            atol=1e-12,
        )


def test_likelihoods_of_all_sequences_sum_to_one() -> None:
    model, _ = small_case(3, num_states=4, num_symbols=3, num_steps=1, hidden_share=0)
    everything = np.array(list(product(range(3), repeat=6)))
    total = np.exp(hmm.log_likelihood(model, everything)).sum()
    np.testing.assert_allclose(total, 1.0, rtol=1e-12, atol=0)


def test_a_missing_observation_is_the_sum_over_its_symbols() -> None:
    model, X = small_case(4, num_states=5, num_symbols=3, num_steps=40, hidden_share=0)
    filled = np.tile(X, (9, 1))
    filled[:, [7, 30]] = list(product(range(3), repeat=2))
    X[[7, 30]] = hmm.MISSING
    np.testing.assert_allclose(
        hmm.log_likelihood(model, X),
        np.log(np.exp(hmm.log_likelihood(model, filled)).sum()),
        rtol=1e-12,
        atol=0,
    )


def test_prediction_at_j_does_not_depend_on_the_symbol_at_j() -> None:
    model, X = small_case(5, num_states=6, num_symbols=4, num_steps=30, hidden_share=0)
    reference = hmm.predict_missing(model, X)
    np.testing.assert_allclose(reference.sum(-1), 1.0, rtol=1e-12, atol=0)
    for j in (0, 13, 29):
        changed = X.copy()
        changed[j] = (X[j] + 1) % 4
        prediction = hmm.predict_missing(model, changed)
        np.testing.assert_allclose(prediction[j], reference[j], rtol=1e-12, atol=0)
        assert np.abs(prediction - reference).max() > 1e-3  # the others do see x_j


def test_a_batch_is_its_rows() -> None:
    model, _ = small_case(6, num_states=5, num_symbols=4, num_steps=1, hidden_share=0)
    X = sample(model, 300, np.random.default_rng(6), batch_size=3).observations
    batch = hmm.posterior(model, X)
    pairs = hmm.pair_marginals(model, X)
    for i, row in enumerate(X):
        for batched, single in zip(batch, hmm.posterior(model, row)):
            np.testing.assert_allclose(batched[i], single, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(
            pairs[i], hmm.pair_marginals(model, row), rtol=1e-10, atol=1e-14
        )
    total = hmm.score(model, X)
    np.testing.assert_allclose(
        total.log_likelihood, batch.log_likelihood.sum(), rtol=1e-14, atol=0
    )
    assert total.num_observed == 900


def test_score_counts_only_observed_symbols() -> None:
    model, X = small_case(7, num_states=3, num_symbols=3, num_steps=20, hidden_share=0)
    X[[0, 4, 19]] = hmm.MISSING
    log_likelihood, num_observed = hmm.score(model, X)
    assert num_observed == 17
    np.testing.assert_allclose(
        log_likelihood, hmm.log_likelihood(model, X), rtol=1e-14, atol=0
    )
    # Nothing after the last observed symbol counts.
    np.testing.assert_allclose(
        hmm.score(model, X[:-1]), (log_likelihood, 17), rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("num_states", [2, 16])
def test_a_hundred_thousand_steps_do_not_underflow(num_states: int) -> None:
    rng = np.random.default_rng(num_states)
    model = random_model(num_states, 5, rng)
    X = sample(model, 100_000, rng).observations
    pi, log_before, log_likelihood = hmm.forward(model, X)
    rho, log_after = hmm.backward(model, X)
    assert log_likelihood < -80_000  # P(x) itself is far below the smallest float
    every_step = np.log((pi * model.emission.T[X] * rho).sum(-1))
    np.testing.assert_allclose(
        every_step + log_before + log_after, log_likelihood, rtol=1e-11, atol=0
    )
    for field in hmm.posterior(model, X)[1:]:
        np.testing.assert_allclose(field.sum(-1), 1.0, rtol=1e-12, atol=0)


def test_equal_transition_rows_make_a_mixture_model() -> None:
    # P(h_{t+1} | h_t) = P(h_1) forgets h_t: the steps are independent draws.
    base, X = small_case(8, num_states=4, num_symbols=6, num_steps=500, hidden_share=0)
    weights = base.initial
    model = hmm.HiddenMarkovModel(weights, np.tile(weights, (4, 1)), base.emission)
    joint = weights * base.emission.T[X]
    result = hmm.posterior(model, X)
    np.testing.assert_allclose(
        result.log_likelihood, np.log(joint.sum(-1)).sum(), rtol=1e-12, atol=0
    )
    responsibilities = joint / joint.sum(-1, keepdims=True)
    for field in (result.filtered, result.smoothed):
        np.testing.assert_allclose(field, responsibilities, rtol=1e-12, atol=0)
    np.testing.assert_allclose(
        hmm.predict_missing(model, X),
        np.tile(weights @ base.emission, (500, 1)),
        rtol=1e-12,
        atol=0,
    )


def test_the_reversed_chain_gives_reversed_results() -> None:
    base, X = small_case(9, num_states=5, num_symbols=3, num_steps=700, hidden_share=0)
    stationary = np.linalg.matrix_power(base.transition, 2000)[0]
    model = hmm.HiddenMarkovModel(stationary, base.transition, base.emission)
    turned = base.transition.T * stationary / stationary[:, None]
    backwards = hmm.HiddenMarkovModel(stationary, turned, base.emission)
    there, back = hmm.posterior(model, X), hmm.posterior(backwards, X[::-1])
    np.testing.assert_allclose(
        back.log_likelihood, there.log_likelihood, rtol=1e-11, atol=0
    )
    for name in ("smoothed", "left_out"):
        np.testing.assert_allclose(
            getattr(back, name)[::-1], getattr(there, name), rtol=1e-9, atol=1e-12
        )


def test_names_of_states_do_not_matter() -> None:
    model, X = small_case(10, num_states=5, num_symbols=4, num_steps=90, hidden_share=0)
    order = np.array([3, 0, 4, 1, 2])
    renamed = hmm.HiddenMarkovModel(
        model.initial[order], model.transition[order][:, order], model.emission[order]
    )
    expected, result = hmm.posterior(model, X), hmm.posterior(renamed, X)
    np.testing.assert_allclose(
        result.smoothed, expected.smoothed[:, order], rtol=1e-10, atol=1e-14
    )


@pytest.mark.parametrize("implementation", ["log", "scaling"])
def test_hmmlearn_agrees(implementation: str) -> None:
    library = pytest.importorskip("hmmlearn.hmm", reason="the oracle is missing")
    rng = np.random.default_rng(11)
    model = random_model(7, 9, rng)
    X = sample(model, 3000, rng).observations
    other = library.CategoricalHMM(
        7, n_features=9, init_params="", implementation=implementation
    )
    other.startprob_, other.transmat_ = model.initial, model.transition
    other.emissionprob_ = model.emission
    result = hmm.posterior(model, X)
    np.testing.assert_allclose(
        result.log_likelihood, other.score(X[:, None]), rtol=1e-9, atol=0
    )
    np.testing.assert_allclose(
        result.smoothed, other.predict_proba(X[:, None]), rtol=1e-6, atol=1e-9
    )


def test_impossible_observations_have_no_posterior() -> None:
    # State 0 emits only 0 and leads only to state 1, which emits only 1, and back.
    model = model_of([1, 0], [[0, 1], [1, 0]], np.eye(2))
    assert hmm.log_likelihood(model, [0, 1, 0]) == 0.0
    np.testing.assert_array_equal(
        hmm.log_likelihood(model, [[0, 1, 0], [0, 0, 1]]), [0.0, -np.inf]
    )
    for function in (hmm.posterior, hmm.pair_marginals, hmm.predict_missing):
        with pytest.raises(UsageError, match="probability zero"):
            function(model, [0, 0, 1])


@pytest.mark.parametrize(
    "tables, message",
    [
        (([0.5, 0.4], np.eye(2), np.eye(2)), "initial has a row that sums to 0.9"),
        (([0.5, 0.5], np.eye(3), np.eye(2)), r"transition has shape \(3, 3\)"),
        (([0.5, 0.5], np.eye(2), np.eye(3)), r"emission has shape \(3, 3\)"),
        (([0.5, 0.5], np.eye(2), [1.0]), r"emission has shape \(1,\)"),
        (([[1.0]], np.eye(1), np.eye(1)), "not one axis"),
        (([1.5, -0.5], np.eye(2), np.eye(2)), "none below zero"),
        (([np.nan, 0.5], np.eye(2), np.eye(2)), "finite"),
    ],
)
def test_a_model_that_is_none_is_refused(tables: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        hmm.HiddenMarkovModel(*tables)


@pytest.mark.parametrize(
    "observations, message",
    [
        ([0, 3], "symbol 3"),
        ([0, -2], "symbol -2"),
        ([0.0, 1.0], "float64"),
        ([], "at least one"),
        ([[[0]]], "shape"),
        ("abc", "shape"),
    ],
)
def test_observations_that_are_none_are_refused(
    observations: Any, message: str
) -> None:
    model = random_model(2, 3, np.random.default_rng(0))
    with pytest.raises(UsageError, match=message):
        hmm.forward(model, observations)


def test_a_model_cannot_be_changed() -> None:
    initial = np.array([0.25, 0.75], dtype=np.float32)
    model = hmm.HiddenMarkovModel(initial, np.eye(2), np.eye(2))
    initial[0] = 7
    np.testing.assert_array_equal(model.initial, [0.25, 0.75])
    with pytest.raises(ValueError):
        model.emission[0, 0] = 0.5
    with pytest.raises(AttributeError):
        model.initial = np.array([1.0, 0.0])  # type: ignore[misc]
