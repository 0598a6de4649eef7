from __future__ import annotations

import math
from typing import Any, List

import numpy as onp
import pytest
from mxnet import autograd, cpu, gluon, init, np, npx
from mxnet.gluon import rnn

from d2l_rnn.errors import UsageError
from d2l_rnn.models import recurrent
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training.loop import mean_of
from d2l_rnn.training.parameters import FlatParameters

VOCAB, BATCH, STEPS, HIDDENS = 7, 3, 5, 4
LAYERS = {
    "rnn": lambda **k: rnn.RNN(HIDDENS, **k),
    "rnn-tanh": lambda **k: rnn.RNN(HIDDENS, activation="tanh", **k),
    "gru": lambda **k: rnn.GRU(HIDDENS, **k),
    "lstm": lambda **k: rnn.LSTM(HIDDENS, **k),
    "deep-gru": lambda **k: rnn.GRU(HIDDENS, 3, **k),
    "bilstm": lambda **k: rnn.LSTM(HIDDENS, 2, bidirectional=True, **k),
}


def make(name: str) -> RNNModel:
    net = RNNModel(LAYERS[name](), VOCAB)
    net.initialize(init.Normal(0.5))
    net(np.zeros((1, 1)), net.begin_state(batch_size=1))
    return net


def minibatch() -> Any:
    X = np.random.randint(0, VOCAB, (BATCH, STEPS))
    return X, np.random.randint(0, VOCAB, (BATCH, STEPS)).T.reshape(-1)


def outputs_and_gradients(net: RNNModel, X: Any, y: Any) -> List[Any]:
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    state = net.begin_state(batch_size=BATCH)
    with autograd.record():
        logits, state = net(X, state)
        # Through the states too, so that their gradients are part of the proof.
        total = loss(logits, y).mean() + sum((s**2).sum() for s in state)
    total.backward()
    parameters = net._collect_params_with_prefix()
    return [logits.asnumpy(), *(s.asnumpy() for s in state)] + [
        parameters[name].grad().asnumpy() for name in sorted(parameters)
    ]


@pytest.mark.parametrize("name", LAYERS)
def test_hybridised_and_packed_are_the_plain_model(name: str) -> None:
    net, (X, y) = make(name), minibatch()
    plain = outputs_and_gradients(net, X, y)
    net.hybridize()
    hybridised = outputs_and_gradients(net, X, y)
    net.hybridize(active=False)
    FlatParameters(net)
    assert net._is_packed()
    packed = outputs_and_gradients(net, X, y)
    for one, two, three in zip(plain, hybridised, packed):
        onp.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-6)
        onp.testing.assert_allclose(three, one, rtol=1e-5, atol=1e-6)


