"""Recurrent layers: dropout by its statistics, lengths by each sequence alone."""

from __future__ import annotations

from typing import Any, Dict, List, Type

import mxnet
import numpy
import pytest
from mxnet import autograd, init, np
from mxnet.gluon import rnn

from d2l_rnn.arrays import Floats
from d2l_rnn.errors import UsageError
from d2l_rnn.models.gluon_layers import GRU, LSTM, RNN, recurrent_layer

TWINS = {RNN: rnn.RNN, GRU: rnn.GRU, LSTM: rnn.LSTM}
INPUT_SIZE, NUM_HIDDENS = 4, 6


def same_weights(layer: Any, twin: Any) -> None:
    for (name, parameter), (twin_name, other) in zip(
        layer.collect_params().items(), twin.collect_params().items()
    ):
        assert name.split("_", 1)[1] == twin_name.split("_", 1)[1]
        other.set_data(parameter.data())


def as_numpy(output: np.ndarray, state: Any) -> List[Floats]:
    return [output.asnumpy()] + [s.asnumpy() for s in state]


@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("make", TWINS)
def test_without_training_dropout_changes_nothing(
    make: Type[Any], bidirectional: bool, hybrid: bool
) -> None:
    settings = dict(bidirectional=bidirectional, input_size=INPUT_SIZE)
    layer = make(NUM_HIDDENS, num_layers=3, dropout=0.9, **settings)
    twin = TWINS[make](NUM_HIDDENS, num_layers=3, **settings)
    layer.initialize(init.Normal(0.5))
    twin.initialize()
    if hybrid:
        layer.hybridize()
    same_weights(layer, twin)
    X = np.random.normal(size=(5, 2, INPUT_SIZE))
    state = [np.random.normal(size=s.shape) for s in layer.begin_state(2)]
    for ours, theirs in zip(as_numpy(*layer(X, state)), as_numpy(*twin(X, state))):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def passing_through(dropout: float, num_layers: int) -> RNN:
    """A relu network whose every level hands its input on unchanged."""
    layer = RNN(20, num_layers, activation="relu", dropout=dropout, input_size=20)
    layer.initialize(init.Zero())
    for name, parameter in layer.collect_params().items():
        if name.endswith("i2h_weight"):
            parameter.set_data(np.eye(20))
    return layer


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_at_its_rate_and_scales_what_it_keeps(rate: float) -> None:
    layer = passing_through(rate, num_layers=2)
    with autograd.train_mode():
        Y, [H] = layer(np.ones((50, 40, 20)), layer.begin_state(40))
    values = Y.asnumpy()
    kept = values > 0
    # 40,000 independent choices: the standard deviation is at most 0.0025
    assert abs(kept.mean() - (1 - rate)) < 0.0125
    numpy.testing.assert_allclose(values[kept], 1 / (1 - rate), rtol=1e-5, atol=0)
    # the first level's state is not dropped, the second's is that of its inputs
    assert (H[0].asnumpy() == 1).all()
    numpy.testing.assert_array_equal(H[1].asnumpy(), values[-1])


def test_dropout_is_between_layers_only_and_new_at_every_step() -> None:
    one = passing_through(0.9, num_layers=1)
    with autograd.train_mode():
        assert (one(np.ones((3, 2, 20)), one.begin_state(2))[0].asnumpy() == 1).all()
        three = passing_through(0.5, num_layers=3)
        Y = three(np.ones((100, 40, 20)), three.begin_state(40))[0].asnumpy()
    # twice, not three times: a quarter is left; 80,000 choices, deviation 0.0016
    assert abs((Y > 0).mean() - 0.25) < 0.01
    assert not (Y[0] == Y[1]).all()
    predicted = three(np.ones((2, 4, 20)), three.begin_state(4))[0].asnumpy()
    assert (predicted == 1).all()


def test_dropout_follows_the_seed() -> None:
    layer = passing_through(0.5, num_layers=2)

    def draw(seed: int) -> Floats:
        mxnet.random.seed(seed)
        with autograd.train_mode():
            return layer(np.ones((5, 4, 20)), layer.begin_state(4))[0].asnumpy()

    numpy.testing.assert_array_equal(draw(3), draw(3))
    assert not (draw(3) == draw(4)).all()


