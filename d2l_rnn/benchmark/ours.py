"""This package's side of the benchmark: what the experiments run."""

from __future__ import annotations

import time

_STARTED = time.perf_counter()

from typing import Dict, Tuple  # noqa: E402

import numpy  # noqa: E402
from mxnet import autograd, cpu, gluon, nd, np, npx  # noqa: E402
from mxnet.gluon import nn, rnn  # noqa: E402

from ..acceleration.epochs import next_token, parameters_of  # noqa: E402
from ..acceleration.generation import as_network  # noqa: E402
from ..data.sequences import SequenceLoader  # noqa: E402
from ..experiments.configs import LanguageModelConfig  # noqa: E402
from ..experiments.handwritten import train_handwritten  # noqa: E402
from ..experiments.language import build as build_net  # noqa: E402
from ..generation.continuation import generate_ids  # noqa: E402
from ..inference.handwritten_language_model import (  # noqa: E402
    HandwrittenLanguageModel,
)
from ..inference.network import of_scratch  # noqa: E402
from ..protocols import Array, State, TrainableModel  # noqa: E402
from ..training.initialisation import initialize  # noqa: E402
from ..training.loop import train as training  # noqa: E402
from ..training.objectives import NextToken  # noqa: E402
from ..training.optimisers import Sgd  # noqa: E402
from .asked import Epochs  # noqa: E402
from .peers.serving import ROWS, SentWorkload, Tasks, serve, tokens  # noqa: E402
from .translation import translation  # noqa: E402


class OwnCell(nn.Block):
    """The book's ``RNNModel`` as a reader's own cell defines it (Section 8.6)."""

    def __init__(self, rnn_layer: nn.Block, vocab_size: int) -> None:
        super().__init__()
        self.rnn = rnn_layer
        self.vocab_size = vocab_size
        self.dense = nn.Dense(vocab_size)

    def forward(self, inputs: Array, state: State) -> Tuple[Array, State]:
        X = npx.one_hot(inputs.T, self.vocab_size)
        Y, state = self.rnn(X, state)
        return self.dense(Y.reshape(-1, Y.shape[-1])), state

    def begin_state(self, *args: object, **kwargs: object) -> State:
        return self.rnn.begin_state(*args, **kwargs)


def epochs_of(workload: SentWorkload) -> Epochs:
    """Of a language model: as long as asked for."""
    sizes = workload["batch_size"], workload["num_steps"]
    return Epochs(lambda count: SequenceLoader(tokens(workload, count), *sizes))


def by_hand(workload: SentWorkload) -> Tasks:
    """Tasks of a net by hand: ``train`` and, with its arrays, ``generate``."""
    cell = workload["cell"]
    sizes = workload["vocab_size"], workload["num_hiddens"]
    net = HandwrittenLanguageModel(cell, *sizes, numpy.random.default_rng(0))
    batches = epochs_of(workload)
    rows = train_handwritten(net, batches, workload["lr"], 10**9)

    def train(count: int) -> None:
        batches.count = count
        next(rows)

    def generate(count: int) -> None:
        of_scratch(cell, 1, 1, [*net.params.values()]).continue_greedily([1], count)

    return {"train": train, "generate": generate}


def language_model(workload: SentWorkload) -> Tasks:
    """Tasks of a language model: ``train``, ``generate``, ``passes``, ..."""
    if workload["implementation"] == "handwritten":
        return by_hand(workload)
    device = cpu()
    if workload["implementation"] == "own cell":
        layer = rnn.LSTM(workload["num_hiddens"], workload["num_layers"])
        net: TrainableModel = OwnCell(layer, workload["vocab_size"])
        initialize(net, device)
    else:
        config = LanguageModelConfig(
            cell=workload["cell"],
            implementation=workload["implementation"],
            num_hiddens=workload["num_hiddens"],
            num_layers=workload["num_layers"],
            bidirectional=workload["bidirectional"],
        )
        net = build_net(config, workload["vocab_size"], device)
    batches = epochs_of(workload)
    parameters = parameters_of(net, batches)
    objective = next_token(net, parameters, device)
    rows = training(objective, batches, Sgd(parameters, workload["lr"]), 10**9)

    def train(count: int) -> Dict[str, float]:
        """Steps of an epoch; ``plain`` where nothing made them faster."""
        batches.count = count
        next(rows)
        return {"plain": float(parameters.path.startswith("plain"))}

    def generate(count: int) -> None:
        generate_ids([1], count, net, device)

    def generate_batch(count: int) -> None:
        network = as_network(net, device)
        if isinstance(network, str):
            raise SystemExit(network)
        network.continue_together([[1]] * ROWS, count)

    def passes(count: int) -> Dict[str, float]:
        """Forward and backward pass apart, without the update."""
        plain = NextToken(net, gluon.loss.SoftmaxCrossEntropyLoss(), device, True)
        seconds = {"forward": 0.0, "backward": 0.0}
        X = np.zeros((workload["batch_size"], workload["num_steps"]), ctx=device)
        for _ in range(count):
            start = time.perf_counter()
            with autograd.record():
                mean_loss = plain(X, X).objective
            nd.waitall()
            middle = time.perf_counter()
            mean_loss.backward()
            nd.waitall()
            seconds["forward"] += middle - start
            seconds["backward"] += time.perf_counter() - middle
        return seconds

    return {
        "train": train,
        "generate": generate,
        "generate_batch": generate_batch,
        "passes": passes,
    }


BUILDERS = {
    "language model": language_model,
    "translation": translation,
    "attention": translation,
}


def build(workload: SentWorkload) -> Tasks:
    """Tasks of a workload, by its family."""
    return BUILDERS[workload["family"]](workload)


if __name__ == "__main__":
    serve(build, time.perf_counter() - _STARTED)
