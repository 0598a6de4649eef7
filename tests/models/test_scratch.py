"""The networks from scratch: laws that hold whatever the weights."""

from __future__ import annotations

import math
from typing import Any, Callable, List, Tuple

import numpy
import pytest
from mxnet import autograd, cpu, gluon, np, npx

from d2l_rnn.arrays import Floats
from d2l_rnn.models.scratch import GRU, LSTM, LSTM_PEEPHOLE, RNN, Layer
from d2l_rnn.models.scratch_model import RNNModelScratch
from d2l_rnn.models.scratch_stacks import (
    bidirectional,
    deep,
    get_gru_params,
    get_lstm_params,
    get_rnn_params,
    gru,
    init_gru_state,
    init_lstm_state,
    init_rnn_state,
    language_model,
    lstm,
    rnn,
)

VOCAB_SIZE, NUM_HIDDENS, BATCH_SIZE, NUM_STEPS = 28, 16, 3, 7

LAYERS = {
    "rnn": RNN,
    "gru": GRU,
    "lstm": LSTM,
    "lstm-peephole": LSTM_PEEPHOLE,
    "birnn": bidirectional(RNN),
    "deep": deep(GRU, 3),
    "deep-bilstm": deep(bidirectional(LSTM), 2),
}
ONE_WAY = {k: layer for k, layer in LAYERS.items() if layer.num_directions == 1}
every_layer = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)


def make_net(layer: Layer, scale: float = 1.0) -> Any:
    net = RNNModelScratch(VOCAB_SIZE, NUM_HIDDENS, cpu(), *language_model(layer))
    for param in net.params:
        param[:] *= scale
    return net


def random_ids(*shape: int) -> np.ndarray:
    return np.array(numpy.random.randint(VOCAB_SIZE, size=shape))


def mean_loss(
    net: Any, X: np.ndarray, Y: np.ndarray, state: Any
) -> Tuple[np.ndarray, Any]:
    logits, state = net(X, state)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    return loss(logits, Y.T.reshape(-1)).mean(), state


def gradients(net: Any, X: np.ndarray, Y: np.ndarray, state: Any) -> List[Floats]:
    with autograd.record():
        loss, _ = mean_loss(net, X, Y, state)
    loss.backward()
    return [param.grad.asnumpy() for param in net.params]


@pytest.mark.parametrize(
    "functions, layer",
    [
        ((get_rnn_params, init_rnn_state, rnn), RNN),
        ((get_gru_params, init_gru_state, gru), GRU),
        ((get_lstm_params, init_lstm_state, lstm), LSTM),
    ],
    ids=["rnn", "gru", "lstm"],
)
def test_the_book_s_calling_convention(
    functions: Tuple[Callable[..., Any], ...], layer: Layer
) -> None:
    """``rnn(inputs, state, params)`` is the book's, and so are parameters and state."""
    get_params, init_state, forward_fn = functions
    params = get_params(VOCAB_SIZE, NUM_HIDDENS, cpu())
    gates = {RNN: 1, GRU: 3, LSTM: 4}[layer]
    gate = [(VOCAB_SIZE, NUM_HIDDENS), (NUM_HIDDENS, NUM_HIDDENS), (NUM_HIDDENS,)]
    output = [(NUM_HIDDENS, VOCAB_SIZE), (VOCAB_SIZE,)]
    assert [param.shape for param in params] == gates * gate + output
    assert all(param.grad is not None for param in params)
    weights = numpy.concatenate(
        [param.asnumpy().ravel() for param in params if param.ndim == 2]
    )
    # Six standard errors of the mean and of the standard deviation.
    assert abs(weights.mean()) < 6 * 0.01 / math.sqrt(weights.size)
    assert abs(weights.std() - 0.01) < 6 * 0.01 / math.sqrt(2 * weights.size)
    assert all((param.asnumpy() == 0).all() for param in params if param.ndim == 1)

    inputs = npx.one_hot(random_ids(NUM_STEPS, BATCH_SIZE), VOCAB_SIZE)
    state = init_state(BATCH_SIZE, NUM_HIDDENS, cpu())
    outputs, new_state = forward_fn(inputs, state, params)
    hiddens, _ = layer.forward(inputs, state, params[:-2])
    # Row (t * batch_size + example) is step t's.
    for t, H in enumerate(hiddens):
        rows = outputs[t * BATCH_SIZE : (t + 1) * BATCH_SIZE].asnumpy()
        expected = (np.dot(H, params[-2]) + params[-1]).asnumpy()
        numpy.testing.assert_allclose(rows, expected, rtol=1e-4, atol=1e-7)
    assert isinstance(new_state, tuple) and len(new_state) == len(state)
    assert (new_state[0] == hiddens[-1]).all()