def test_gradients_pass_where_dropout_kept_and_nowhere_else() -> None:
    layer = passing_through(0.5, num_layers=2)
    X = np.ones((10, 4, 20))
    X.attach_grad()
    with autograd.record():
        Y, _ = layer(X, layer.begin_state(4))
    Y.backward()
    numpy.testing.assert_allclose(X.grad.asnumpy(), Y.asnumpy(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_padded_sequence_goes_as_if_alone(
    cell: str, bidirectional: bool, hybrid: bool
) -> None:
    layer: Any = recurrent_layer(
        cell, NUM_HIDDENS, 2, 0.0, bidirectional, True, input_size=INPUT_SIZE
    )
    layer.initialize(init.Normal(0.8))
    if hybrid:
        layer.hybridize()
    lengths = (7, 1, 4)
    X = numpy.random.normal(size=(7, 3, INPUT_SIZE))
    arrays = [np.array(X, dtype="float32")]
    arrays[0].attach_grad()
    with autograd.record():
        Y, state = layer(arrays[0], layer.begin_state(3), np.array(lengths))
        total = Y.sum() + sum((s**2).sum() for s in state)
    total.backward()
    gradients = {
        name: p.grad().asnumpy().copy() for name, p in layer.collect_params().items()
    }
    alone_gradients = {name: 0 for name in gradients}
    for n, length in enumerate(lengths):
        x = np.array(X[:length, n : n + 1], dtype="float32")
        x.attach_grad()
        with autograd.record():
            y, s = layer(x, layer.begin_state(1), np.array([length]))
            total = y.sum() + sum((part**2).sum() for part in s)
        total.backward()
        close: Dict[str, Any] = dict(rtol=1e-5, atol=1e-6)
        numpy.testing.assert_allclose(
            Y.asnumpy()[:length, n], y.asnumpy()[:, 0], **close
        )
        assert (Y.asnumpy()[length:, n] == 0).all()
        for ours, theirs in zip(state, s):
            numpy.testing.assert_allclose(
                ours.asnumpy()[:, n], theirs.asnumpy()[:, 0], **close
            )
        numpy.testing.assert_allclose(
            arrays[0].grad.asnumpy()[:length, n],
            x.grad.asnumpy()[:, 0],
            rtol=1e-4,
            atol=1e-5,
        )
        assert (arrays[0].grad.asnumpy()[length:, n] == 0).all()
        for name, parameter in layer.collect_params().items():
            alone_gradients[name] = alone_gradients[name] + parameter.grad().asnumpy()
    for name, gradient in gradients.items():
        numpy.testing.assert_allclose(
            gradient, alone_gradients[name], rtol=1e-3, atol=1e-4
        )


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_full_sequence_is_that_of_gluons_layer(cell: str) -> None:
    layer: Any = recurrent_layer(cell, 6, 2, 0.0, True, True, input_size=INPUT_SIZE)
    twin = TWINS[type(layer)](6, 2, bidirectional=True, input_size=INPUT_SIZE)
    layer.initialize(init.Normal(0.5))
    twin.initialize()
    same_weights(layer, twin)
    X = np.random.normal(size=(5, 2, INPUT_SIZE))
    ours = layer(X, layer.begin_state(2), np.array([5, 5]))
    theirs = twin(X, twin.begin_state(2))
    for a, b in zip(as_numpy(*ours), as_numpy(*theirs)):
        numpy.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_layout_with_the_batch_first() -> None:
    settings: Dict[str, Any] = dict(dropout=0.5, input_size=INPUT_SIZE)
    layer, twin = GRU(6, 2, layout="NTC", **settings), GRU(6, 2, **settings)
    layer.initialize(init.Normal(0.5))
    twin.initialize()
    same_weights(layer, twin)
    X = np.random.normal(size=(3, 5, INPUT_SIZE))
    Y, [H] = layer(X, layer.begin_state(3))
    Y_twin, [H_twin] = twin(X.swapaxes(0, 1), twin.begin_state(3))
    numpy.testing.assert_array_equal(Y.asnumpy(), Y_twin.swapaxes(0, 1).asnumpy())
    numpy.testing.assert_array_equal(H.asnumpy(), H_twin.asnumpy())


def test_what_is_not_accepted() -> None:
    with pytest.raises(UsageError, match="'elman'.*gru, lstm"):
        recurrent_layer("elman", 4)
    with pytest.raises(UsageError, match="input_size"):
        GRU(4, use_sequence_length=True)
    with pytest.raises(UsageError, match="projection_size"):
        LSTM(4, projection_size=2)
    layer = GRU(4, use_sequence_length=True, input_size=3)
    layer.initialize()
    with pytest.raises(UsageError, match="lengths"):
        layer(np.zeros((2, 1, 3)), layer.begin_state(1))
