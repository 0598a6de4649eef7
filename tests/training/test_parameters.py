"""Parameters in place: clipping by its equation, and descent on what is trained."""

from __future__ import annotations

import math
from typing import Any, List

import numpy
import pytest
from mxnet import autograd, cpu, np
from mxnet.gluon import rnn

from d2l_rnn.arrays import Floats
from d2l_rnn.models.gluon_layers import named_parameters
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training.initialisation import initialize
from d2l_rnn.training.parameters import Parameters, grad_clipping

VOCAB, NUM_HIDDENS = 11, 16


def make() -> RNNModel:
    """A net with a gradient of norm above 1."""
    net = RNNModel(rnn.LSTM(NUM_HIDDENS), VOCAB)
    initialize(net, cpu())
    for parameter in net.collect_params().values():
        parameter.set_data(np.random.normal(size=parameter.shape))
    with autograd.record():
        logits, _ = net(np.array([[1, 5, 2, 9]]), net.begin_state(batch_size=1))
        (logits**2).sum().backward()
    return net


class Scratch:
    """Two arrays with gradients of norms 3 and 4."""

    def __init__(self) -> None:
        self.params = [np.zeros(9), np.zeros((4, 4))]
        for param, value in zip(self.params, (1.0, 1.0)):
            param.attach_grad()
            param.grad[:] = value


def data_of(net: Any) -> List[Floats]:
    return [p.data().asnumpy().copy() for p in net.collect_params().values()]


def gradients_of(net: Any) -> List[Floats]:
    return [p.grad().asnumpy().copy() for p in net.collect_params().values()]


def norm_of(gradients: List[Floats]) -> float:
    return math.sqrt(sum((g.astype("float64") ** 2).sum() for g in gradients))


@pytest.mark.parametrize("theta", [1e-3, 1.0, 1e6])
def test_clipping_is_the_book_s(theta: float) -> None:
    net = make()
    before = gradients_of(net)
    norm = norm_of(before)
    assert 1 < norm < 1e6
    assert float(grad_clipping(net, theta)) == pytest.approx(norm, rel=1e-5)
    for found, gradient in zip(gradients_of(net), before):
        numpy.testing.assert_allclose(
            found, gradient * min(1, theta / norm), rtol=1e-4, atol=1e-9
        )
        if theta > norm:  # the factor is exactly 1
            numpy.testing.assert_array_equal(found, gradient)


def test_an_infinite_bound_does_not_clip() -> None:
    net = make()
    before = gradients_of(net)
    assert float(grad_clipping(net, math.inf)) == pytest.approx(norm_of(before))
    for found, gradient in zip(gradients_of(net), before):
        numpy.testing.assert_array_equal(found, gradient)


@pytest.mark.parametrize("size", [1, (1 << 14) - 1, 1 << 14, (1 << 16) + 3])
def test_the_norm_of_long_arrays_is_exact(size: int) -> None:
    # at most 1.6e-6 off over 25 seeds of four sizes up to 300,000
    net = Scratch()
    gradient = numpy.random.normal(size=size).astype("float32")
    net.params[0] = np.zeros(size)
    net.params[0].attach_grad()
    net.params[0].grad[:] = gradient
    expected = norm_of([gradient, numpy.ones(16)])
    assert float(Parameters.of(net).norm()) == pytest.approx(expected, rel=5e-6)


def test_what_is_frozen_neither_counts_nor_moves() -> None:
    net = make()
    frozen = net.rnn.l0_i2h_weight
    frozen.grad_req = "null"
    with autograd.record():
        logits, _ = net(np.array([[1, 5, 2, 9]]), net.begin_state(batch_size=1))
        (logits**2).sum().backward()
    others = [
        p.grad().asnumpy().astype("float64")
        for p in net.collect_params().values()
        if p is not frozen
    ]
    kept = frozen.data().asnumpy().copy()
    assert float(grad_clipping(net, 1.0)) == pytest.approx(norm_of(others), rel=1e-5)
    before = net.dense.weight.data().asnumpy().copy()
    Parameters.of(net).sgd(0.1, 1.0)
    numpy.testing.assert_array_equal(frozen.data().asnumpy(), kept)
    assert (net.dense.weight.data().asnumpy() != before).any()


