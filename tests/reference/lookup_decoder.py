"""Models that are tables: what a token's probabilities are after each prefix.

Their state is a list with the prefix of each row, so whatever reorders rows wrongly
gives other probabilities.
"""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

import numpy as np

from d2l_rnn.arrays import Floats, Integers
from d2l_rnn.inference.decoding import Step

EOS, BOS = 0, 99

State = List[Tuple[int, ...]]
START: State = [()]


def select(state: State, rows: Sequence[int]) -> State:
    return [state[row] for row in rows]


def lookup(
    table: Dict[Tuple[int, ...], Dict[int, float]], vocab_size: int
) -> Step[State]:
    """``table``: prefix -> {token: probability}; all else is impossible."""

    def step(tokens: Integers, state: State) -> Tuple[Floats, State]:
        state = [p if t == BOS else p + (int(t),) for p, t in zip(state, tokens)]
        probs = np.zeros((len(state), vocab_size))
        for row, prefix in enumerate(state):
            for token, probability in table.get(prefix, {}).items():
                probs[row, token] = probability
        with np.errstate(divide="ignore"):
            return np.log(probs), state

    return step


def random_model(vocab_size: int, seed: int) -> Step[State]:
    """Probabilities that depend on the whole prefix, the same at each call."""

    def step(tokens: Integers, state: State) -> Tuple[Floats, State]:
        state = [p if t == BOS else p + (int(t),) for p, t in zip(state, tokens)]
        rows = []
        for prefix in state:
            generator = np.random.default_rng((seed, len(prefix)) + prefix)
            rows.append(generator.dirichlet(np.ones(vocab_size)))
        return np.log(np.array(rows)), state

    return step


# Greedy decoding follows A (0.6) to A B B (0.6 x 0.4 x 0.4); B B B has 0.4 x 0.9 x 0.9.
NOTES = lookup(
    {
        (): {1: 0.6, 2: 0.4},
        (1,): {1: 0.3, 2: 0.4, 3: 0.3},
        (1, 2): {1: 0.3, 2: 0.4, 3: 0.3},
        (2,): {1: 0.1, 2: 0.9},
        (2, 2): {1: 0.1, 2: 0.9},
    },
    vocab_size=4,
)
