"""Training on single examples: the same as Gluon's own Adam; resumed, the same bits."""

from __future__ import annotations

import dataclasses
import random
from typing import Any, Iterator, List, Tuple

import numpy as np
import pytest
from d2l_rnn.training.example_loop import ExampleTraining, total_loss
from mxnet import autograd, cpu, gluon, init
from mxnet import np as mx_np
from mxnet.gluon import nn

from d2l_rnn.errors import DivergenceError
from d2l_rnn.seeding import epoch_seed, set_seed

LOSS = gluon.loss.L2Loss()


class Minibatches:
    """21 examples in minibatches of 4, the last one short, in a random order."""

    def __init__(self) -> None:
        self.X = mx_np.random.normal(size=(21, 3))
        self.y = mx_np.random.normal(size=(21, 1))

    def __iter__(self) -> Iterator[Tuple[Any, Any]]:
        order = list(range(21))
        random.shuffle(order)
        for i in range(0, 21, 4):
            chosen = mx_np.array(order[i : i + 4], dtype="int32")
            yield mx_np.take(self.X, chosen, 0), mx_np.take(self.y, chosen, 0)


def made() -> Any:
    set_seed(3)
    net = nn.Sequential()
    net.add(nn.Dense(5, activation="relu", in_units=3), nn.Dense(1, in_units=5))
    net.initialize(init.Xavier())
    return net


def summed(net: Any) -> Any:
    return lambda X, y: (LOSS(net(X), y).sum(), len(X))


def curve(training: ExampleTraining, data: Any, first: int, last: int) -> List[Any]:
    rows = training.epochs(data, summed(training.net), last, 7, first, 4)
    return [dataclasses.replace(row, seconds=0) for row in rows]


def test_the_same_as_gluons_trainer() -> None:
    data = Minibatches()
    ours = ExampleTraining(made(), 0.05, np.inf, cpu())
    rows = curve(ours, data, 1, 4)
    net = made()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.05})
    for row in rows:
        set_seed(epoch_seed(7, row.epoch))
        total = 0.0
        for X, y in data:
            with autograd.record():
                loss = LOSS(net(X), y)
            loss.backward()
            trainer.step(4)  # the book's batch_size, also for the last one
            total += float(loss.sum())
        np.testing.assert_allclose(row.loss, total, rtol=1e-4, atol=0)
        assert row.tokens == 21
    for a, b in zip(ours.net.collect_params().values(), net.collect_params().values()):
        np.testing.assert_allclose(
            a.data().asnumpy(), b.data().asnumpy(), rtol=1e-3, atol=1e-5
        )
    loss, count = total_loss(data, summed(net), cpu())
    np.testing.assert_allclose(
        loss, float(LOSS(net(data.X), data.y).sum()), rtol=1e-5, atol=0
    )
    assert count == 21


def test_resumed_it_is_the_same_bit_for_bit() -> None:
    data = Minibatches()
    whole = ExampleTraining(made(), 0.05, 1.0, cpu())
    expected = curve(whole, data, 1, 5)
    first = ExampleTraining(made(), 0.05, 1.0, cpu())
    assert curve(first, data, 1, 2) == expected[:2]
    second = ExampleTraining(made(), 0.05, 1.0, cpu())
    second.restore(first.arrays())
    assert curve(second, data, 3, 5) == expected[2:]


def test_divergence_is_an_error() -> None:
    data = Minibatches()
    data.y[3] = np.nan
    with pytest.raises(DivergenceError, match="epoch 1.*--lr"):
        curve(ExampleTraining(made(), 0.05, np.inf, cpu()), data, 1, 1)
