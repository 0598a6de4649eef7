"""Slow twins of d2l_rnn.inference.hmm*: one term for each of the K^T hidden paths.

A missing observation is -1 and gives the factor 1. Nothing is scaled, nothing is
vectorised over steps: sums and maxima are taken as the definitions state them.
"""

from __future__ import annotations

from itertools import product
from typing import Any, List, Sequence, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike

from d2l_rnn.arrays import Floats, Integers
from d2l_rnn.inference import hmm

Observations = Union[Sequence[int], Integers]


def model_of(
    initial: ArrayLike, transition: ArrayLike, emission: ArrayLike
) -> hmm.HiddenMarkovModel:
    """The model of these tables, which may be lists."""
    return hmm.HiddenMarkovModel(
        np.asarray(initial), np.asarray(transition), np.asarray(emission)
    )


def joint_terms(
    model: hmm.HiddenMarkovModel, observations: Observations
) -> List[Tuple[Any, float]]:
    """Return (h, P(x, h)) for every hidden path h of the observations' length."""
    terms = []
    for path in product(range(len(model.initial)), repeat=len(observations)):
        probability = model.initial[path[0]]
        for before, after in zip(path[:-1], path[1:]):
            probability *= model.transition[before, after]
        for state, symbol in zip(path, observations):
            if symbol != -1:
                probability *= model.emission[state, symbol]
        terms.append((path, float(probability)))
    return terms


def likelihood(model: hmm.HiddenMarkovModel, observations: Observations) -> float:
    """Return P(x): the sum of all terms."""
    return sum(probability for _, probability in joint_terms(model, observations))


def state_marginals(model: hmm.HiddenMarkovModel, observations: Observations) -> Floats:
    """Return P(x, h_t = k) for all t and k, shape (num_steps, num_states)."""
    table = np.zeros((len(observations), len(model.initial)))
    for path, probability in joint_terms(model, observations):
        for t, state in enumerate(path):
            table[t, state] += probability
    return table


def pair_marginals(model: hmm.HiddenMarkovModel, observations: Observations) -> Floats:
    """Return P(x, h_t, h_{t+1}), shape (num_steps - 1, num_states, num_states)."""
    num_states = len(model.initial)
    table = np.zeros((len(observations) - 1, num_states, num_states))
    for path, probability in joint_terms(model, observations):
        for t in range(len(observations) - 1):
            table[t, path[t], path[t + 1]] += probability
    return table


def missing_symbol(
    model: hmm.HiddenMarkovModel, observations: Observations, j: int
) -> Floats:
    """Return P(x_j = v | x_-j) for all v, by trying every v in the place of x_j."""
    num_symbols = model.emission.shape[1]
    trials = []
    for symbol in range(num_symbols):
        trial = list(observations)
        trial[j] = symbol
        trials.append(likelihood(model, trial))
    return np.array(trials, "float64") / sum(trials)


def past(model: hmm.HiddenMarkovModel, observations: Observations, t: int) -> Floats:
    """Return P(x_1..x_{t-1}, h_t) for 0-based t: the book's pi, shape (num_states,)."""
    return state_marginals(model, list(observations[:t]) + [-1])[t]


def future(model: hmm.HiddenMarkovModel, observations: Observations, t: int) -> Floats:
    """Return P(x_{t+1}..x_T | h_t) for 0-based t: the book's rho, (num_states,)."""
    num_states = len(model.initial)
    result = np.zeros(num_states)
    remaining = list(observations[t + 1 :])
    for state in range(num_states):
        for path in product(range(num_states), repeat=len(remaining)):
            probability, before = 1.0, state
            for after, symbol in zip(path, remaining):
                probability *= model.transition[before, after]
                if symbol != -1:
                    probability *= model.emission[after, symbol]
                before = after
            result[state] += probability
    return result


def step_by_step(
    start: Floats, rows: Floats, likelihoods: Floats, matrix: Floats
) -> Tuple[Floats, Floats]:
    """Return (vectors, scales) of hmm_recursion.recursion for one row, in order."""
    vectors, scales = [start], []
    for symbol in rows:
        weighted = vectors[-1] * likelihoods[symbol]
        scales.append(weighted.sum())
        vectors.append(weighted / scales[-1] @ matrix)
    return np.array(vectors), np.array(scales)
