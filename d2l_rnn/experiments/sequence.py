"""Predicting a noisy sine: one step ahead, and many (book Section 8.1)."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from typing import Any, Dict, Iterator, List, Tuple

import numpy
from mxnet import gluon, init, np
from mxnet.gluon import nn

from ..data.series import noisy_sine, windows
from ..data.translation import PairLoader
from ..inference.rollout import Predict, continue_series, predict_ahead
from ..models.gluon_layers import named_arrays
from ..results import record
from ..seeding import set_seed
from ..training import checkpoint
from ..training.loop import EpochRow, train
from ..training.objectives import Examples, total_loss
from ..training.optimisers import Adam
from ..training.parameters import Parameters
from .configs_sequences import SequenceConfig
from .running import Run

Json = Dict[str, Any]

_SHOWN = (1, 4, 16, 64)  # steps ahead that the book draws


def build(config: SequenceConfig, device: Any) -> nn.Sequential:
    """The book's net: tau inputs, one ReLU layer, one output; Xavier's weights."""
    net = nn.Sequential()
    net.add(
        nn.Dense(config.num_hiddens, activation="relu", in_units=config.tau),
        nn.Dense(1, in_units=config.num_hiddens),
    )
    net.initialize(init.Xavier(), ctx=device)
    return net


def run(config: SequenceConfig, run: Run) -> None:
    """Train on the beginning, predict the rest, record."""
    # All builds of the book drew series and weights from a generator never seeded,
    # hence the same ones; only the order of the minibatches differed.
    set_seed(config.data_seed)
    noise = np.random.normal(0, config.noise, (config.num_points,))
    net = build(config, run.device)
    time, x = noisy_sine(noise.asnumpy())
    features, labels = windows(x, config.tau)
    adam = Adam(Parameters.of(net), config.lr, math.inf)
    train_iter = PairLoader(
        [np.array(a[: config.num_train]) for a in (features, labels)], config.batch_size
    )
    half_square = gluon.loss.L2Loss()

    def summed_loss(X: Any, y: Any) -> Tuple[Any, int]:
        return half_square(net(X), y).sum(), len(X)

    kept: List[record.Row] = []
    if run.options.resume and run.checkpoint.exists():
        arrays, notes = checkpoint.load(run.checkpoint)
        checkpoint.put_arrays(named_arrays(net), arrays, adam)
        kept = record.read_run(run.directory).epochs[: notes["epoch"]]
    sha1 = hashlib.sha1(x.tobytes()).hexdigest()
    run.begin({"name": "noisy-sine", "sha1": sha1, "tokens": config.num_train}, kept)

    def rows() -> Iterator[EpochRow]:
        epochs = train(
            Examples(summed_loss, run.device, config.batch_size),
            train_iter,
            adam,
            config.num_epochs,
            seed=config.seed,
            first_epoch=len(kept) + 1,
        )
        for row in epochs:  # the book evaluates the net that an epoch has ended with
            loss, tokens = total_loss(train_iter, summed_loss, run.device)
            yield dataclasses.replace(row, loss=loss, tokens=tokens)

    def save(epoch: int) -> None:
        arrays = checkpoint.arrays_of(named_arrays(net), adam)
        checkpoint.save(run.checkpoint, arrays, {"epoch": epoch})

    run.follow(rows(), save)

    def predict(last: numpy.ndarray) -> numpy.ndarray:
        return net(np.array(last, ctx=run.device)).asnumpy()[:, 0]

    predictions = _predict(predict, x, config)
    last = run.epochs[-1]
    run.finish(
        {
            "loss": last["loss"] / last["tokens"],
            "noise_floor": config.noise**2 / 2,
            **_errors(predictions, x, config),
        }
    )
    if run.options.plot:
        _draw(time, x, predictions, config, run)
        run.draw_curve()


def _predict(predict: Predict, x: numpy.ndarray, config: SequenceConfig) -> Json:
    known = config.num_train + config.tau
    return {
        # (num_points - tau,): of the points from tau on
        "one_step": predict(windows(x, config.tau)[0]),
        # (num_points - known,): of all points after those trained on
        "continued": continue_series(
            predict, x[:known], config.num_points - known, config.tau
        ),
        # (max_steps, num_points - tau - max_steps + 1)
        "ahead": predict_ahead(predict, x, config.max_steps, config.tau),
    }


def _errors(predictions: Json, x: numpy.ndarray, config: SequenceConfig) -> Json:
    """Root mean square errors, of targets that were not trained on.

    A target is one for every number of steps ahead, so that the numbers compare.
    """
    known, tau, ahead = config.num_train + config.tau, config.tau, predictions["ahead"]
    error = {}
    for k in range(1, config.max_steps + 1):
        first = tau + k - 1  # the point that ahead[k - 1, 0] predicts
        start = known + config.max_steps - 1 - first
        targets = x[first + start : first + ahead.shape[1]]
        error[str(k)] = _rms(ahead[k - 1, start:] - targets)
    continued = predictions["continued"]
    return {
        "rmse_ahead": error,
        "rmse_continued": _rms(continued - x[known:]),
        "continued_ends_at": float(continued[-1]),
        "continued_constant_from": _constant_from(continued, known),
    }


def _constant_from(continued: numpy.ndarray, known: int) -> int:
    """The time (1 for the first point) from which the continuation stays at its end."""
    away = numpy.flatnonzero(abs(continued - continued[-1]) > 0.02)
    return int(known + 1 + (away[-1] + 1 if len(away) else 0))


def _rms(difference: numpy.ndarray) -> float:
    return float(numpy.sqrt(numpy.mean(difference.astype("float64") ** 2)))


def _draw(
    time: numpy.ndarray,
    x: numpy.ndarray,
    predictions: Json,
    config: SequenceConfig,
    run: Run,
) -> None:
    """The book's two pictures, and the error against the number of steps."""
    from ..results.plots import lines_figure, prediction_figure, save

    known, tau = config.num_train + config.tau, config.tau
    data = _points(time, x)
    figure = prediction_figure(
        data,
        {
            "1 step": _points(time[tau:], predictions["one_step"]),
            "multistep": _points(time[known:], predictions["continued"]),
        },
        known,
    )
    save(figure, run.directory / "continued.png")
    ahead = predictions["ahead"]
    shown = {
        f"{k}-step": _points(time[tau + k - 1 :], ahead[k - 1])
        for k in _SHOWN
        if k <= config.max_steps
    }
    save(prediction_figure(data, shown, known), run.directory / "steps-ahead.png")
    error = _errors(predictions, x, config)["rmse_ahead"]
    save(
        lines_figure(
            {"after the training data": (list(map(int, error)), list(error.values()))},
            "steps ahead",
            "root mean square error",
        ),
        run.directory / "error.png",
    )


def _points(
    time: numpy.ndarray, values: numpy.ndarray
) -> Tuple[List[float], List[float]]:
    return time[: len(values)].tolist(), values.tolist()


def summary(result: Json) -> str:
    """The loss, and how the error grows with the number of steps."""
    error = result["rmse_ahead"]
    ahead = ", ".join(f"{k}: {error[str(k)]:.3f}" for k in _SHOWN if str(k) in error)
    return "\n".join(
        [
            f"loss {result['loss']:.6f} (noise alone {result['noise_floor']:.6f})",
            f"root mean square error by steps ahead: {ahead}",
            f"continued from its own predictions: {result['rmse_continued']:.3f}; "
            f"constant at {result['continued_ends_at']:.2f} from "
            f"{result['continued_constant_from']} on",
        ]
    )
