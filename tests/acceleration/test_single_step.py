"""A single step cell by cell is the fused operator's step."""

from __future__ import annotations

from typing import Any, Tuple

import numpy
import pytest
from mxnet import init, np

from d2l_rnn.acceleration.generation import _call

from .nets import LAYERS, NUM_HIDDENS, VOCAB_SIZE, make


def step(net: Any, X: Any, state: Any) -> Tuple[Any, Any]:
    """Logits and state of the graph that stands for ``net(X, state)``."""
    return _call(net, X, state, greedy=False)


def close(one: Any, other: Any) -> None:
    assert one.shape == other.shape
    numpy.testing.assert_allclose(one.asnumpy(), other.asnumpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_steps_are_the_fused_operator_s(name: str) -> None:
    net = make(name)
    for batch_size in (1, 3, 1):
        tokens = np.random.randint(0, VOCAB_SIZE, (batch_size, 6))
        state = net.begin_state(batch_size=batch_size)
        for X in (tokens[:, k : k + 1] for k in range(6)):
            expected, expected_state = net(X, state)
            logits, state = step(net, X, state)
            for one, other in zip([logits, *state], [expected, *expected_state]):
                close(one, other)


@pytest.mark.parametrize("name", LAYERS)
def test_carried_states_are_not_overwritten(name: str) -> None:
    net = make(name)
    state, kept = net.begin_state(batch_size=2), []
    for token in (1, 2, 3, 4):
        logits, state = step(net, np.full((2, 1), token), state)
        kept.append([(a, a.asnumpy().copy()) for a in (logits, *state)])
    for arrays in kept:
        for array, copy in arrays:
            numpy.testing.assert_array_equal(array.asnumpy(), copy)


def test_the_step_follows_its_parameters() -> None:
    net = make("lstm")
    X, state = np.array([[3]]), net.begin_state(batch_size=1)
    before, _ = step(net, X, state)
    net.rnn.l0_i2h_bias.set_data(np.ones(4 * NUM_HIDDENS))
    after, _ = step(net, X, state)
    close(after, net(X, state)[0])
    assert abs((after - before).asnumpy()).max() > 1e-3
    net.initialize(init.Normal(0.7), force_reinit=True)  # other arrays
    again, _ = step(net, X, state)
    close(again, net(X, state)[0])
    assert abs((again - after).asnumpy()).max() > 1e-3


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64"])
def test_ids_of_any_type(dtype: str) -> None:
    net = make("gru")
    state = net.begin_state(batch_size=2)
    X = np.array([[1], [2]], dtype=dtype)
    close(step(net, X, state)[0], net(X, state)[0])
