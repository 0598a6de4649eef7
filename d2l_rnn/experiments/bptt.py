"""Backpropagation through time: full, truncated, randomly truncated (Section 8.7)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

import numpy
from mxnet import autograd, gluon
from mxnet.gluon import rnn

from ..data.sequences import SequenceLoader
from ..models.language_model import RNNModel
from ..protocols import Array, Device
from ..results import record
from ..results.metrics import median
from ..seeding import epoch_seed, set_seed
from ..training.bptt import (
    Segment,
    forward_segments,
    full_weights,
    randomised_weights,
    regular_weights,
    segments,
)
from ..training.initialisation import initialize
from ..training.loop import EpochRow, train_epoch
from ..training.objectives import NextToken
from ..training.optimisers import Sgd
from ..training.parameters import Parameters, trainables
from . import vanishing
from .configs_sequences import BpttConfig
from .contract import Json, Notify
from .corpus import read_corpus
from .nets import SideBySide

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


class Truncated:
    """A language model whose gradient flows as a strategy lets it."""

    def __init__(self, net: Any, weights: Weights) -> None:
        self.net, self.weights = net, weights
        self.begin_state = net.begin_state

    def __call__(self, X: Any, state: Any) -> Tuple[Any, Any]:
        return forward_segments(self.net, X, state, self.weights(X.shape[1]))


def objective_of(net: Any, weights: Weights, device: Device) -> NextToken:
    """The mean loss of every next token, its gradient truncated."""
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    return NextToken(Truncated(net, weights), loss, device)


def gradient(net: Any, X: Array, Y: Array, weights: Sequence[float]) -> numpy.ndarray:
    """Of a net's mean loss from the zero state: (number of parameters,), float64."""
    objective = objective_of(net, lambda num_steps: list(weights), X.ctx)
    with autograd.record():
        loss = objective(X, Y).objective
    loss.backward()
    gradients = [t.grad.asnumpy().ravel() for t in trainables(net)]
    return numpy.concatenate(gradients).astype("float64")


