"""GRU and LSTM by hand: the derivation, term by term, and the fast layers beside it."""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Tuple, Type

import numpy as np
import pytest

from d2l_rnn.arrays import Floats, Integers
from d2l_rnn.inference.handwritten import (
    RNNParameters,
    backward,
    forward,
    numerical_gradient,
)
from d2l_rnn.inference.handwritten_cells import GRULayer, LSTMLayer, RNNLayer
from d2l_rnn.inference.handwritten_gated import (
    GRUParameters,
    LSTMParameters,
    gru_backward,
    gru_forward,
    lstm_backward,
    lstm_forward,
)
from d2l_rnn.inference.handwritten_layers import (
    HandwrittenLayer,
    LayerParameters,
    sum_columns,
)

NUM_STEPS, BATCH_SIZE, VOCAB_SIZE, NUM_HIDDENS = 6, 3, 5, 4


def draw(*shape: int) -> Floats:
    return np.random.normal(scale=0.7, size=shape)


class Twins(NamedTuple):
    """Both forms of a cell: arrays of the derivation, and what computes."""

    parameters: Type[Any]
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    layer: Type[HandwrittenLayer]


GATED = {
    "gru": Twins(GRUParameters, gru_forward, gru_backward, GRULayer),
    "lstm": Twins(LSTMParameters, lstm_forward, lstm_backward, LSTMLayer),
}
both_cells = pytest.mark.parametrize("cell", GATED)


def draw_params(twins: Twins) -> Any:
    shapes = [(VOCAB_SIZE, NUM_HIDDENS), (NUM_HIDDENS, NUM_HIDDENS), (NUM_HIDDENS,)]
    return twins.parameters(
        *(draw(*s) for _ in range(twins.layer.num_gates) for s in shapes)
    )


def draw_states(twins: Twins) -> List[Floats]:
    return [draw(BATCH_SIZE, NUM_HIDDENS) for _ in range(twins.layer.num_states)]


def as_given(states: List[Floats]) -> Any:
    """A GRU's state is H; an LSTM's H and C."""
    return states[0] if len(states) == 1 else tuple(states)


@both_cells
def test_the_derivation_agrees_with_finite_differences(cell: str) -> None:
    twins = GATED[cell]
    params, states = draw_params(twins), draw_states(twins)
    x, weights = (
        draw(NUM_STEPS, BATCH_SIZE, VOCAB_SIZE),
        draw(NUM_STEPS, BATCH_SIZE, NUM_HIDDENS),
    )

    def loss() -> float:
        H = twins.forward(params, x, as_given(states)).H[1:]
        return float(np.sum(weights * H + 0.1 * H**2))

    passed = twins.forward(params, x, as_given(states))
    from_above = weights + 0.2 * passed.H[1:]
    gradients, by_states = twins.backward(params, x, passed, from_above)
    by_states = [by_states] if len(states) == 1 else list(by_states)
    for array, gradient in zip([*params, *states], [*gradients, *by_states]):
        numerical = numerical_gradient(loss, array)
        error = np.linalg.norm(gradient - numerical)
        assert error <= 1e-7 * np.linalg.norm(numerical)


def side_by_side(params: Any) -> LayerParameters:
    W_x, W_h, b = (np.concatenate(params[k::3], axis=-1) for k in range(3))
    return LayerParameters(W_x, np.ascontiguousarray(W_h.T), b)


def as_columns(steps: Floats) -> Floats:
    """(num_steps, batch_size, n) as (n, num_steps * batch_size)."""
    return np.ascontiguousarray(steps.reshape(-1, steps.shape[-1]).T)


def run_layer(
    layer: HandwrittenLayer, tokens: Integers, states: List[Floats], from_above: Floats
) -> Tuple[List[Floats], List[Floats]]:
    """All that a layer computes, copied: hidden states and last states; gradients."""
    hiddens = layer.forward(tokens, states).copy()
    last = layer.last_state()
    gradients = LayerParameters(*map(np.full_like, layer.params, [np.nan] * 3))
    by_state = layer.backward(tokens, as_columns(from_above), gradients)
    return [hiddens, *last], [*gradients, *(array.copy() for array in by_state)]


@both_cells
def test_the_fast_form_is_equal_to_the_derivation(cell: str) -> None:
    """Also where a token does not occur, one step or one example is all there is."""
    twins = GATED[cell]
    params = draw_params(twins)
    layer = twins.layer(side_by_side(params))
    # The layer's memory is made anew when the shape is another, and taken up again.
    for num_steps, batch_size in [(6, 3), (1, 3), (5, 1), (6, 3), (6, 3)]:
        tokens = np.random.randint(VOCAB_SIZE - 1, size=(num_steps, batch_size))
        states = [draw(batch_size, NUM_HIDDENS) for _ in draw_states(twins)]
        from_above = draw(num_steps, batch_size, NUM_HIDDENS)
        x = np.eye(VOCAB_SIZE)[tokens]
        passed = twins.forward(params, x, as_given(states))
        gradients, by_state = twins.backward(params, x, passed, from_above)
        outputs = [as_columns(passed.H[1:]), passed.H[-1]]
        if cell == "lstm":
            outputs.append(passed.C[-1])
        found, found_gradients = run_layer(layer, tokens, states, from_above)
        by_states = [by_state] if cell == "gru" else list(by_state)
        expected = [*side_by_side(gradients), *by_states]
        for a, b in zip([*found, *found_gradients], [*outputs, *expected]):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
        # Of the token that does not occur
        assert (found_gradients[0][-1] == 0).all()


@pytest.mark.parametrize("hidden", ["tanh", "relu"])
def test_the_fast_rnn_is_equal_to_the_derivation(hidden: str) -> None:
    W_x, W_h, b = (
        draw(VOCAB_SIZE, NUM_HIDDENS),
        draw(NUM_HIDDENS, NUM_HIDDENS),
        draw(NUM_HIDDENS),
    )
    params = side_by_side([W_x, W_h, b])
    layer = RNNLayer(params, relu=hidden == "relu")
    tokens = np.random.randint(VOCAB_SIZE, size=(NUM_STEPS, BATCH_SIZE))
    state, V = draw(BATCH_SIZE, NUM_HIDDENS), draw(VOCAB_SIZE, NUM_HIDDENS)
    x = np.eye(VOCAB_SIZE)[tokens].transpose(0, 2, 1)
    c = np.zeros((VOCAB_SIZE, 1))
    columns = RNNParameters(W_x.T, W_h.T, b[:, None], V, c)
    passed = forward(columns, x, state.T, hidden)
    target = draw(*passed.outputs.shape)
    gradients, by_state = backward(columns, x, target, passed, hidden)
    # (num_steps, batch_size, num_hiddens): of the mean loss by the hidden states
    from_above = (V.T @ (passed.outputs - target)).transpose(0, 2, 1)
    from_above /= NUM_STEPS * BATCH_SIZE
    found, found_gradients = run_layer(layer, tokens, [state], from_above)
    hiddens = as_columns(passed.states[1:].transpose(0, 2, 1))
    expected = [hiddens, passed.states[-1].T, gradients.U.T, gradients.W]
    expected += [gradients.b[:, 0], by_state.T]
    for a, b in zip([*found, *found_gradients], expected):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_columns_are_summed_by_token() -> None:
    for number, vocab_size in [(1, 1), (40, 3), (7, 50)]:
        tokens = np.random.randint(vocab_size, size=number)
        array, out = draw(4, number), np.full((vocab_size, 4), np.nan)
        sum_columns(tokens, array, out)
        expected = np.zeros((vocab_size, 4))
        np.add.at(expected, tokens, array.T)
        np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-13)
