"""The forward-backward recursion of an HMM: ours or hmmlearn's, each in a process.

``python -m d2l_rnn.benchmark.hidden_markov ours`` (or ``hmmlearn``).
"""

from __future__ import annotations

import time

_STARTED = time.perf_counter()

import sys  # noqa: E402
from typing import Callable, List  # noqa: E402

import numpy as np  # noqa: E402

from ..arrays import Floats, Integers  # noqa: E402
from .peers.serving import SentWorkload, Tasks, serve  # noqa: E402

NUM_STATES, NUM_SYMBOLS = 20, 28


def ours(observations: Integers, tables: List[Floats]) -> Callable[[], object]:
    """A function that computes the posteriors of all sequences."""
    from ..inference.hmm import HiddenMarkovModel, posterior

    model = HiddenMarkovModel(*tables)
    return lambda: posterior(model, observations)


def hmmlearn(observations: Integers, tables: List[Floats]) -> Callable[[], object]:
    """The same by ``hmmlearn.hmm.CategoricalHMM``."""
    from hmmlearn.hmm import CategoricalHMM

    model = CategoricalHMM(NUM_STATES)
    model.startprob_, model.transmat_, model.emissionprob_ = tables
    model.n_features = NUM_SYMBOLS
    lengths = [observations.shape[1]] * len(observations)
    return lambda: model.score_samples(observations.reshape(-1, 1), lengths)


def build(workload: SentWorkload) -> Tasks:
    """One task: ``posteriors`` of ``batch_size`` sequences of ``num_steps``."""
    generator = np.random.RandomState(0)
    tables: List[Floats] = [
        generator.dirichlet(np.ones(NUM_STATES)),
        generator.dirichlet(np.ones(NUM_STATES), NUM_STATES),
        generator.dirichlet(np.ones(NUM_SYMBOLS), NUM_STATES),
    ]
    shape = workload["batch_size"], workload["num_steps"]
    observations = generator.randint(0, NUM_SYMBOLS, shape)
    compute = {"ours": ours, "hmmlearn": hmmlearn}[sys.argv[1]](observations, tables)

    def posteriors(count: int) -> None:
        for _ in range(count):
            compute()

    return {"posteriors": posteriors}


if __name__ == "__main__":
    serve(build, time.perf_counter() - _STARTED)
