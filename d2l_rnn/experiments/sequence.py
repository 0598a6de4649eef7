"""Predicting a noisy sine: one step ahead, and many (book Section 8.1)."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from mxnet import gluon, init, np
from mxnet.gluon import nn

from ..arrays import Floats
from ..data.series import noisy_sine, windows
from ..data.translation import PairLoader
from ..inference.rollout import continue_series, errors, predict_ahead
from ..protocols import Device
from ..results import printed
from ..seeding import set_seed
from ..training.loop import EpochRow, train
from ..training.objectives import Examples, total_loss
from ..training.optimisers import Adam
from ..training.parameters import Parameters
from .configs_sequences import SequenceConfig
from .contract import Json, Notify, Source
from .nets import NetRun
from .sizes import check_sizes

_SHOWN = printed.STEPS_AHEAD


def build(config: SequenceConfig, device: Device) -> nn.Sequential:
    """The book's net: tau inputs, one ReLU layer, one output; Xavier's weights."""
    check_sizes(config)
    net = nn.Sequential()
    net.add(
        nn.Dense(config.num_hiddens, activation="relu", in_units=config.tau),
        nn.Dense(1, in_units=config.num_hiddens),
    )
    net.initialize(init.Xavier(), ctx=device)
    return net


class SequenceRun(NetRun[SequenceConfig]):
    """Train on the beginning of the series, predict the rest."""

    text = staticmethod(printed.series)
    perplexities = False
    unit = "points"

    def __init__(self, config: SequenceConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        # All builds of the book drew series and weights from a generator never seeded,
        # hence the same ones; only the order of the minibatches differed.
        set_seed(config.data_seed)
        noise = np.random.normal(0, config.noise, (config.num_points,))
        self.net = build(config, device)
        self.nets = {"": self.net}
        self.adams = {"": Adam(Parameters.of(self.net), config.lr, math.inf)}
        # each (num_points,)
        self.time, self.x = noisy_sine(noise.asnumpy())
        sha1 = hashlib.sha1(self.x.tobytes()).hexdigest()
        self.source = Source("noisy-sine", sha1, config.num_train)
        self.train_iter = PairLoader(
            [np.array(a[: config.num_train]) for a in windows(self.x, config.tau)],
            config.batch_size,
        )
        self._half_square = gluon.loss.L2Loss()

    def _summed_loss(self, X: Any, y: Any) -> Tuple[Any, int]:
        return self._half_square(self.net(X), y).sum(), len(X)

    def rows(self, first_epoch: int) -> Iterator[EpochRow]:
        """Adam on half the squared error, evaluated once an epoch has ended."""
        epochs = train(
            Examples(self._summed_loss, self.device, self.config.batch_size),
            self.train_iter,
            self.adams[""],
            self.config.num_epochs,
            seed=self.config.seed,
            first_epoch=first_epoch,
        )
        for row in epochs:  # the book evaluates the net that an epoch has ended with
            loss, tokens = total_loss(self.train_iter, self._summed_loss, self.device)
            yield dataclasses.replace(row, loss=loss, tokens=tokens)

    def result(self, epochs: Sequence[Json]) -> Json:
        """The loss, and how errors grow with the number of steps ahead."""
        self.predictions = self._predictions()
        last, found = epochs[-1], self._errors()
        ahead = {k: v**2 for k, v in found["rmse_ahead"].items() if int(k) in _SHOWN}
        return {
            "loss": last["loss"] / last["tokens"],
            "noise_floor": self.config.noise**2 / 2,
            "mse_ahead": ahead,
            **found,
        }

    def _predict(self, last: Floats) -> Floats:
        """One value after each row of ``last``, (number of rows, tau)."""
        found: Floats = self.net(np.array(last, ctx=self.device)).asnumpy()
        return found[:, 0]

    def _predictions(self) -> Dict[str, Floats]:
        config, x = self.config, self.x
        known = config.num_train + config.tau
        return {
            # (num_points - tau,): of the points from tau on
            "one_step": self._predict(windows(x, config.tau)[0]),
            # (num_points - known,): of all points after those trained on
            "continued": continue_series(
                self._predict, x[:known], config.num_points - known, config.tau
            ),
            # (max_steps, num_points - tau - max_steps + 1)
            "ahead": predict_ahead(self._predict, x, config.max_steps, config.tau),
        }

    def _errors(self) -> Json:
        config, found = self.config, self.predictions
        known = config.num_train + config.tau
        return errors(found["ahead"], found["continued"], self.x, known, config.tau)

    def draw(self, directory: Path) -> None:
        """The curve, the book's two pictures, and error against number of steps."""
        from ..results.plots import lines_figure, prediction_figure, save

        super().draw(directory)
        config, predictions = self.config, self.predictions
        known, tau = config.num_train + config.tau, config.tau
        data = _points(self.time, self.x)
        drawn = {
            "1 step": _points(self.time[tau:], predictions["one_step"]),
            "multistep": _points(self.time[known:], predictions["continued"]),
        }
        title = "sequence: the next step, and continued from its own predictions"
        figure = prediction_figure(data, drawn, known, title)
        save(figure, directory / "continued.png")
        ahead = predictions["ahead"]
        shown = {
            f"{k}-step": _points(self.time[tau + k - 1 :], ahead[k - 1])
            for k in _SHOWN
            if k <= config.max_steps
        }
        title = "sequence: predicted several steps ahead"
        figure = prediction_figure(data, shown, known, title)
        save(figure, directory / "steps-ahead.png")
        error = self._errors()["rmse_ahead"]
        line = list(map(int, error)), list(error.values())
        figure = lines_figure(
            {"after the training data": line},
            "steps ahead",
            "root mean square error",
            title="sequence: the error grows with the steps ahead",
        )
        save(figure, directory / "error.png")

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Always: no epoch knows how many there are."""
        return ""


def _points(time: Floats, values: Floats) -> Tuple[List[float], List[float]]:
    return time[: len(values)].tolist(), values.tolist()