@every_layer
def test_initial_perplexity_is_the_vocabulary_s_size(layer: Layer) -> None:
    net = make_net(layer)
    X, Y = random_ids(2, BATCH_SIZE, NUM_STEPS)
    loss, _ = mean_loss(net, X, Y, net.begin_state(BATCH_SIZE, cpu()))
    assert math.exp(float(loss)) == pytest.approx(VOCAB_SIZE, rel=2e-3)


@pytest.mark.parametrize("layer", ONE_WAY.values(), ids=ONE_WAY)
def test_segments_with_the_state_carried_are_the_whole(layer: Layer) -> None:
    net = make_net(layer, scale=30)
    X = random_ids(BATCH_SIZE, NUM_STEPS)
    whole, end = net(X, net.begin_state(BATCH_SIZE, cpu()))
    first, state = net(X[:, :3], net.begin_state(BATCH_SIZE, cpu()))
    second, state = net(X[:, 3:], state)
    glued = np.concatenate([first, second])
    numpy.testing.assert_allclose(
        glued.asnumpy(), whole.asnumpy(), rtol=1e-5, atol=1e-6
    )
    for a, b in zip(state, end):
        numpy.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", ONE_WAY.values(), ids=ONE_WAY)
def test_the_future_reaches_the_output_of_two_directions_only(layer: Layer) -> None:
    X = random_ids(1, NUM_STEPS)
    changed = X.copy()
    changed[0, -1] = (X[0, -1] + 1) % VOCAB_SIZE

    def moved(net: Any) -> np.ndarray:
        state = net.begin_state(1, cpu())
        return np.abs(net(X, state)[0] - net(changed, state)[0]).max(axis=1)

    one_way = moved(make_net(layer, scale=30))
    assert (one_way[:-1] == 0).all() and one_way[-1] > 0
    assert (moved(make_net(bidirectional(layer), scale=30)) > 0).all()


def test_reading_backwards_swaps_the_directions() -> None:
    """Flipped X with states and weights swapped gives H flipped, its halves swapped."""
    layer = bidirectional(GRU)
    X = np.random.normal(size=(NUM_STEPS, BATCH_SIZE, 5))
    params = [30 * param for param in layer.get_params(5, NUM_HIDDENS, cpu())]
    state = tuple(np.random.normal(size=(2, BATCH_SIZE, NUM_HIDDENS)))
    H, _ = layer.forward(X, state, params)
    half = len(params) // 2
    swapped = params[half:] + params[:half]
    H_flipped, _ = layer.forward(X[::-1], state[::-1], swapped)
    for a, b in zip(H, H_flipped[::-1]):
        forth, back = np.split(a, 2, axis=1)
        expected = np.concatenate([back, forth], axis=1)
        assert (b == expected).all()


def test_rnn_without_recurrent_weights_is_an_mlp() -> None:
    net = make_net(RNN, scale=30)
    W_xh, W_hh, b_h, W_hq, b_q = net.params
    W_hh[:] = 0
    b_h[:] = np.random.normal(size=b_h.shape)
    X = random_ids(BATCH_SIZE, NUM_STEPS)
    state = (np.random.normal(size=(BATCH_SIZE, NUM_HIDDENS)),)
    logits, _ = net(X, state)
    rows = npx.one_hot(X.T.reshape(-1), VOCAB_SIZE)
    mlp = np.dot(np.tanh(np.dot(rows, W_xh) + b_h), W_hq) + b_q
    numpy.testing.assert_allclose(logits.asnumpy(), mlp.asnumpy(), rtol=1e-4, atol=1e-6)


