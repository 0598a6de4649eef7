"""Backpropagation through time: full, truncated, randomly truncated (Section 8.7)."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

import numpy
from mxnet import autograd, gluon
from mxnet.gluon import rnn

from ..data.sequences import SequenceLoader
from ..models.gluon_layers import named_arrays
from ..models.language_model import RNNModel
from ..results import record
from ..results.metrics import median, perplexity
from ..seeding import epoch_seed, set_seed
from ..training import checkpoint
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
from ..training.parameters import Parameters
from . import gradient_flow
from .both_sides import arrays_under
from .configs_sequences import BpttConfig
from .language import read_corpus
from .running import Run

Json = Dict[str, Any]
Weights = Callable[[int], List[float]]

FULL, REGULAR, RANDOMISED = "full", "regular", "randomised"
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


class _Strategy:
    """A net, its parameters as one vector, and its training with one strategy."""

    def __init__(
        self, name: str, config: BpttConfig, vocab_size: int, device: Any
    ) -> None:
        set_seed(epoch_seed(config.seed, 0))  # all strategies begin alike
        self.name, self.config, self.device = name, config, device
        self.net = RNNModel(_LAYERS[config.cell](config.num_hiddens), vocab_size)
        initialize(self.net, device)
        self.sgd = Sgd(Parameters.of(self.net), config.lr, config.theta)

    def rows(self, train_iter: SequenceLoader, first_epoch: int) -> Iterator[EpochRow]:
        for epoch in range(first_epoch, self.config.num_epochs + 1):
            seed = epoch_seed(self.config.seed, epoch)
            set_seed(seed)
            weights = strategies(self.config, numpy.random.default_rng(seed))[self.name]
            yield train_epoch(self._objective(weights), train_iter, self.sgd, epoch)

    def _objective(self, weights: Weights) -> NextToken:
        loss = gluon.loss.SoftmaxCrossEntropyLoss()
        return NextToken(Truncated(self.net, weights), loss, self.device)

    def gradient(self, X: Any, Y: Any, weights: Sequence[float]) -> numpy.ndarray:
        """Of the mean loss from the zero state: (number of parameters,), float64."""
        objective = self._objective(lambda num_steps: list(weights))
        with autograd.record():
            loss = objective(X, Y).objective
        loss.backward()
        gradients = [t.grad.asnumpy().ravel() for t in self.sgd.parameters.trained()]
        return numpy.concatenate(gradients).astype("float64")


def run(config: BpttConfig, run: Run) -> None:
    """Train with every strategy, measure their gradients, demonstrate, record."""
    text, corpus, _, vocab = read_corpus(config)
    train_iter = SequenceLoader(
        corpus, config.batch_size, config.num_steps, ctx=run.device
    )
    names = (FULL, REGULAR, RANDOMISED)
    trained = {n: _Strategy(n, config, len(vocab), run.device) for n in names}
    set_seed(epoch_seed(config.seed, 0))
    X, Y = next(iter(train_iter))
    kept: List[record.Row] = []
    if run.options.resume and run.checkpoint.exists():
        arrays, saved = checkpoint.load(run.checkpoint)
        for name, strategy in trained.items():
            own = arrays_under(name, arrays)
            checkpoint.put_arrays(named_arrays(strategy.net), own)
        kept = record.read_run(run.directory).epochs[: saved["epoch"]]
    run.begin({"name": text.name, "sha1": text.sha1, "tokens": len(corpus)}, kept)
    rows = {n: s.rows(train_iter, len(kept) + 1) for n, s in trained.items()}

    def others(row: EpochRow) -> Json:
        fields = {}
        for name in (REGULAR, RANDOMISED):
            beside = next(rows[name])
            fields[f"{name}_perplexity"] = perplexity(beside.loss, beside.tokens)
            fields[f"{name}_seconds"] = beside.seconds
        return fields

    def save(epoch: int) -> None:
        arrays = {
            f"{name}.{key}": array
            for name, strategy in trained.items()
            for key, array in checkpoint.arrays_of(named_arrays(strategy.net)).items()
        }
        checkpoint.save(run.checkpoint, arrays, {"epoch": epoch})

    run.follow(rows[FULL], save, others)
    gradients = measure(trained[FULL], X, Y, config)
    for name, seconds in _seconds_per_update(run.epochs, config).items():
        gradients[name]["seconds_per_update"] = seconds
    flow, training, jacobians = gradient_flow.demonstrate(
        corpus, len(vocab), config.flow_steps, config.seed
    )
    last = run.epochs[-1]
    run.finish(
        {
            "perplexities": {
                FULL: last["perplexity"],
                REGULAR: last["regular_perplexity"],
                RANDOMISED: last["randomised_perplexity"],
            },
            "gradients": gradients,
            "relative_bias_by_length": bias_by_length(trained[FULL], X, Y),
            "gradient_flow": flow,
        }
    )
    if run.options.plot:
        _draw(vocab.to_tokens(corpus[: config.num_steps]), config, run)
        for name, figure in gradient_flow.figures(training, jacobians).items():
            _save(figure, name, run)


def measure(strategy: _Strategy, X: Any, Y: Any, config: BpttConfig) -> Json:
    """How the gradients of all strategies differ from the full one, at equal weights.

    Returns
    -------
    dict of str to dict
        See :func:`compare_gradients`; ``longest_segment`` is the mean over the draws
        of the most steps whose states have to be kept for the backward pass.
    """
    num_steps = X.shape[1]
    rng = numpy.random.default_rng(config.seed)
    full = strategy.gradient(X, Y, [1.0] * num_steps)
    measured = {}
    for name, weights in strategies(config, rng).items():
        num_draws = config.num_draws if name == RANDOMISED else 1
        drawn = [weights(num_steps) for _ in range(num_draws)]
        gradients = numpy.stack([strategy.gradient(X, Y, w) for w in drawn])
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


def bias_by_length(strategy: _Strategy, X: Any, Y: Any) -> Dict[str, float]:
    """Relative bias of regular truncation every 1, 2, 4, ... steps."""
    num_steps = X.shape[1]
    full = strategy.gradient(X, Y, [1.0] * num_steps)
    lengths = [2**k for k in range(num_steps.bit_length()) if 2**k <= num_steps]
    return {
        str(length): float(
            numpy.linalg.norm(
                strategy.gradient(X, Y, regular_weights(num_steps, length).tolist())
                - full
            )
            / numpy.linalg.norm(full)
        )
        for length in lengths
    }


def _seconds_per_update(epochs: List[Json], config: BpttConfig) -> Dict[str, float]:
    """Median wall time of an update: forward, backward, clipping and step."""
    updates = epochs[-1]["tokens"] / (config.batch_size * config.num_steps)
    keys = {FULL: "seconds", **{n: f"{n}_seconds" for n in (REGULAR, RANDOMISED)}}
    return {
        n: median([row[key] for row in epochs]) / updates for n, key in keys.items()
    }


def _draw(tokens: List[str], config: BpttConfig, run: Run) -> None:
    from ..results.plots import lines_figure
    from ..results.plots_truncation import truncation_figure

    epochs = [row["epoch"] for row in run.epochs]
    curves = {
        FULL: (epochs, [row["perplexity"] for row in run.epochs]),
        **{
            name: (epochs, [row[f"{name}_perplexity"] for row in run.epochs])
            for name in (REGULAR, RANDOMISED)
        },
    }
    figure = lines_figure(curves, "epoch", "training perplexity")
    _save(figure, record.CURVE[: -len(".png")], run)
    rng = numpy.random.default_rng(config.seed)
    shown = strategies(config, rng)
    weights = {n: shown[n](len(tokens)) for n in (RANDOMISED, REGULAR, FULL)}
    _save(truncation_figure(tokens, weights), "strategies", run)


def _save(figure: Any, name: str, run: Run) -> None:
    from ..results.plots import save

    save(figure, run.directory / f"{name}.png")


def summary(result: Json) -> str:
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
