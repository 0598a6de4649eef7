"""Backpropagation through time: full, truncated, randomly truncated (Section 8.7)."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, Iterator, List, Sequence

import numpy
from mxnet.gluon import rnn

from ..data.sequences import SequenceLoader
from ..inference.gradient_flow import demonstrate
from ..models.language_model import RNNModel
from ..protocols import Device
from ..results import printed
from ..results.metrics import median
from ..seeding import epoch_seed, set_seed
from ..training import truncation_bias
from ..training.bptt import full_weights, randomised_weights, regular_weights
from ..training.initialisation import initialize
from ..training.loop import EpochRow, train
from ..training.optimisers import Sgd
from ..training.parameters import Parameters
from .configs_sequences import BpttConfig
from .contract import Json, Notify
from .corpus import read_corpus
from .nets import SideBySide
from .sizes import check_sizes

Weights = Callable[[int], List[float]]

FULL, REGULAR, RANDOMISED = "full", "regular", "randomised"
_TRUNCATED = (REGULAR, RANDOMISED)
_LAYERS = {"rnn": rnn.RNN, "gru": rnn.GRU, "lstm": rnn.LSTM}


def strategies(config: BpttConfig, rng: numpy.random.Generator) -> Dict[str, Weights]:
    """Number of steps -> factors on the gradient, by name."""
    return {
        FULL: lambda num_steps: full_weights(num_steps).tolist(),
        REGULAR: lambda num_steps: regular_weights(num_steps, config.length).tolist(),
        RANDOMISED: lambda num_steps: randomised_weights(
            num_steps, config.probability, rng, config.period
        ).tolist(),
    }


class BpttRun(SideBySide[BpttConfig]):
    """Train with every strategy, measure their gradients, demonstrate.

    A row's own fields are those of full backpropagation.
    """

    text = staticmethod(printed.truncation)

    def __init__(self, config: BpttConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        self.corpus = read_corpus(config, notify)
        self.source = self.corpus.source
        self.train_iter = SequenceLoader(
            self.corpus.training, config.batch_size, config.num_steps, ctx=device
        )
        size = len(self.corpus.vocab)
        check_sizes(config, size)
        self.nets = {name: self._net(size) for name in (FULL, REGULAR, RANDOMISED)}

    def _net(self, vocab_size: int) -> RNNModel:
        set_seed(epoch_seed(self.config.seed, 0))  # all strategies begin alike
        layer = _LAYERS[self.config.cell](self.config.num_hiddens)
        net = RNNModel(layer, vocab_size)
        initialize(net, self.device)
        return net

    def train(self, name: str, first_epoch: int) -> Iterator[EpochRow]:
        """Clipped gradient descent; what a strategy draws follows from the epoch."""
        config, net = self.config, self.nets[name]
        sgd = Sgd(Parameters.of(net), config.lr, config.theta)
        drawn: Dict[str, Weights] = {}

        def draw(epoch: int) -> None:
            rng = numpy.random.default_rng(epoch_seed(config.seed, epoch))
            drawn.update(strategies(config, rng))

        return train(
            truncation_bias.objective_of(net, lambda n: drawn[name](n), self.device),
            self.train_iter,
            sgd,
            config.num_epochs,
            seed=config.seed,
            first_epoch=first_epoch,
            before_epoch=draw,
        )

    def result(self, epochs: Sequence[Json]) -> Json:
        """Perplexities, what truncation does to a gradient, vanishing and exploding."""
        config, corpus, net = self.config, self.corpus, self.nets[FULL]
        set_seed(epoch_seed(config.seed, 0))
        X, Y = next(iter(self.train_iter))
        rng = numpy.random.default_rng(config.seed)
        num_draws = {FULL: 1, REGULAR: 1, RANDOMISED: config.num_draws}
        gradients = {
            name: truncation_bias.measure(net, X, Y, weights, num_draws[name])
            for name, weights in strategies(config, rng).items()
        }
        for name, seconds in _seconds_per_update(epochs, config).items():
            gradients[name]["seconds_per_update"] = seconds
        flow, self.moved, self.jacobians = demonstrate(
            corpus.training.tolist(), len(corpus.vocab), config.flow_steps, config.seed
        )
        last = epochs[-1]
        return {
            "perplexities": {
                FULL: last["perplexity"],
                REGULAR: last["regular_perplexity"],
                RANDOMISED: last["randomised_perplexity"],
            },
            "gradients": gradients,
            "relative_bias_by_length": truncation_bias.bias_by_length(net, X, Y),
            "gradient_flow": flow,
        }

    def draw(self, directory: Path) -> None:
        """All three curves, the truncations, and the demonstrations."""
        from ..results.plots import save
        from ..results.plots_truncation import gradient_flow_figures, truncation_figure

        super().draw(directory)
        num_steps = self.config.num_steps
        tokens = self.corpus.vocab.to_tokens(self.corpus.training[:num_steps].tolist())
        shown = strategies(self.config, numpy.random.default_rng(self.config.seed))
        weights = {n: shown[n](len(tokens)) for n in (RANDOMISED, REGULAR, FULL)}
        save(truncation_figure(tokens, weights), directory / "strategies.png")
        figures = gradient_flow_figures(
            self.moved, {n: norms.tolist() for n, norms in self.jacobians.items()}
        )
        for name, figure in figures.items():
            save(figure, directory / f"{name}.png")

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Always: no epoch knows how many there are."""
        return ""


def _seconds_per_update(epochs: Sequence[Json], config: BpttConfig) -> Dict[str, float]:
    """Median wall time of an update: forward, backward, clipping and step."""
    updates = epochs[-1]["tokens"] / (config.batch_size * config.num_steps)
    keys = {FULL: "seconds", **{n: f"{n}_seconds" for n in _TRUNCATED}}
    return {
        n: median([row[key] for row in epochs]) / updates for n, key in keys.items()
    }