def test_time_major_logits_and_layout_of_the_state() -> None:
    net, (X, _) = make("bilstm"), minibatch()
    logits, state = net(X, net.begin_state(batch_size=BATCH))
    assert logits.shape == (STEPS * BATCH, VOCAB)
    assert [s.shape for s in state] == [(4, BATCH, HIDDENS)] * 2
    one, _ = net(X[1:2], net.begin_state(batch_size=1))
    onp.testing.assert_allclose(
        logits.asnumpy().reshape(STEPS, BATCH, VOCAB)[:, 1],
        one.asnumpy(),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm", "deep-gru"])
def test_a_carried_state_makes_two_halves_one_whole(name: str) -> None:
    net, (X, _) = make(name), minibatch()
    FlatParameters(net)
    whole, end = net(X, net.begin_state(batch_size=BATCH))
    first, state = net(X[:, :2], net.begin_state(batch_size=BATCH))
    kept = [s.asnumpy().copy() for s in state]
    second, state_end = net(X[:, 2:], state)
    glued = np.concatenate([first, second]).asnumpy()
    onp.testing.assert_allclose(glued, whole.asnumpy(), rtol=1e-5, atol=1e-6)
    for one, two in zip(end, state_end):
        onp.testing.assert_allclose(two.asnumpy(), one.asnumpy(), rtol=1e-5, atol=1e-6)
    for before, after in zip(kept, state):  # the carried state is not overwritten
        onp.testing.assert_array_equal(after.asnumpy(), before)


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm", "deep-gru", "bilstm"])
def test_causal_unless_bidirectional(name: str) -> None:
    net, (X, _) = make(name), minibatch()
    changed = X.copy()
    changed[:, 3] = (changed[:, 3] + 1) % VOCAB
    before, _ = net(X, net.begin_state(batch_size=BATCH))
    after, _ = net(changed, net.begin_state(batch_size=BATCH))
    difference = abs((after - before).asnumpy()).reshape(STEPS, -1).max(axis=1)
    assert difference[3] > 0
    assert (difference[:3] == 0).all() == (name != "bilstm")


def test_initial_perplexity_is_near_the_vocabulary_s_size() -> None:
    for name in LAYERS:
        net = RNNModel(LAYERS[name](), VOCAB)
        net.initialize(init.Normal(0.01))
        X, y = minibatch()
        logits, _ = net(X, net.begin_state(batch_size=BATCH))
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(logits, y).mean()
        assert math.exp(float(loss)) == pytest.approx(VOCAB, rel=0.01)


def test_new_arrays_end_packing() -> None:
    net, (X, _) = make("lstm"), minibatch()
    flat = FlatParameters(net)
    net.initialize(init.Normal(0.5), force_reinit=True)
    state = net.begin_state(batch_size=BATCH)
    expected, _ = net(X, state)
    flat.data[:] = 0
    after, _ = net(X, state)
    assert not net._is_packed()
    onp.testing.assert_array_equal(after.asnumpy(), expected.asnumpy())
    assert abs(expected.asnumpy()).max() > 0


def test_packed_follows_set_data() -> None:
    net, (X, _) = make("lstm"), minibatch()
    flat = FlatParameters(net)
    net.rnn.l0_h2h_weight.set_data(np.ones((4 * HIDDENS, HIDDENS)))
    start = 4 * HIDDENS * VOCAB
    assert (flat.data[start : start + 4 * HIDDENS * HIDDENS] == 1).all()
    assert net._is_packed()
    packed, _ = net(X, net.begin_state(batch_size=BATCH))
    net._packed = None
    plain, _ = net(X, net.begin_state(batch_size=BATCH))
    onp.testing.assert_allclose(packed.asnumpy(), plain.asnumpy(), rtol=1e-5, atol=1e-6)


def test_unfit_layers_are_refused() -> None:
    with pytest.raises(UsageError, match="layout NTC"):
        RNNModel(rnn.LSTM(4, layout="NTC"), VOCAB)
    with pytest.raises(UsageError, match="input_size 9"):
        RNNModel(rnn.LSTM(4, input_size=9), VOCAB)
    assert RNNModel(rnn.LSTM(4, input_size=VOCAB), VOCAB).vocab_size == VOCAB


def test_begin_state_on_a_device() -> None:
    state = make("lstm").begin_state(batch_size=2, ctx=cpu())
    assert [s.shape for s in state] == [(1, 2, HIDDENS)] * 2
    assert npx.is_np_array() and float(sum(s.sum() for s in state)) == 0


@pytest.mark.parametrize("layer", [recurrent.LSTM, recurrent.GRU, recurrent.RNN])
def test_a_layer_with_dropout_is_not_packed_and_drops(layer: Any) -> None:
    net = RNNModel(layer(HIDDENS, 2, dropout=0.5), VOCAB)
    net.initialize(init.Normal(0.5))
    net(np.zeros((1, 1)), net.begin_state(batch_size=1))
    X, _ = minibatch()
    state = net.begin_state(batch_size=BATCH)
    before = net(X, state)[0].asnumpy()
    FlatParameters(net)
    assert not net._is_packed()
    onp.testing.assert_allclose(net(X, state)[0].asnumpy(), before, rtol=1e-6, atol=0)
    with autograd.train_mode():
        first, second = [net(X, state)[0].asnumpy() for _ in range(2)]
    assert abs(first - second).max() > 1e-3
    assert abs(first - before).max() > 1e-3


def loss_and_gradients(net: RNNModel, objective: Any, X: Any, Y: Any) -> List[Any]:
    """Two minibatches in a row, the second from the state that the first left."""
    state = net.begin_state(batch_size=BATCH)
    with autograd.record():
        first, state = objective(X, Y, state)
        second, state = objective(Y, X, state)
        total = first + 2 * second + sum((s**2).sum() for s in state)
    total.backward()
    parameters = net._collect_params_with_prefix()
    gradients = [parameters[name].grad().asnumpy() for name in sorted(parameters)]
    return [first.asnumpy(), second.asnumpy(), *(s.asnumpy() for s in state)] + [
        gradient.copy() for gradient in gradients
    ]


@pytest.mark.parametrize("name", LAYERS)
def test_the_mean_loss_as_one_graph_is_the_plain_one(name: str) -> None:
    net, (X, y) = make(name), minibatch()
    Y = y.reshape(STEPS, BATCH).T
    plain = mean_of(net, gluon.loss.SoftmaxCrossEntropyLoss())
    assert net.mean_loss(X, Y, net.begin_state(batch_size=BATCH)) is None
    expected = loss_and_gradients(net, plain, X, Y)
    FlatParameters(net)
    found = loss_and_gradients(net, net.mean_loss, X, Y)
    for one, two in zip(found, expected):
        onp.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_packed_graphs_in_flight_do_not_overwrite_one_another(name: str) -> None:
    """Three forward passes before the backward pass, one of them over fewer steps."""
    net, (X, _) = make(name), minibatch()
    results = []
    for packed in (False, True):
        if packed:
            FlatParameters(net)
        state = net.begin_state(batch_size=BATCH)
        with autograd.record():
            first, carried = net(X, state)
            second, _ = net(X[:, :2], carried)
            third, _ = net(X, state)
            total = (first**2).sum() + (second**3).sum() + third.sum()
        arrays = [first, second, third, *carried]
        before = [array.asnumpy().copy() for array in arrays]
        total.backward()
        for array, copy in zip(arrays, before):
            onp.testing.assert_array_equal(array.asnumpy(), copy)
        parameters = net._collect_params_with_prefix()
        gradients = [parameters[name].grad().asnumpy() for name in sorted(parameters)]
        results.append(before + [gradient.copy() for gradient in gradients])
    for one, two in zip(*results):
        onp.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-5)
