"""Step functions from scratch as one graph: the same numbers as a step at a time."""

from __future__ import annotations

import random
from functools import partial
from typing import Any, List, Tuple

import mxnet
import numpy
import pytest
from mxnet import autograd, cpu, gluon, np

from d2l_rnn.acceleration.epochs import next_token, parameters_of
from d2l_rnn.acceleration.step_graphs import StepGraphs
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.training.loop import train
from d2l_rnn.training.optimisers import Sgd

from .nets import SCRATCH, VOCAB_SIZE, gradients_of, scratch

BATCH_SIZE = 3
every_net = pytest.mark.parametrize("name", SCRATCH)


def random_ids(*shape: int) -> Any:
    return np.array(numpy.random.randint(VOCAB_SIZE, size=shape))


def plain_loss(net: Any, X: Any, y: Any, state: Any) -> Tuple[Any, Any]:
    logits, state = net(X, state)
    return gluon.loss.SoftmaxCrossEntropyLoss()(logits, y).mean(), state


def graph_loss(net: Any, X: Any, y: Any, state: Any) -> Tuple[Any, Any]:
    return StepGraphs.of(net).mean_loss(net, X, y, state)


@every_net
def test_the_graph_is_the_plain_steps(name: str) -> None:
    """Values, states and gradients, whatever batch size and number of steps."""
    net = scratch(name)
    for batch_size, num_steps in [(3, 5), (1, 5), (2, 1), (3, 5)]:
        X = random_ids(batch_size, num_steps)
        y = random_ids(batch_size * num_steps)
        state = tuple(
            np.random.normal(size=zero.shape)
            for zero in net.begin_state(batch_size, cpu())
        )
        found = []
        for objective in (plain_loss, graph_loss):
            with autograd.record():
                loss, new_state = objective(net, X, y, state)
            loss.backward()
            arrays = [a.asnumpy() for a in (loss, *new_state)]
            found.append(arrays + gradients_of(net))
        for one, other in zip(*found):
            numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_the_graph_reads_its_parameters_anew() -> None:
    """A reader may put other arrays into ``params``."""
    net, X, y = scratch("gru-scratch"), random_ids(BATCH_SIZE, 5), random_ids(15)
    state = net.begin_state(BATCH_SIZE, cpu())
    before, _ = graph_loss(net, X, y, state)
    net.params[:] = [3 * param for param in net.params]
    found, _ = graph_loss(net, X, y, state)
    expected, _ = plain_loss(net, X, y, state)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
    assert float(found) != pytest.approx(float(before), rel=1e-3)


def test_segments_of_one_sequence_carry_the_gradient() -> None:
    net, X = scratch("lstm-scratch"), random_ids(BATCH_SIZE, 6)
    y = random_ids(6 * BATCH_SIZE)
    begin = net.begin_state(BATCH_SIZE, cpu())
    with autograd.record():
        expected_loss, _ = plain_loss(net, X, y, begin)
    expected_loss.backward()
    whole = gradients_of(net)
    half = 3 * BATCH_SIZE
    with autograd.record():
        first, state = graph_loss(net, X[:, :3], y[:half], begin)
        second, _ = graph_loss(net, X[:, 3:], y[half:], state)
        loss = (first + second) / 2
    loss.backward()
    assert float(loss) == pytest.approx(float(expected_loss), rel=1e-5)
    for gradient, expected in zip(gradients_of(net), whole):
        atol = 1e-5 * abs(expected).max()
        numpy.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=atol)


@pytest.mark.parametrize("use_random_iter", [False, True])
@every_net
def test_training_is_the_plain_one_bit_for_bit(
    name: str, use_random_iter: bool
) -> None:
    corpus = [(i * i + i // 5) % VOCAB_SIZE for i in range(60)]
    loader = SequenceLoader(corpus, 4, 5, use_random_iter)
    results: List[Any] = []
    for reason in ("", "the test asks for it"):
        mxnet.random.seed(3)
        random.seed(3)
        net: Any = scratch(name)
        parameters = parameters_of(net, loader, partial(str, reason))
        objective = next_token(net, parameters, cpu(), use_random_iter)
        rows = train(objective, loader, Sgd(parameters, 1.0, 0.5), 5, seed=5)
        curve = [row.loss for row in rows]
        assert parameters.path == (f"plain: {reason}" if reason else "graph")
        weights = [param.asnumpy() for param in net.params]
        results.append((curve, weights + gradients_of(net)))
    (graph, arrays), (plain, expected) = results
    assert graph == plain and plain[-1] < 0.99 * plain[0]
    for one, other in zip(arrays, expected):
        numpy.testing.assert_array_equal(one, other)