def test_lstm_with_peepholes_of_zero_is_an_lstm() -> None:
    with_peepholes, without = make_net(LSTM_PEEPHOLE, 30), make_net(LSTM)
    weights, peepholes = with_peepholes.params[:12], with_peepholes.params[12:15]
    without.params[:12], without.params[12:] = weights, with_peepholes.params[15:]
    X, Y = random_ids(2, BATCH_SIZE, NUM_STEPS)
    state = without.begin_state(BATCH_SIZE, cpu())
    assert (with_peepholes(X, state)[0] != without(X, state)[0]).any()
    for p in peepholes:
        p[:] = 0
    assert (with_peepholes(X, state)[0] == without(X, state)[0]).all()
    for a, b in zip(
        gradients(without, X, Y, state)[:12],
        gradients(with_peepholes, X, Y, state)[:12],
    ):
        numpy.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-8)


def test_gates_at_their_limits_keep_the_memory() -> None:
    """LSTM: f = 1, i = 0 keeps C. GRU: Z = 1 keeps H, for ever."""
    for layer, biases, kept in ((LSTM, {2: -99, 5: 99}, 1), (GRU, {2: 99}, 0)):
        params = layer.get_params(VOCAB_SIZE, NUM_HIDDENS, cpu())
        for position, value in biases.items():
            params[position][:] = value
        inputs = np.random.normal(size=(50, BATCH_SIZE, VOCAB_SIZE))
        shape = (len(layer.init_state(1, 1, cpu())), BATCH_SIZE, NUM_HIDDENS)
        state = tuple(np.random.normal(size=shape))
        _, end = layer.forward(inputs, state, params)
        assert (end[kept] == state[kept]).all()


def test_parameters_are_read_anew_at_every_call() -> None:
    """A reader may put other arrays into ``params``."""
    net, X = make_net(GRU), random_ids(BATCH_SIZE, NUM_STEPS)
    state = net.begin_state(BATCH_SIZE, cpu())
    before, _ = net(X, state)
    net.params[:] = [30 * param for param in net.params]
    inputs = npx.one_hot(X.T, VOCAB_SIZE)
    expected, _ = net.forward_fn(inputs, state, net.params)
    assert (net(X, state)[0] == expected).all() and (before != expected).any()


def test_segments_of_one_sequence_carry_the_gradient() -> None:
    net, (X, Y) = make_net(LSTM, scale=30), random_ids(2, BATCH_SIZE, 6)
    whole = gradients(net, X, Y, net.begin_state(BATCH_SIZE, cpu()))
    with autograd.record():
        state = net.begin_state(BATCH_SIZE, cpu())
        first, state = mean_loss(net, X[:, :3], Y[:, :3], state)
        second, _ = mean_loss(net, X[:, 3:], Y[:, 3:], state)
        loss = (first + second) / 2
    loss.backward()
    for param, expected in zip(net.params, whole):
        atol = 1e-5 * abs(expected).max()
        numpy.testing.assert_allclose(
            param.grad.asnumpy(), expected, rtol=1e-5, atol=atol
        )


# A quick one, and the others: tests/training/test_loop.py learns with all of the loop.
@pytest.mark.parametrize(
    "name",
    [
        "rnn",
        "birnn",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("gru", "lstm", "lstm-peephole")
        ),
    ],
)
def test_one_minibatch_is_learnt_by_heart(name: str) -> None:
    net = make_net(LAYERS[name], scale=10)
    X, Y = random_ids(2, 2, NUM_STEPS)
    for _ in range(150):
        with autograd.record():
            loss, _ = mean_loss(net, X, Y, net.begin_state(2, cpu()))
        loss.backward()
        norm = math.sqrt(sum(float((p.grad**2).sum()) for p in net.params))
        for param in net.params:
            param[:] -= 2.0 / max(norm, 1.0) * param.grad
    assert float(loss) < 0.5
