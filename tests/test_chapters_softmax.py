"""Chapter 3's training against d2l 0.17.6, on small images of our own."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Tuple

import numpy as onp
import pytest
from mxnet import autograd, gluon, init, np
from mxnet.gluon import nn

import d2l_rnn as d2l
from d2l_rnn.errors import UsageError

from .reference import d2l_0_17

Batches = List[Tuple[Any, Any]]
EPOCHS = 5


@pytest.fixture(scope="module")
def old(request: pytest.FixtureRequest) -> ModuleType:
    return d2l_0_17.load(Path(str(request.config.cache.mkdir("d2l-0.17.6"))))


@pytest.fixture
def batches() -> Batches:
    """Three minibatches, the last one smaller; ten classes that can be learnt."""
    y = np.random.randint(0, 10, 27)
    X = np.random.normal(0, 0.1, (27, 1, 28, 28))
    for i, label in enumerate(y):
        X[i, 0, int(label) : int(label) + 3, :] += 1
    return [(X[i : i + 10], y[i : i + 10].astype("int32")) for i in (0, 10, 20)]


class Noting:
    """An ``Animator`` that keeps what it is given."""

    made: List[Dict[str, Any]] = []
    added: List[Tuple[int, Tuple[float, ...]]] = []

    def __init__(self, **named: Any) -> None:
        type(self).made.append(named)

    def add(self, x: int, y: Tuple[float, ...]) -> None:
        type(self).added.append((x, tuple(y)))


def with_gluon() -> Tuple[Any, Any]:
    net = nn.Sequential()
    net.add(nn.Dense(10))
    net.initialize(init.Constant(0.01))
    return net, gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})


def from_scratch() -> Tuple[Any, Any]:
    W = np.full((784, 10), 0.01)
    W.attach_grad()

    def net(X: Any) -> Any:
        return np.dot(X.reshape(-1, 784), W)

    def updater(batch_size: int) -> None:
        W[:] = W - 0.5 * W.grad / batch_size

    return net, updater


@pytest.mark.parametrize("make", [with_gluon, from_scratch])
def test_training_follows_the_book(
    old: ModuleType, batches: Batches, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    curves = []
    for package in (old, d2l):
        monkeypatch.setattr(Noting, "made", [])
        monkeypatch.setattr(Noting, "added", [])
        monkeypatch.setattr(package, "Animator", Noting)
        net, updater = make()
        assert package.train_ch3(net, batches, batches, loss, EPOCHS, updater) is None
        curves.append((Noting.made, Noting.added))
    (their_made, theirs), (our_made, ours) = curves
    assert our_made == their_made
    assert [epoch for epoch, _ in ours] == [epoch for epoch, _ in theirs]
    assert len(ours) == EPOCHS and ours[-1][1][0] < 0.8 * ours[0][1][0]
    onp.testing.assert_allclose(
        [numbers for _, numbers in ours],
        [numbers for _, numbers in theirs],
        rtol=1e-6,
        atol=0,
    )


def test_a_reader_s_functions_are_heard(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Noting, "added", [])
    monkeypatch.setitem(vars(d2l), "Animator", Noting)
    monkeypatch.setattr(d2l, "train_epoch_ch3", lambda *arguments: (7.0, 8.0))
    monkeypatch.setattr(d2l, "accuracy", lambda y_hat, y: 2.0 * y.size)
    d2l.train_ch3(lambda X: X, batches, batches, None, 2, None)
    assert Noting.added == [(1, (7.0, 8.0, 2.0)), (2, (7.0, 8.0, 2.0))]


def test_training_before_no_epoch_is_refused(batches: Batches) -> None:
    with pytest.raises(UsageError, match="num_epochs 0: at least 1"):
        d2l.train_ch3(lambda X: X, batches, batches, None, 0, None)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
def test_accuracy_is_the_book_s(old: ModuleType, dtype: str) -> None:
    y_hat = np.random.normal(size=(50, 4))
    y = np.random.randint(0, 4, 50).astype(dtype)
    right = d2l.accuracy(y_hat, y)
    assert right == old.accuracy(y_hat, y)
    assert 0 < right < 50 and isinstance(right, float)
    predictions = y_hat.argmax(axis=1)
    for shape in ((50,), (50, 1)):
        labels, column = y.reshape(shape), predictions.reshape(shape)
        assert d2l.accuracy(column, labels) == right
    halves = [(y_hat[:20], y[:20]), (y_hat[20:], y[20:])]
    assert d2l.evaluate_accuracy(lambda X: X, halves) == right / 50
    assert d2l.evaluate_accuracy(lambda X: X, halves) == old.evaluate_accuracy(
        lambda X: X, halves
    )


def test_prediction_shows_what_the_book_shows(
    old: ModuleType, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, _ = with_gluon()
    net(batches[0][0])
    for parameter in net.collect_params().values():
        parameter.set_data(np.random.normal(size=parameter.shape))
    shown: List[Any] = []
    for package in (old, d2l):
        monkeypatch.setattr(
            package, "show_images", lambda *args, **named: shown.append((args, named))
        )
        package.predict_ch3(net, batches, n=4)
        package.predict_ch3(net, iter(batches))
    for theirs, ours in zip(shown[:2], shown[2:]):
        onp.testing.assert_array_equal(ours[0][0].asnumpy(), theirs[0][0].asnumpy())
        assert ours[0][1:] == theirs[0][1:] and ours[1] == theirs[1]
        assert len(ours[1]["titles"]) == ours[0][2]
    d2l.predict_ch3(net, batches[2:], n=8)
    assert shown[-1][0][0].shape == (7, 28, 28) and shown[-1][0][2] == 7


def test_the_recorded_loss_is_the_mean_over_examples(batches: Batches) -> None:
    """Not of minibatches: the last one is smaller."""
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    net, _ = with_gluon()
    with autograd.predict_mode():
        losses = np.concatenate([loss(net(X), y) for X, y in batches])
    value, right = d2l.train_epoch_ch3(net, batches, loss, lambda batch_size: None)
    assert value == pytest.approx(float(losses.mean()), rel=1e-5)
    assert right == d2l.evaluate_accuracy(net, batches)
