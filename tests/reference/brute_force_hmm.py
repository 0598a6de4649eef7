"""Slow twins of d2l_rnn.inference.hmm*: one term for each of the K^T hidden paths.

A missing observation is -1 and gives the factor 1. Nothing is scaled, nothing is
vectorised over steps: sums and maxima are taken as the definitions state them.
"""

from __future__ import annotations

from itertools import product
from typing import Any, List, Sequence, Tuple

import numpy as np


def joint_terms(model: Any, observations: Sequence[int]) -> List[Tuple[Any, float]]:
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


def likelihood(model: Any, observations: Sequence[int]) -> float:
    """Return P(x): the sum of all terms."""
    return sum(probability for _, probability in joint_terms(model, observations))


def state_marginals(model: Any, observations: Sequence[int]) -> np.ndarray:
    """Return P(x, h_t = k) for all t and k, shape (num_steps, num_states)."""
    table = np.zeros((len(observations), len(model.initial)))
    for path, probability in joint_terms(model, observations):
        for t, state in enumerate(path):
            table[t, state] += probability
    return table


def pair_marginals(model: Any, observations: Sequence[int]) -> np.ndarray:
    """Return P(x, h_t, h_{t+1}), shape (num_steps - 1, num_states, num_states)."""
    num_states = len(model.initial)
    table = np.zeros((len(observations) - 1, num_states, num_states))
    for path, probability in joint_terms(model, observations):
        for t in range(len(observations) - 1):
            table[t, path[t], path[t + 1]] += probability
    return table


def missing_symbol(model: Any, observations: Sequence[int], j: int) -> np.ndarray:
    """Return P(x_j = v | x_-j) for all v, by trying every v in the place of x_j."""
    num_symbols = model.emission.shape[1]
    trials = []
    for symbol in range(num_symbols):
        trial = list(observations)
        trial[j] = symbol
        trials.append(likelihood(model, trial))
    return np.array(trials) / sum(trials)


def past(model: Any, observations: Sequence[int], t: int) -> np.ndarray:
    """Return P(x_1..x_{t-1}, h_t) for 0-based t: the book's pi, shape (num_states,)."""
    return state_marginals(model, list(observations[:t]) + [-1])[t]


def future(model: Any, observations: Sequence[int], t: int) -> np.ndarray:
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
    start: np.ndarray, rows: np.ndarray, likelihoods: np.ndarray, matrix: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Return (vectors, scales) of hmm_recursion.recursion for one row, in order."""
    vectors, scales = [start], []
    for symbol in rows:
        weighted = vectors[-1] * likelihoods[symbol]
        scales.append(weighted.sum())
        vectors.append(weighted / scales[-1] @ matrix)
    return np.array(vectors), np.array(scales)
