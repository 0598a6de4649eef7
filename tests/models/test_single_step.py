"""A single step cell by cell is the fused operator's step."""

from __future__ import annotations

from typing import Any, List

import numpy
import pytest
from mxnet import autograd, init, np
from mxnet.gluon import rnn

from d2l_rnn.models import single_step
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training.parameters import FlatParameters

VOCAB_SIZE, NUM_HIDDENS = 7, 5
LAYERS = {
    "rnn": lambda: rnn.RNN(NUM_HIDDENS),
    "rnn-tanh": lambda: rnn.RNN(NUM_HIDDENS, 2, activation="tanh"),
    "gru": lambda: rnn.GRU(NUM_HIDDENS),
    "deep-gru": lambda: rnn.GRU(NUM_HIDDENS, 3),
    "lstm": lambda: rnn.LSTM(NUM_HIDDENS),
    "deep-lstm": lambda: rnn.LSTM(NUM_HIDDENS, 2),
    "dropout": lambda: rnn.LSTM(NUM_HIDDENS, 2, dropout=0.5),
    "bigru": lambda: rnn.GRU(NUM_HIDDENS, bidirectional=True),
    "bilstm": lambda: rnn.LSTM(NUM_HIDDENS, 2, bidirectional=True),
}


def make(name: str) -> RNNModel:
    net = RNNModel(LAYERS[name](), VOCAB_SIZE)
    net.initialize(init.Normal(0.7))
    net(np.zeros((1, 1)), net.begin_state(batch_size=1))
    for parameter in net.collect_params().values():  # biases too
        parameter.set_data(np.random.normal(scale=0.4, size=parameter.shape))
    return net


def fused(net: RNNModel, X: Any, state: List[Any]) -> Any:
    """The same call by the fused operator: recording asks for a graph."""
    with autograd.record(train_mode=False):
        return net(X, state)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("way", ["plain", "packed", "hybridised"])
def test_steps_are_the_fused_operator_s(name: str, way: str) -> None:
    net = make(name)
    if way == "packed":
        FlatParameters(net)
    elif way == "hybridised":
        net.hybridize()
    for batch_size in (1, 3, 1):
        tokens = np.random.randint(0, VOCAB_SIZE, (batch_size, 6))
        state = net.begin_state(batch_size=batch_size)
        for X in (tokens[:, k : k + 1] for k in range(6)):
            expected, expected_state = fused(net, X, state)
            assert single_step.applies(net.rnn, X)
            logits, state = net(X, state)
            for one, other in zip([logits, *state], [expected, *expected_state]):
                assert one.shape == other.shape
                numpy.testing.assert_allclose(
                    one.asnumpy(), other.asnumpy(), rtol=1e-5, atol=1e-6
                )
        assert net._step is not None and net._step._graphs


@pytest.mark.parametrize("name", LAYERS)
def test_carried_states_are_not_overwritten(name: str) -> None:
    net = make(name)
    state, kept = net.begin_state(batch_size=2), []
    for token in (1, 2, 3, 4):
        logits, state = net(np.full((2, 1), token), state)
        kept.append([(a, a.asnumpy().copy()) for a in (logits, *state)])
    for step in kept:
        for array, copy in step:
            numpy.testing.assert_array_equal(array.asnumpy(), copy)


def test_the_step_follows_its_parameters() -> None:
    net = make("lstm")
    X, state = np.array([[3]]), net.begin_state(batch_size=1)
    before, _ = net(X, state)
    net.rnn.l0_i2h_bias.set_data(np.ones(4 * NUM_HIDDENS))
    after, _ = net(X, state)
    numpy.testing.assert_allclose(
        after.asnumpy(), fused(net, X, state)[0].asnumpy(), rtol=1e-5, atol=1e-6
    )
    assert abs((after - before).asnumpy()).max() > 1e-3
    flat = FlatParameters(net)
    flat.data[:] = 0
    assert abs(net(X, state)[0].asnumpy()).max() == 0
    net.initialize(init.Normal(0.7), force_reinit=True)
    numpy.testing.assert_allclose(
        net(X, state)[0].asnumpy(),
        fused(net, X, state)[0].asnumpy(),
        rtol=1e-5,
        atol=1e-6,
    )


def test_where_it_does_not_apply() -> None:
    net = make("lstm")
    one, two = np.zeros((1, 1)), np.zeros((1, 2))
    assert single_step.applies(net.rnn, one)
    assert not single_step.applies(net.rnn, two)
    with autograd.record():
        assert not single_step.applies(net.rnn, one)
    with autograd.train_mode():  # where dropout acts
        assert not single_step.applies(net.rnn, one)
    clipped = rnn.LSTM(4, state_clip_min=-1, state_clip_max=1)
    assert not single_step.applies(clipped, one)
    assert not single_step.applies(rnn.LSTM(4, projection_size=2), one)
    assert not single_step.applies(rnn.LSTM(4, use_sequence_length=True), one)


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64"])
def test_ids_of_any_type(dtype: str) -> None:
    net = make("gru")
    state = net.begin_state(batch_size=2)
    X = np.array([[1], [2]], dtype=dtype)
    logits, _ = net(X, state)
    numpy.testing.assert_allclose(
        logits.asnumpy(), fused(net, X, state)[0].asnumpy(), rtol=1e-5, atol=1e-6
    )
