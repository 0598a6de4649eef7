"""A large vocabulary's table: the numbers of the one-hot form, to 1e-5."""

from __future__ import annotations

import random
from typing import Any, Dict, List, Tuple

import mxnet
import numpy
import pytest
from mxnet import autograd, cpu, gluon, init, np
from mxnet.gluon import rnn

from d2l_rnn.acceleration import explain, generation, table_rows
from d2l_rnn.acceleration import table_loss as training_step
from d2l_rnn.acceleration.epochs import next_token, parameters_of, path_of
from d2l_rnn.acceleration.generation import Asked
from d2l_rnn.acceleration.recurrence import KINDS, Weights
from d2l_rnn.acceleration.table_loss import mean_cross_entropy, table_loss
from d2l_rnn.acceleration.table_rows import TABLE_FROM, TableParameters
from d2l_rnn.arrays import Floats
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.errors import DivergenceError
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training.loop import train
from d2l_rnn.training.optimisers import Sgd

from .nets import LAYERS, VOCAB_SIZE, gradients_of, make

BATCH, STEPS = 3, 5


def minibatch(of: Tuple[int, int] = (0, VOCAB_SIZE)) -> Any:
    X = np.random.randint(*of, (BATCH, STEPS))
    return X, np.random.randint(*of, (BATCH, STEPS)).T.reshape(-1)


def begin(net: Any) -> Any:
    return net.begin_state(BATCH)


def close(found: Floats, expected: Floats) -> None:
    scale = max(1e-6, float(abs(expected).max()))
    numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * scale)


def one_step(net: Any, X: Any, y: Any, state: Any) -> List[Floats]:
    """Loss, state and gradients on the plain path."""
    with autograd.record():
        logits, new_state = net(X, state)
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(logits, y).mean()
    loss.backward()
    return [a.asnumpy() for a in (loss, *new_state)] + gradients_of(net)


@pytest.mark.parametrize("ids", [(0, VOCAB_SIZE), (-2, VOCAB_SIZE + 3), (2, 3)])
@pytest.mark.parametrize("name", LAYERS)
def test_loss_state_and_gradients_are_the_plain_ones(
    name: str, ids: Tuple[int, int]
) -> None:
    """Also of ids that are no token's, and where all tokens are one."""
    net, (X, y) = make(name), minibatch(ids)
    state: Any = [np.random.normal(size=s.shape) for s in begin(net)]
    expected = one_step(net, X, y, state)
    for _, grad in ((p, p.grad()) for p in net.collect_params().values()):
        grad[:] = 99.0  # all of it has to be written
    parameters = TableParameters(net, lambda: "")
    with parameters:
        for _ in range(2):  # the buffers are used again
            with autograd.record():
                loss, new_state = table_loss(parameters, X, y, state)
            assert parameters.objective is not None
            parameters.objective.backward()
        found = [a.asnumpy() for a in (loss, *new_state)]
        norm = float(parameters.sgd(0.0, numpy.inf))
    found += gradients_of(net)
    for one, other in zip(found, expected):
        close(one, other)
    gradients = expected[-len(net.collect_params().keys()) :]
    squares = sum((g.astype("float64") ** 2).sum() for g in gradients)
    assert norm == pytest.approx(squares**0.5, rel=1e-5)


def test_a_state_that_was_given_out_is_not_overwritten() -> None:
    net, (X, y) = make("bilstm"), minibatch()
    parameters = TableParameters(net, lambda: "")
    with parameters:
        _, state = table_loss(parameters, X, y, begin(net))
        kept = [s.asnumpy().copy() for s in state]
        table_loss(parameters, X[:, ::-1], y, state)
    for array, copy in zip(state, kept):
        numpy.testing.assert_array_equal(array.asnumpy(), copy)


