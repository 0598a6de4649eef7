from __future__ import annotations

import math
from typing import Any

import numpy as onp
import pytest
from mxnet import autograd, cpu, gluon, init, np, npx
from mxnet.gluon import rnn

from d2l_rnn.errors import UsageError
from d2l_rnn.models import gluon_layers
from d2l_rnn.models.language_model import RNNModel

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


def test_unfit_layers_are_refused() -> None:
    with pytest.raises(UsageError, match="layout NTC"):
        RNNModel(rnn.LSTM(4, layout="NTC"), VOCAB)
    with pytest.raises(UsageError, match="input_size 9"):
        RNNModel(rnn.LSTM(4, input_size=9), VOCAB)
    assert RNNModel(rnn.LSTM(4, input_size=VOCAB), VOCAB).vocab_size == VOCAB


def test_begin_state_on_a_device() -> None:
    state: Any = make("lstm").begin_state(batch_size=2, ctx=cpu())
    assert [s.shape for s in state] == [(1, 2, HIDDENS)] * 2
    assert npx.is_np_array() and float(sum(s.sum() for s in state)) == 0


@pytest.mark.parametrize(
    "layer", [gluon_layers.LSTM, gluon_layers.GRU, gluon_layers.RNN]
)
def test_a_layer_with_dropout_drops_in_training_only(layer: Any) -> None:
    net = RNNModel(layer(HIDDENS, 2, dropout=0.5), VOCAB)
    net.initialize(init.Normal(0.5))
    net(np.zeros((1, 1)), net.begin_state(batch_size=1))
    X, _ = minibatch()
    state = net.begin_state(batch_size=BATCH)
    before = net(X, state)[0].asnumpy()
    onp.testing.assert_array_equal(net(X, state)[0].asnumpy(), before)
    with autograd.train_mode():
        first, second = [net(X, state)[0].asnumpy() for _ in range(2)]
    assert abs(first - second).max() > 1e-3
    assert abs(first - before).max() > 1e-3