class BpttRun(SideBySide[BpttConfig]):
    """Train with every strategy, measure their gradients, demonstrate.

    A row's own fields are those of full backpropagation.
    """

    def __init__(self, config: BpttConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        self.corpus = read_corpus(config)
        self.source = self.corpus.source
        self.train_iter = SequenceLoader(
            self.corpus.training, config.batch_size, config.num_steps, ctx=device
        )
        size = len(self.corpus.vocab)
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
        for epoch in range(first_epoch, config.num_epochs + 1):
            seed = epoch_seed(config.seed, epoch)
            set_seed(seed)
            weights = strategies(config, numpy.random.default_rng(seed))[name]
            objective = objective_of(net, weights, self.device)
            yield train_epoch(objective, self.train_iter, sgd, epoch)

    def result(self, epochs: Sequence[Json]) -> Json:
        """Perplexities, what truncation does to a gradient, vanishing and exploding."""
        config, corpus, net = self.config, self.corpus, self.nets[FULL]
        set_seed(epoch_seed(config.seed, 0))
        X, Y = next(iter(self.train_iter))
        gradients = measure(net, X, Y, config)
        for name, seconds in _seconds_per_update(epochs, config).items():
            gradients[name]["seconds_per_update"] = seconds
        flow, self.norms, self.jacobians = vanishing.demonstrate(
            corpus.training, len(corpus.vocab), config.flow_steps, config.seed
        )
        last = epochs[-1]
        return {
            "perplexities": {
                FULL: last["perplexity"],
                REGULAR: last["regular_perplexity"],
                RANDOMISED: last["randomised_perplexity"],
            },
            "gradients": gradients,
            "relative_bias_by_length": bias_by_length(net, X, Y),
            "gradient_flow": flow,
        }

    def draw(self, directory: Path) -> None:
        """All three curves, the truncations, and the demonstrations."""
        from ..results.plots import lines_figure, save
        from ..results.plots_truncation import truncation_figure

        rows = record.read_run(directory).epochs
        keys = {FULL: "perplexity", **{n: f"{n}_perplexity" for n in _TRUNCATED}}
        epochs = [row["epoch"] for row in rows]
        curves = {n: (epochs, [row[key] for row in rows]) for n, key in keys.items()}
        figure = lines_figure(curves, "epoch", "training perplexity")
        save(figure, directory / record.CURVE)
        num_steps = self.config.num_steps
        tokens = self.corpus.vocab.to_tokens(self.corpus.training[:num_steps])
        shown = strategies(self.config, numpy.random.default_rng(self.config.seed))
        weights = {n: shown[n](len(tokens)) for n in (RANDOMISED, REGULAR, FULL)}
        save(truncation_figure(tokens, weights), directory / "strategies.png")
        figures = vanishing.figures(self.norms, self.jacobians)
        for name, figure in figures.items():
            save(figure, directory / f"{name}.png")

    @classmethod
    def text(cls, result: Json) -> str:
        """A table of the strategies, and of what eigenvalues and clipping do."""
        lines = [
            f"{'':12}{'perplexity':>12}{'cosine':>9}{'bias':>9}{'+-':>8}{'deviation':>11}"
            f"{'ms/update':>11}{'kept':>7}"
        ]
        for name, found in result["gradients"].items():
            lines.append(
                f"{name:12}{result['perplexities'][name]:12.2f}{found['cosine']:9.3f}"
                f"{found['relative_bias']:9.3f}{found['relative_standard_error']:8.3f}"
                f"{found['relative_deviation']:11.3f}"
                f"{1000 * found['seconds_per_update']:11.1f}{found['longest_segment']:7.1f}"
            )
        lines.append(
            "bias and deviation relative to the full gradient; kept: steps at once"
        )
        flow = result["gradient_flow"]
        norms = ", ".join(f"{n} {v:.2g}" for n, v in flow["jacobian_norms"].items())
        lines.append(f"norm of the Jacobian over all steps: {norms}")
        for name, run in flow["training"].items():
            end = "overflow" if run["exploded"] else f"loss {run['loss']:.2f}"
            lines.append(
                f"linear net, {name}: {end} after {run['updates']} updates, largest "
                f"gradient {run['largest_norm'] or math.inf:.2g}"
            )
        return "\n".join(lines)

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Always: no epoch knows how many there are."""
        return ""


def measure(net: Any, X: Array, Y: Array, config: BpttConfig) -> Json:
    """How the gradients of all strategies differ from the full one, at equal weights.

    Returns
    -------
    dict of str to dict
        See :func:`compare_gradients`; ``longest_segment`` is the mean over the draws
        of the most steps whose states have to be kept for the backward pass.
    """
    num_steps = X.shape[1]
    rng = numpy.random.default_rng(config.seed)
    full = gradient(net, X, Y, [1.0] * num_steps)
    measured = {}
    for name, weights in strategies(config, rng).items():
        num_draws = config.num_draws if name == RANDOMISED else 1
        drawn = [weights(num_steps) for _ in range(num_draws)]
        gradients = numpy.stack([gradient(net, X, Y, w) for w in drawn])
        longest = [max(s.stop - s.start for s in _between_cuts(w)) for w in drawn]
        measured[name] = {
            **compare_gradients(gradients, full),
            "longest_segment": float(numpy.mean(longest)),
        }
    return measured


def _between_cuts(weights: Sequence[float]) -> List[Segment]:
    """The segments between which nothing flows back, whatever the other factors."""
    return segments([0.0 if weight == 0 else 1.0 for weight in weights])


def compare_gradients(gradients: numpy.ndarray, full: numpy.ndarray) -> Json:
    """An estimator of the gradient, from its draws.

    Parameters
    ----------
    gradients : numpy.ndarray, shape (num_draws, number of parameters)
    full : numpy.ndarray, shape (number of parameters,)

    Returns
    -------
    dict
        ``cosine`` with the full gradient, mean over the draws, and
        ``cosine_of_mean``; ``relative_bias``, ``|mean - full| / |full|``, which an
        unbiased estimator keeps near ``relative_standard_error``; ``norm``, its mean
        relative to the full one's; ``coordinate_variance``, mean over the parameters,
        and ``relative_deviation``, the root of its sum relative to ``|full|``.
    """
    size = numpy.linalg.norm(full)
    mean = gradients.mean(axis=0)
    norms = numpy.linalg.norm(gradients, axis=1)
    num_draws = len(gradients)
    variance = (
        gradients.var(axis=0, ddof=1) if num_draws > 1 else numpy.zeros_like(mean)
    )
    deviation = math.sqrt(variance.sum()) / size
    return {
        "cosine": float((gradients @ full / (norms * size)).mean()),
        "cosine_of_mean": float(mean @ full / (numpy.linalg.norm(mean) * size)),
        "relative_bias": float(numpy.linalg.norm(mean - full) / size),
        "relative_standard_error": deviation / math.sqrt(num_draws),
        "norm": float(norms.mean() / size),
        "coordinate_variance": float(variance.mean()),
        "relative_deviation": deviation,
        "num_draws": num_draws,
    }


def bias_by_length(net: Any, X: Array, Y: Array) -> Dict[str, float]:
    """Relative bias of regular truncation every 1, 2, 4, ... steps."""
    num_steps = X.shape[1]
    full = gradient(net, X, Y, [1.0] * num_steps)
    bias = {}
    for length in [2**k for k in range(num_steps.bit_length()) if 2**k <= num_steps]:
        weights = regular_weights(num_steps, length).tolist()
        away = numpy.linalg.norm(gradient(net, X, Y, weights) - full)
        bias[str(length)] = float(away / numpy.linalg.norm(full))
    return bias


def _seconds_per_update(epochs: Sequence[Json], config: BpttConfig) -> Dict[str, float]:
    """Median wall time of an update: forward, backward, clipping and step."""
    updates = epochs[-1]["tokens"] / (config.batch_size * config.num_steps)
    keys = {FULL: "seconds", **{n: f"{n}_seconds" for n in _TRUNCATED}}
    return {
        n: median([row[key] for row in epochs]) / updates for n, key in keys.items()
    }