def test_an_array_without_gradient_is_frozen() -> None:
    net = Scratch()
    net.params.append(np.ones(7))
    assert float(grad_clipping(net, 1.0)) == pytest.approx(5.0)
    Parameters.of(net).sgd(1.0, 1.0)
    assert (net.params[2] == 1).all()
    for param in net.params[:2]:  # clipped to norm 1 the first time
        numpy.testing.assert_allclose(param.asnumpy(), -0.2, rtol=1e-5)


def test_freezing_and_rates_are_heard_at_the_next_step() -> None:
    net = make()
    parameters = Parameters.of(net)
    before = data_of(net)
    parameters.descend(0.1)
    after = data_of(net)
    for one, two, gradient in zip(before, after, gradients_of(net)):
        numpy.testing.assert_allclose(two, one - 0.1 * gradient, atol=1e-6)
    net.dense.weight.lr_mult = 0.5
    net.dense.bias.lr_mult = 0
    net.rnn.l0_i2h_bias.grad_req = "null"
    moved = {
        name: p.data().asnumpy().copy() for name, p in named_parameters(net).items()
    }
    parameters.descend(0.1)
    for name, parameter in named_parameters(net).items():
        rate = {"dense.weight": 0.05, "dense.bias": 0.0, "rnn.l0_i2h_bias": None}.get(
            name, 0.1
        )
        expected = moved[name]
        if rate:
            expected = expected - rate * parameter.grad().asnumpy()
        numpy.testing.assert_allclose(
            parameter.data().asnumpy(), expected, rtol=1e-5, atol=1e-6
        )


def test_an_array_listed_twice_counts_and_moves_twice_as_in_the_book() -> None:
    net = Scratch()
    net.params = [net.params[0], net.params[1], net.params[1]]
    # 9 + 16 + 16 terms of 1
    norm = math.sqrt(41)
    assert float(Parameters.of(net).norm()) == pytest.approx(norm, rel=1e-6)
    assert float(grad_clipping(net, 1.0)) == pytest.approx(norm, rel=1e-6)
    # The book multiplies the gradient in place for each entry of the list.
    numpy.testing.assert_allclose(net.params[0].grad.asnumpy(), 1 / norm, rtol=1e-5)
    numpy.testing.assert_allclose(net.params[1].grad.asnumpy(), 1 / 41, rtol=1e-5)
    Parameters.of(net).descend(1.0)
    numpy.testing.assert_allclose(net.params[0].asnumpy(), -1 / norm, rtol=1e-5)
    numpy.testing.assert_allclose(net.params[1].asnumpy(), -2 / 41, rtol=1e-5)


@pytest.mark.parametrize("theta", [1e-3, 1e6, math.inf])
def test_a_step_of_clipped_gradient_descent(theta: float) -> None:
    net = make()
    before, gradients = data_of(net), gradients_of(net)
    norm = norm_of(gradients)
    found = Parameters.of(net).sgd(0.3, theta)
    assert float(found) == pytest.approx(norm, rel=1e-5)
    factor = min(1, theta / norm)
    for one, two, gradient in zip(before, data_of(net), gradients):
        numpy.testing.assert_allclose(
            two, one - 0.3 * factor * gradient, rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_other_types_are_clipped_and_moved_too(dtype: str) -> None:
    net = Scratch()
    net.params = [param.astype(dtype) for param in net.params]
    for param in net.params:
        param.attach_grad()
        param.grad[:] = 1
    assert float(Parameters.of(net).sgd(1.0, 1.0)) == pytest.approx(5.0)
    for param in net.params:
        assert str(param.dtype) == dtype
        numpy.testing.assert_allclose(param.asnumpy(), -0.2, rtol=1e-3)
