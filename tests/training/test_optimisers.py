"""Optimisers: Adam is Gluon's own, goes on exactly, and refuses another's state."""

from __future__ import annotations

import dataclasses
import random
from itertools import islice
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import mxnet
import numpy as onp
import pytest
from mxnet import autograd, cpu, gluon, init, np
from mxnet.gluon import nn, rnn

from d2l_rnn import checkpoint_file
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.errors import DivergenceError, RunError
from d2l_rnn.models.gluon_layers import named_arrays
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.seeding import epoch_seed, set_seed
from d2l_rnn.training import checkpoint
from d2l_rnn.training.initialisation import initialize
from d2l_rnn.training.loop import train
from d2l_rnn.training.objectives import Examples, NextToken, total_loss
from d2l_rnn.training.optimisers import Adam, Sgd, without_optimiser
from d2l_rnn.training.parameters import Parameters

VOCAB = 9
LOADER = SequenceLoader([(i * i + i // 5) % VOCAB for i in range(400)], 4, 8)
LOSS = gluon.loss.L2Loss()


class Language:
    """A language model, and its optimiser."""

    def __init__(
        self, lr: float = 0.01, theta: float = 1.0, num_hiddens: int = 8
    ) -> None:
        mxnet.random.seed(5)
        self.net = RNNModel(rnn.GRU(num_hiddens), VOCAB)
        initialize(self.net, cpu())
        self.net.initialize(init.Xavier(), force_reinit=True)
        loss = gluon.loss.SoftmaxCrossEntropyLoss()
        self.objective = NextToken(self.net, loss, cpu())
        self.adam = Adam(Parameters.of(self.net), lr, theta)

    def rows(self, num_epochs: int, first_epoch: int = 1) -> Any:
        return train(
            self.objective,
            LOADER,
            self.adam,
            num_epochs,
            seed=3,
            first_epoch=first_epoch,
        )

    def losses(self, num_epochs: int, first_epoch: int = 1) -> List[float]:
        return [row.loss for row in self.rows(num_epochs, first_epoch)]

    def arrays(self) -> Any:
        return checkpoint.arrays_of(named_arrays(self.net), self.adam)

    def restore(self, arrays: Any) -> None:
        checkpoint.put_arrays(named_arrays(self.net), arrays, self.adam)


def test_a_resumed_training_is_the_uninterrupted_one_bit_for_bit(
    tmp_path: Path,
) -> None:
    whole = Language()
    expected = whole.losses(5)
    first = Language()
    begun = [row.loss for row in islice(first.rows(5), 2)]
    checkpoint_file.save(tmp_path / "c", first.arrays(), {})
    second = Language()
    second.restore(checkpoint_file.load(tmp_path / "c")[0])
    assert begun + second.losses(5, first_epoch=3) == expected
    for name, array in whole.arrays().items():
        onp.testing.assert_array_equal(second.arrays()[name], array)


def test_it_learns_and_the_gradient_is_clipped() -> None:
    curve = Language().losses(12)
    assert curve[-1] < 0.7 * curve[0]
    # Adam divides by the gradient's own size, so only a threshold between the norms
    # of the first and of later steps makes a difference.
    unclipped, clipped = Language(theta=float("inf")), Language(theta=0.05)
    assert unclipped.losses(3) != clipped.losses(3)


def test_checkpoints_that_do_not_fit_are_refused() -> None:
    training = Language()
    arrays = training.arrays()
    with pytest.raises(RunError, match="Adam"):
        training.restore(without_optimiser(arrays))
    with pytest.raises(RunError, match="another model"):
        Language(num_hiddens=5).restore(arrays)


class Minibatches:
    """21 examples in minibatches of 4, the last one short, in a random order."""

    def __init__(self) -> None:
        self.X = np.random.normal(size=(21, 3))
        self.y = np.random.normal(size=(21, 1))

    def __iter__(self) -> Iterator[Tuple[Any, Any]]:
        order = list(range(21))
        random.shuffle(order)
        for i in range(0, 21, 4):
            chosen = np.array(order[i : i + 4], dtype="int32")
            yield np.take(self.X, chosen, 0), np.take(self.y, chosen, 0)


def made() -> Any:
    set_seed(3)
    net = nn.Sequential()
    net.add(nn.Dense(5, activation="relu", in_units=3), nn.Dense(1, in_units=5))
    net.initialize(init.Xavier())
    return net


def summed(net: Any) -> Any:
    return lambda X, y: (LOSS(net(X), y).sum(), len(X))


def curve(net: Any, optimiser: Any, data: Any, first: int, last: int) -> List[Any]:
    objective = Examples(summed(net), cpu(), 4)
    rows = train(objective, data, optimiser, last, seed=7, first_epoch=first)
    return [dataclasses.replace(row, seconds=0) for row in rows]


def test_adam_is_gluons_trainer() -> None:
    data, ours, net = Minibatches(), made(), made()
    optimiser = Adam(Parameters.of(ours), 0.05, onp.inf)
    follows_gluon(data, ours, optimiser, net, "adam", 4)
    loss, count = total_loss(data, summed(net), cpu())
    onp.testing.assert_allclose(
        loss, float(LOSS(net(data.X), data.y).sum()), rtol=1e-5, atol=0
    )
    assert count == 21


@pytest.mark.parametrize("make_optimiser", [Adam, Sgd])
def test_rates_of_layers_and_frozen_layers_are_gluons_too(make_optimiser: Any) -> None:
    ours, net = made(), made()
    for block in (ours, net):
        block[0].weight.lr_mult = 0.5
        block[0].bias.lr_mult = 0
        block[1].bias.grad_req = "null"
    optimiser = make_optimiser(Parameters.of(ours), 0.05, onp.inf)
    kept = [ours[0].bias.data().asnumpy().copy(), ours[1].bias.data().asnumpy().copy()]
    name = "adam" if make_optimiser is Adam else "sgd"
    follows_gluon(Minibatches(), ours, optimiser, net, name, 4)
    onp.testing.assert_array_equal(ours[0].bias.data().asnumpy(), kept[0])
    onp.testing.assert_array_equal(ours[1].bias.data().asnumpy(), kept[1])


def follows_gluon(
    data: Any, ours: Any, optimiser: Any, net: Any, name: str, num_epochs: int
) -> None:
    rows = curve(ours, optimiser, data, 1, num_epochs)
    trainer = gluon.Trainer(net.collect_params(), name, {"learning_rate": 0.05})
    for row in rows:
        set_seed(epoch_seed(7, row.epoch))
        total = 0.0
        for X, y in data:
            with autograd.record():
                loss = LOSS(net(X), y)
            loss.backward()
            trainer.step(4)  # the book's batch_size, also for the last one
            total += float(loss.sum())
        onp.testing.assert_allclose(row.loss, total, rtol=1e-4, atol=0)
        assert row.tokens == 21
    for a, b in zip(ours.collect_params().values(), net.collect_params().values()):
        onp.testing.assert_allclose(
            a.data().asnumpy(), b.data().asnumpy(), rtol=1e-3, atol=1e-5
        )


def test_a_step_divides_what_was_clipped() -> None:
    """``step(batch_size)``: the gradient itself stays undivided."""
    data, nets = Minibatches(), [made(), made()]
    for net in nets:
        with autograd.record():
            loss = LOSS(net(data.X), data.y).sum()
        loss.backward()
    first, second = (Adam(Parameters.of(net), 0.05, 0.1) for net in nets)
    assert float(first.step(21)) == pytest.approx(float(second.step()), rel=1e-6)
    assert abs(second.arrays()["adam.mean"]).max() > 0
    onp.testing.assert_allclose(
        21 * first.arrays()["adam.mean"], second.arrays()["adam.mean"], rtol=1e-5
    )
    # clipped, and not divided
    assert float(first.parameters.norm()) == pytest.approx(0.1, rel=1e-5)


def test_examples_resumed_are_the_same_bit_for_bit() -> None:
    data = Minibatches()

    def trained(first: int, last: int, arrays: Any = None) -> Tuple[Any, Any]:
        net = made()
        adam = Adam(Parameters.of(net), 0.05, 1.0)
        if arrays is not None:
            checkpoint.put_arrays(named_arrays(net), arrays, adam)
        rows = curve(net, adam, data, first, last)
        return rows, checkpoint.arrays_of(named_arrays(net), adam)

    expected, _ = trained(1, 5)
    begun, arrays = trained(1, 2)
    assert begun == expected[:2]
    assert trained(3, 5, arrays)[0] == expected[2:]


def test_divergence_is_an_error() -> None:
    data, net = Minibatches(), made()
    data.y[3] = onp.nan
    with pytest.raises(DivergenceError, match="epoch 1.*--lr"):
        curve(net, Adam(Parameters.of(net), 0.05, onp.inf), data, 1, 1)


@pytest.mark.parametrize("make_optimiser", [Adam, Sgd])
def test_a_reader_s_clipping_takes_the_place_of_ours(make_optimiser: Any) -> None:
    net, calls = made(), []
    parameters = Parameters.of(net)

    def clip() -> None:
        calls.append(1)
        for parameter in net.collect_params().values():
            parameter.grad()[:] = 0

    data = Minibatches()
    before = [p.data().asnumpy().copy() for p in net.collect_params().values()]
    with autograd.record():
        loss = LOSS(net(data.X), data.y).sum()
    loss.backward()
    optimiser = make_optimiser(parameters, 1.0, 1.0, clip)
    assert float(optimiser.step()) == 0 and calls == [1]  # the norm after clipping
    for parameter, kept in zip(net.collect_params().values(), before):
        onp.testing.assert_array_equal(parameter.data().asnumpy(), kept)