@pytest.mark.parametrize("name", ["rnn", "deep-gru", "bilstm"])
def test_asked_it_answers_as_the_net(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after the weights have changed; ids that are no token's are noughts."""
    monkeypatch.setattr(table_rows, "TABLE_FROM", 1)
    net, (X, _) = make(name), minibatch((-1, VOCAB_SIZE + 1))
    asked: Any = Asked(net)
    shapes = []

    def noting(*given: Any) -> Any:
        shapes.append(given[2].shape)
        return training_step.table_logits(*given)

    monkeypatch.setattr(generation, "table_logits", noting)
    for _ in range(2):
        found, expected = asked(X, begin(net)), net(X, begin(net))
        for one, other in zip([found[0], *found[1]], [expected[0], *expected[1]]):
            close(one.asnumpy(), other.asnumpy())
        net.rnn.l0_i2h_weight.set_data(net.rnn.l0_i2h_weight.data() + 1)
    assert len(shapes) == 2


def trained(
    layer: Any, vocab_size: int, path: str, theta: float = 0.3
) -> Tuple[List[float], List[Floats]]:
    """Curve, weights and gradients after some epochs, on either path."""
    mxnet.random.seed(3)
    random.seed(3)
    ids = [(i * i + i // 7) % vocab_size for i in range(90)]
    loader = SequenceLoader(ids, 4, 6)
    net = RNNModel(layer(), vocab_size)
    net.initialize(init.Normal(0.3))
    parameters = parameters_of(net, loader, lambda: path)
    objective = next_token(net, parameters, cpu())
    rows = train(objective, loader, Sgd(parameters, 1.0, theta), 4, seed=5)
    curve = [row.loss for row in rows]
    assert parameters.path == (f"plain: {path}" if path else "table")
    assert path or path_of(net, loader) == "table"
    weights = [p.data().asnumpy() for p in net.collect_params().values()]
    return curve, weights + gradients_of(net)


@pytest.mark.parametrize(
    "layer, theta",
    [
        (lambda: rnn.RNN(8), 0.3),
        (lambda: rnn.GRU(8, 2), numpy.inf),
        (lambda: rnn.LSTM(8, 2, bidirectional=True), 0.3),
    ],
)
def test_training_follows_the_one_hot_form(layer: Any, theta: float) -> None:
    found, arrays = trained(layer, TABLE_FROM, "", theta)
    expected, plain = trained(layer, TABLE_FROM, "the test asks for it", theta)
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found[-1] < 0.99 * found[0]
    for one, other in zip(arrays, plain):
        scale = float(abs(other).max())
        numpy.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * scale)


def test_below_the_size_nothing_changes() -> None:
    small, large = (RNNModel(rnn.LSTM(4), TABLE_FROM + d) for d in (-1, 0))
    for net in (small, large):
        net.initialize()
    assert path_of(small, []) == "packed" and path_of(large, []) == "table"
    assert "with the same numbers" in explain(small)
    assert "1e-5" in explain(large) and "bit" in explain(large)


def test_the_reader_s_arrays_are_the_same_objects_whatever_happens() -> None:
    net = make("gru")
    found = [(p.data(), p.grad()) for p in net.collect_params().values()]
    before = [data.asnumpy().copy() for data, _ in found]
    parameters = TableParameters(net, lambda: "")
    with pytest.raises(KeyboardInterrupt):
        with parameters:
            with pytest.raises(RuntimeError, match="sgd alone"):
                parameters.trained()
            raise KeyboardInterrupt
    assert parameters.table is None and parameters.trained()
    for parameter, (data, grad), copy in zip(
        net.collect_params().values(), found, before
    ):
        assert parameter.data() is data and parameter.grad() is grad
        numpy.testing.assert_array_equal(data.asnumpy(), copy)


def test_a_reason_takes_the_plain_path() -> None:
    net = make("lstm")
    parameters = TableParameters(net, lambda: "so")
    with parameters:
        assert parameters.table is None and parameters.path == "plain: so"
        assert len(parameters.trained()) == len(net.collect_params().keys())


def test_a_loss_that_is_not_finite_is_told_of() -> None:
    with pytest.raises(DivergenceError):
        mxnet.random.seed(3)
        loader = SequenceLoader(list(range(90)), 4, 6)
        net = RNNModel(rnn.LSTM(8), TABLE_FROM)
        net.initialize(init.Normal(3e38))
        parameters = parameters_of(net, loader)
        objective = next_token(net, parameters, cpu())
        list(train(objective, loader, Sgd(parameters, 1.0, 1.0), 2))


def array(numbers: Floats) -> Any:
    return np.array(numbers, dtype="float32")


def reference_loss(logits: Floats, targets: Any) -> Tuple[float, Floats]:
    """In float64, from the definition."""
    wide = logits.astype("float64")
    wide = wide - wide.max(1, keepdims=True)
    p = numpy.exp(wide) / numpy.exp(wide).sum(1, keepdims=True)
    places = numpy.arange(len(p)), targets
    log_p = wide[places] - numpy.log(numpy.exp(wide).sum(1))
    p[places] -= 1
    return float(-log_p.mean()), p / len(p)


@pytest.mark.parametrize("scale", [0.0, 1.0, 300.0])
@pytest.mark.parametrize("block", [1, 40, 1 << 18])
def test_the_loss_and_its_gradient_in_one_memory(
    scale: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever block it works on; also where probabilities underflow."""
    monkeypatch.setattr(training_step, "_BLOCK", block)
    rng = numpy.random.default_rng(1)
    logits = (scale * rng.normal(size=(11, 13))).astype("float32")
    targets = rng.integers(0, 13, 11)
    expected, gradient = reference_loss(logits, targets)
    assert mean_cross_entropy(logits, targets) == pytest.approx(expected, rel=1e-6)
    numpy.testing.assert_allclose(logits, gradient, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("mode", KINDS)
def test_the_gradient_is_that_of_finite_differences(mode: str) -> None:
    """Of the inputs' rows and of the hidden state's weights, along random lines."""
    rng = numpy.random.default_rng(4)
    widths: Dict[str, int] = {"lstm": 4, "gru": 3}
    h, width = 4, 4 * widths.get(mode, 1)
    layer = KINDS[mode](mode, 3, 2, h)
    W, b = (array(0.5 * rng.normal(size=s)) for s in ((width, h), (width,)))
    X = rng.normal(size=(3, 2, width)).astype("float32")
    state = [array(rng.normal(size=(2, h))) for _ in range(layer.num_states)]
    dY = rng.normal(size=(3, 2, h)).astype("float32")

    def value(X: Floats, W: Any) -> float:
        Y = layer.forward(X.copy(), Weights(W, b), state)
        return float((Y.astype("float64") * dY).sum())

    value(X, W)
    dW = np.zeros(W.shape)
    found = layer.backward(dY, Weights(W, b), dW)
    dX, dW = found.X.copy(), dW.asnumpy()
    for _ in range(4):
        u, v = (rng.normal(size=a.shape).astype("float32") for a in (X, dW))
        e = 2e-3
        along_x = (value(X + e * u, W) - value(X - e * u, W)) / (2 * e)
        assert (dX * u).sum() == pytest.approx(along_x, rel=2e-2, abs=2e-2)
        V = array(e * v)
        along_w = (value(X, W + V) - value(X, W - V)) / (2 * e)
        assert (dW * v).sum() == pytest.approx(along_w, rel=2e-2, abs=2e-2)
