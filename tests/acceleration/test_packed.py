"""Packed parameters: the same bits as in place, and the reader's arrays stay theirs."""

from __future__ import annotations

import math
import random
from typing import Any, Dict, List, Tuple

import mxnet
import numpy
import pytest
from mxnet import autograd, cpu, gluon, init, np
from mxnet.gluon import rnn

from d2l_rnn.acceleration.epochs import next_token, packed_loss, parameters_of
from d2l_rnn.acceleration.packed import Pack, PackedParameters
from d2l_rnn.arrays import Floats
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.errors import DivergenceError
from d2l_rnn.models import gluon_layers
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training.loop import train
from d2l_rnn.training.optimisers import Adam, Sgd
from d2l_rnn.training.parameters import Parameters

from .nets import LAYERS, VOCAB_SIZE, make

BATCH, STEPS = 3, 5
DEVICE = cpu()
CORPUS = [(i * i + i // 7) % VOCAB_SIZE for i in range(70)]
BOOK = {
    "rnn": lambda n: rnn.RNN(n),
    "lstm": lambda n: rnn.LSTM(n),
    "gru": lambda n: rnn.GRU(n),
    "bilstm": lambda n: rnn.LSTM(n, 2, bidirectional=True),
}


def minibatch() -> Any:
    X = np.random.randint(0, VOCAB_SIZE, (BATCH, STEPS))
    return X, np.random.randint(0, VOCAB_SIZE, (BATCH, STEPS)).T.reshape(-1)


def plain_loss(net: Any, X: Any, y: Any, state: Any) -> Tuple[Any, Any]:
    logits, state = net(X, state)
    return gluon.loss.SoftmaxCrossEntropyLoss()(logits, y).mean(), state


def both_ways(net: RNNModel, total_of: Any) -> List[List[Floats]]:
    """Arrays of a computation, and the gradients in the operator's order, twice."""
    pack = Pack(net)
    pack.gather()

    def packed(net: Any, X: Any, y: Any, state: Any) -> Tuple[Any, Any]:
        return packed_loss(net, pack, X, y, state)

    found = []
    for objective in (plain_loss, packed):
        with autograd.record():
            arrays, total = total_of(net, objective)
        before = [array.asnumpy().copy() for array in arrays]
        total.backward()
        for array, copy in zip(arrays, before):  # nothing in flight is overwritten
            numpy.testing.assert_array_equal(array.asnumpy(), copy)
        if objective is packed:
            gradients = [view.grad for view in pack.views]
        else:
            gradients = [parameter.grad() for parameter in pack.parameters]
        found.append(before + [gradient.asnumpy().copy() for gradient in gradients])
    return found


@pytest.mark.parametrize("name", LAYERS)
def test_the_mean_loss_as_one_graph_is_the_plain_one_bit_for_bit(name: str) -> None:
    net, (X, y) = make(name), minibatch()
    state: Any = net.begin_state(BATCH)
    state = [np.random.normal(size=s.shape) for s in state]

    def total_of(net: Any, objective: Any) -> Any:
        loss, end = objective(net, X, y, state)
        return [loss, *end], loss

    plain, packed = both_ways(net, total_of)
    for one, other in zip(packed, plain):
        numpy.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_go_through_carried_states(name: str) -> None:
    """Two minibatches in a row, the second from the state that the first left."""
    net, (X, y) = make(name), minibatch()
    Y = y.reshape(STEPS, BATCH).T

    def total_of(net: Any, objective: Any) -> Any:
        first, state = objective(net, X, y, net.begin_state(batch_size=BATCH))
        second, state = objective(net, Y, X.T.reshape(-1), state)
        total = first + 2 * second + sum((s**2).sum() for s in state)
        return [first, second, *state], total

    plain, packed = both_ways(net, total_of)
    for one, other in zip(packed, plain):
        numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_graphs_in_flight_do_not_overwrite_one_another(name: str) -> None:
    """Three forward passes before the backward pass, one of them over fewer steps."""
    net, (X, y) = make(name), minibatch()

    def total_of(net: Any, objective: Any) -> Any:
        state = net.begin_state(batch_size=BATCH)
        first, carried = objective(net, X, y, state)
        second, _ = objective(net, X[:, :2], y[: 2 * BATCH], carried)
        third, _ = objective(net, X, y, state)
        return [first, second, third, *carried], first**2 + second**3 + third

    plain, packed = both_ways(net, total_of)
    for one, other in zip(packed, plain):
        numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


class Noting(Sgd):
    """Gradient descent that keeps the norms it has seen."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.norms: List[Any] = []

    def step(self) -> Any:
        self.norms.append(super().step())
        return self.norms[-1]


def trained(
    layer: str,
    num_hiddens: int,
    num_epochs: int,
    in_place: str,
    loader: Any,
    lr: float,
    theta: float = 1.0,
    use_random_iter: bool = False,
    vocab_size: int = VOCAB_SIZE,
    scale: float = 0.3,
) -> Tuple[List[float], Dict[str, Floats], List[float]]:
    """The curve, all arrays that training leaves to the reader, and the norms."""
    mxnet.random.seed(3)
    random.seed(3)
    net = RNNModel(BOOK[layer](num_hiddens), vocab_size)
    net.initialize(init.Normal(scale), ctx=DEVICE)
    parameters = parameters_of(net, loader, lambda: in_place)
    optimiser = Noting(parameters, lr, theta)
    objective = next_token(net, parameters, DEVICE, use_random_iter)
    rows = train(objective, loader, optimiser, num_epochs, seed=5)
    curve = [row.loss for row in rows]
    assert parameters.path == (f"plain: {in_place}" if in_place else "packed")
    arrays = {}
    for number, parameter in enumerate(net.collect_params().values()):
        arrays[f"{number} data"] = parameter.data().asnumpy()
        arrays[f"{number} grad"] = parameter.grad().asnumpy()
    return curve, arrays, [float(norm) for norm in optimiser.norms]


def agree_bit_for_bit(
    layer: str, num_hiddens: int, num_epochs: int, loader: Any, lr: float, **named: Any
) -> None:
    packed, in_place = (
        trained(layer, num_hiddens, num_epochs, reason, loader, lr, **named)
        for reason in ("", "the test asks for it")
    )
    assert packed[0] == in_place[0]
    assert packed[2] == in_place[2]
    assert packed[1].keys() == in_place[1].keys()
    for name, array in in_place[1].items():
        numpy.testing.assert_array_equal(packed[1][name], array)
    # Clipping is active in some of the steps, and in others not.
    theta = named.get("theta", 1.0)
    share = numpy.mean(numpy.array(in_place[2]) > theta)
    assert 0.05 < share < 0.95 or math.isinf(theta), share
    assert in_place[0][-1] < 0.95 * in_place[0][0]


def small_loader(use_random_iter: bool = False) -> SequenceLoader:
    """Two to three minibatches an epoch."""
    return SequenceLoader(CORPUS, 4, 6, use_random_iter)


@pytest.mark.parametrize("use_random_iter", [False, True])
@pytest.mark.parametrize(
    ("layer", "num_epochs", "theta"),
    [("rnn", 150, 0.7), ("lstm", 40, 0.25), ("gru", 40, 0.4), ("bilstm", 40, 0.4)],
)
def test_packed_is_in_place_bit_for_bit(
    layer: str, num_epochs: int, theta: float, use_random_iter: bool
) -> None:
    agree_bit_for_bit(
        layer,
        8,
        num_epochs,
        small_loader(use_random_iter),
        2.0,
        theta=theta,
        use_random_iter=use_random_iter,
    )


def test_without_clipping_too() -> None:
    agree_bit_for_bit("gru", 8, 30, small_loader(), 1.0, theta=math.inf)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "num_epochs"), [("rnn", 150), ("lstm", 12), ("gru", 12), ("bilstm", 6)]
)
def test_packed_is_in_place_bit_for_bit_at_the_book_s_size(
    layer: str, num_epochs: int
) -> None:
    """256 hidden units: arrays of several blocks each; the norm has many terms."""
    from d2l_rnn.data.corpora import load_text
    from d2l_rnn.data.text import clean, corpus_from_lines

    lines = clean(load_text("sample").lines)
    corpus, vocab = corpus_from_lines(lines, max_tokens=10000)
    loader = SequenceLoader(corpus, 32, 35)
    theta = 1.0 if layer == "rnn" else 0.15  # the others' gradients are short at first
    agree_bit_for_bit(
        layer,
        256,
        num_epochs,
        loader,
        1.0,
        theta=theta,
        vocab_size=len(vocab),
        scale=0.01,
    )


@pytest.mark.parametrize("theta", [1e-3, 1e3, math.inf])
def test_a_step_of_clipped_gradient_descent(theta: float) -> None:
    net = make("lstm")
    parameters = PackedParameters(net, lambda: "")
    random_numbers = numpy.random.default_rng(5)
    with parameters:
        pack = parameters.packed
        assert pack is not None
        before = random_numbers.normal(size=pack.data.shape).astype("float32")
        gradient = random_numbers.normal(size=pack.grad.shape).astype("float32")
        pack.data[:], pack.grad[:] = before, gradient
        found = parameters.sgd(0.3, theta)
        norm = math.sqrt((gradient.astype("float64") ** 2).sum())
        assert float(found) == pytest.approx(norm, rel=1e-5)
        clipped = min(1, theta / norm) * gradient.astype("float64")
        numpy.testing.assert_allclose(
            pack.data.asnumpy(), before - 0.3 * clipped, atol=1e-6
        )
        in_order = pack.parameters
    # What the reader finds is the clipped gradient, as in place.
    glued = [p.grad().asnumpy().ravel() for p in in_order]
    numpy.testing.assert_allclose(
        numpy.concatenate(glued), clipped[0], rtol=1e-5, atol=1e-9
    )


def test_the_reader_s_arrays_are_the_same_objects_and_hold_the_result() -> None:
    net = make("bilstm")
    found = [(p.data(), p.grad()) for p in net.collect_params().values()]
    before = [data.asnumpy().copy() for data, _ in found]
    parameters = PackedParameters(net, lambda: "")
    with parameters:
        assert parameters.packed is not None and parameters.path == "packed"
        for (data, _), copy in zip(found, before):
            numpy.testing.assert_array_equal(data.asnumpy(), copy)
    for (data, _), copy in zip(found, before):  # nothing was done
        numpy.testing.assert_array_equal(data.asnumpy(), copy)
    with pytest.raises(KeyboardInterrupt):
        with parameters:
            assert parameters.packed is not None
            parameters.packed.data[:] = 7.0
            raise KeyboardInterrupt
    assert parameters.packed is None
    for parameter, (data, grad) in zip(net.collect_params().values(), found):
        assert parameter.data() is data and parameter.grad() is grad
        assert (data == 7).all()


def test_what_the_reader_does_between_epochs_is_heard() -> None:
    net = make("lstm")
    parameters = PackedParameters(net, lambda: "")
    with parameters:
        pass
    net.rnn.l0_h2h_weight.set_data(np.full(net.rnn.l0_h2h_weight.shape, 3.0))
    with parameters:
        assert parameters.packed is not None
        view: Any = parameters.packed.views[1]
        assert view.data.shape == net.rnn.l0_h2h_weight.shape
        assert (view.data == 3).all()
    net.initialize(init.Normal(0.5), force_reinit=True)  # other arrays
    net(np.zeros((1, 1)), net.begin_state(batch_size=1))
    fresh = [p.data().asnumpy().copy() for p in net.collect_params().values()]
    with parameters:
        assert parameters.packed is not None
        for view, parameter in zip(
            parameters.packed.views, parameters.packed.parameters
        ):
            numpy.testing.assert_array_equal(
                view.data.asnumpy(), parameter.data().asnumpy()
            )
    for parameter, copy in zip(net.collect_params().values(), fresh):
        numpy.testing.assert_array_equal(parameter.data().asnumpy(), copy)


@pytest.mark.parametrize(
    "layer", [gluon_layers.LSTM, gluon_layers.GRU, gluon_layers.RNN]
)
def test_a_layer_with_dropout_is_not_packed(layer: Any) -> None:
    net = RNNModel(layer(8, 2, dropout=0.5), VOCAB_SIZE)
    net.initialize(init.Normal(0.5))
    batches = [minibatch()]
    parameters = parameters_of(net, batches)
    with parameters:
        assert isinstance(parameters, Parameters)
        assert getattr(parameters, "packed") is None
    assert parameters.path.startswith("plain: its recurrent layer is a")


def test_only_gradient_descent_moves_what_is_packed() -> None:
    """Adam would read the net's own gradients, which stand still meanwhile."""
    net, loader = make("gru"), small_loader()
    parameters = parameters_of(net, loader)
    objective = next_token(net, parameters, DEVICE)
    with pytest.raises(RuntimeError, match="sgd alone"):
        next(train(objective, loader, Adam(parameters, 0.01), 1))
    assert parameters.norm().shape == (1,)  # unpacked again


@pytest.mark.parametrize("in_place", ["", "the test asks for it"])
def test_divergence_stops_with_epoch_step_and_advice(in_place: str) -> None:
    with pytest.raises(DivergenceError, match=r"epoch 1, step \d+ .*smaller learning"):
        trained("lstm", 8, 3, in_place, small_loader(), 1e38, math.inf)
