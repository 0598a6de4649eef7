"""Four implementations of each recurrent layer agree in outputs and every gradient.

NumPy by hand (``tests/reference``), from scratch, unfused Gluon cells, and the fused
Gluon layer are given the same weights, inputs and states, and the same random gradient
by their outputs. Gluon's GRU is not the book's (it resets after the product), so the
GRU falls in two pairs, and one test says where the two meet.
"""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any, Callable, List, Tuple

import numpy
import pytest
from mxnet import autograd, cpu, nd, np, util
from mxnet.gluon import rnn

from d2l_rnn.arrays import Floats
from d2l_rnn.models.scratch import GRU, LSTM, LSTM_PEEPHOLE, RNN, Layer
from d2l_rnn.models.scratch_stacks import bidirectional, deep
from tests.reference import numpy_cells

NUM_STEPS, BATCH_SIZE, NUM_INPUTS, NUM_HIDDENS = 6, 3, 5, 4

CELLS = {"rnn": rnn.RNNCell, "gru": rnn.GRUCell, "lstm": rnn.LSTMCell}
FUSED = {"rnn": partial(rnn.RNN, activation="tanh"), "gru": rnn.GRU, "lstm": rnn.LSTM}
# Gluon's gates as positions in ours: r z n of z r n, and i f c o of i f o c.
GATES = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 1, 3, 2]}
NUM_STATES = {"rnn": 1, "gru": 1, "lstm": 2}

SHAPES = [(1, 1), (2, 1), (1, 2), (2, 2)]  # (num_layers, num_directions)
shapes = pytest.mark.parametrize("num_layers, num_directions", SHAPES)


class Problem:
    """Weights, inputs, states, and the gradients by what comes out."""

    def __init__(self, layer: Layer, dtype: str = "float32") -> None:
        def draw(*shape: int) -> Floats:
            return numpy.random.normal(scale=0.5, size=shape).astype(dtype)

        zeros = layer.init_state(BATCH_SIZE, NUM_HIDDENS, cpu())
        width = layer.num_directions * NUM_HIDDENS
        self.params = [
            draw(*param.shape)
            for param in layer.get_params(NUM_INPUTS, NUM_HIDDENS, cpu())
        ]
        self.X = draw(NUM_STEPS, BATCH_SIZE, NUM_INPUTS)
        self.state = tuple(draw(*zero.shape) for zero in zeros)
        self.dH = draw(NUM_STEPS, BATCH_SIZE, width)
        self.d_state = tuple(draw(*zero.shape) for zero in zeros)


def by_hand(layer: Callable[..., Any], problem: Problem) -> List[Floats]:
    """[hiddens, *states, dX, *d_states, *d_params] of a NumPy layer."""
    H, state, backward = layer(problem.X, problem.state, problem.params)
    dX, d_state, d_params = backward(problem.dH, problem.d_state)
    return [H, *state, dX, *d_state, *d_params]


def _record(
    forward: Callable[..., Any],
    problem: Problem,
    module: ModuleType,
    parameters: List[Any],
) -> List[Floats]:
    """The same of an MXNet forward pass, but for the gradients by its parameters."""
    X = module.array(problem.X)
    state = [module.array(array) for array in problem.state]
    for array in [X, *state]:
        array.attach_grad()
    with autograd.record():
        H, new_state = forward(X, state)
        heads = [H, *new_state]
    gradients = [module.array(a) for a in (problem.dH, *problem.d_state)]
    autograd.backward(heads, gradients)
    found = [*heads, X.grad, *(array.grad for array in state)]
    return [a.asnumpy() for a in found + [p.grad for p in parameters]]


def from_scratch(layer: Layer, problem: Problem) -> List[Floats]:
    """The same of a layer from scratch."""
    params = [np.array(param) for param in problem.params]
    for param in params:
        param.attach_grad()

    def forward(X: np.ndarray, state: Any) -> Tuple[np.ndarray, Any]:
        hiddens, state = layer.forward(X, state, params)
        return np.stack(hiddens), state

    return _record(forward, problem, np, params)


def _to_gluon(kind: str, params: List[Floats]) -> List[Floats]:
    """Three arrays a gate -> [i2h_weight, h2h_weight, i2h_bias] of Gluon."""
    W_x, W_h, b = ([params[3 * gate + k] for gate in GATES[kind]] for k in range(3))
    return [
        numpy.concatenate([W.T for W in W_x]),
        numpy.concatenate([W.T for W in W_h]),
        numpy.concatenate(b),
    ]


def _from_gluon(kind: str, gradients: List[Floats]) -> List[Floats]:
    """The way back, for gradients."""
    num_gates = len(GATES[kind])
    i2h, h2h, bias = (numpy.split(gradient, num_gates) for gradient in gradients)
    found: List[List[Floats]] = [[]] * num_gates
    for position, gate in enumerate(GATES[kind]):
        found[gate] = [i2h[position].T, h2h[position].T, bias[position]]
    return [array for gate in found for array in gate]


def _gluon_gradients(
    kind: str, problem: Problem, owners: List[List[Any]]
) -> List[Floats]:
    """Gradients by all parameters, in our order."""
    return [
        gradient
        for owner in owners
        for gradient in _from_gluon(kind, [p.grad().asnumpy() for p in owner[:3]])
    ]


def _set_gluon(
    kind: str, problem: Problem, owners: List[List[Any]], module: ModuleType
) -> None:
    size = 3 * len(GATES[kind])
    for k, owner in enumerate(owners):
        values = _to_gluon(kind, problem.params[k * size : (k + 1) * size])
        for parameter, value in zip(owner, values):
            parameter.set_data(module.array(value))


def unfused(
    kind: str, num_layers: int, num_directions: int, problem: Problem
) -> List[Floats]:
    """The same of unrolled Gluon cells, which know MXNet's legacy arrays only."""
    with util.np_array(False), util.np_shape(False):
        stack, owners = rnn.SequentialRNNCell(), []
        for k in range(num_layers):
            width = NUM_INPUTS if k == 0 else num_directions * NUM_HIDDENS
            cells = [
                CELLS[kind](NUM_HIDDENS, input_size=width)
                for _ in range(num_directions)
            ]
            stack.add(cells[0] if len(cells) == 1 else rnn.BidirectionalCell(*cells))
            for cell in cells:
                owners.append(
                    [cell.i2h_weight, cell.h2h_weight, cell.i2h_bias, cell.h2h_bias]
                )
        stack.initialize()
        _set_gluon(kind, problem, owners, nd)

        def forward(X: np.ndarray, state: Any) -> Tuple[np.ndarray, Any]:
            return stack.unroll(NUM_STEPS, X, state, layout="TNC", merge_outputs=True)

        found = _record(forward, problem, nd, [])
        return found + _gluon_gradients(kind, problem, owners)


def fused(
    kind: str, num_layers: int, num_directions: int, problem: Problem
) -> List[Floats]:
    """The same of Gluon's fused layer."""
    layer = FUSED[kind](
        NUM_HIDDENS,
        num_layers=num_layers,
        bidirectional=num_directions == 2,
        input_size=NUM_INPUTS,
    )
    layer.initialize()
    owners = [
        [
            getattr(layer, f"{direction}{k}_{name}")
            for name in ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias")
        ]
        for k in range(num_layers)
        for direction in "lr"[:num_directions]
    ]
    _set_gluon(kind, problem, owners, np)
    kinds = NUM_STATES[kind]

    def forward(X: np.ndarray, state: Any) -> Tuple[np.ndarray, Any]:
        # Ours layer by layer H, C; Gluon's all H, then all C.
        H, new = layer(X, [np.stack(state[k::kinds]) for k in range(kinds)])
        count = num_layers * num_directions
        return H, [new[k][owner] for owner in range(count) for k in range(kinds)]

    found = _record(forward, problem, np, [])
    return found + _gluon_gradients(kind, problem, owners)


def assert_agree(found: List[Floats], expected: List[Floats]) -> None:
    """Within 1e-5 of each array's largest entry: float32, summed over time."""
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        numpy.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * abs(b).max())


def stacked(layer: Layer, num_layers: int, num_directions: int) -> Layer:
    layer = bidirectional(layer) if num_directions == 2 else layer
    return deep(layer, num_layers) if num_layers > 1 else layer


def stacked_by_hand(
    layer: Callable[..., Any], num_layers: int, num_directions: int
) -> Callable[..., Any]:
    if num_directions == 2:
        layer = partial(numpy_cells.bidirectional, layer)
    return partial(numpy_cells.deep, layer, num_layers)


@shapes
@pytest.mark.parametrize(
    "kind, layer, twin",
    [("rnn", RNN, numpy_cells.rnn), ("lstm", LSTM, numpy_cells.lstm)],
    ids=["rnn", "lstm"],
)
def test_four_implementations_agree(
    kind: str,
    layer: Layer,
    twin: Callable[..., Any],
    num_layers: int,
    num_directions: int,
) -> None:
    shape = num_layers, num_directions
    layer = stacked(layer, *shape)
    problem = Problem(layer)
    expected = by_hand(stacked_by_hand(twin, *shape), problem)
    assert_agree(from_scratch(layer, problem), expected)
    assert_agree(unfused(kind, *shape, problem), expected)
    assert_agree(fused(kind, *shape, problem), expected)


@shapes
@pytest.mark.parametrize(
    "layer, twin",
    [(GRU, numpy_cells.gru), (LSTM_PEEPHOLE, numpy_cells.lstm)],
    ids=["gru", "lstm-peephole"],
)
def test_what_gluon_lacks_agrees_with_numpy(
    layer: Layer, twin: Callable[..., Any], num_layers: int, num_directions: int
) -> None:
    """The book's GRU (reset before the product), and the LSTM with peepholes."""
    shape = num_layers, num_directions
    layer = stacked(layer, *shape)
    problem = Problem(layer)
    expected = by_hand(stacked_by_hand(twin, *shape), problem)
    assert_agree(from_scratch(layer, problem), expected)


@shapes
def test_gluon_gru_agrees_with_its_twin(num_layers: int, num_directions: int) -> None:
    shape = num_layers, num_directions
    problem = Problem(stacked(GRU, *shape))
    twin = stacked_by_hand(numpy_cells.gru_reset_after, *shape)
    expected = by_hand(twin, problem)
    assert_agree(unfused("gru", *shape, problem), expected)
    assert_agree(fused("gru", *shape, problem), expected)


def test_the_two_grus_differ_unless_the_reset_gate_is_open() -> None:
    problem = Problem(GRU)
    before = by_hand(numpy_cells.gru, problem)
    after = by_hand(numpy_cells.gru_reset_after, problem)
    assert abs(before[0] - after[0]).max() > 1e-3
    problem.params[5][:] = 40  # b_r: R is one to the last bit of float32
    assert_agree(
        by_hand(numpy_cells.gru, problem),
        by_hand(numpy_cells.gru_reset_after, problem),
    )


@pytest.mark.parametrize(
    "layer, twin",
    [
        (RNN, numpy_cells.rnn),
        (GRU, numpy_cells.gru),
        (GRU, numpy_cells.gru_reset_after),
        (LSTM, numpy_cells.lstm),
        (LSTM_PEEPHOLE, numpy_cells.lstm),
        (
            deep(bidirectional(LSTM_PEEPHOLE), 2),
            stacked_by_hand(numpy_cells.lstm, num_layers=2, num_directions=2),
        ),
    ],
    ids=[
        "rnn",
        "gru",
        "gru-reset-after",
        "lstm",
        "lstm-peephole",
        "deep-bidirectional",
    ],
)
def test_numpy_twins_agree_with_finite_differences(
    layer: Layer, twin: Callable[..., Any]
) -> None:
    """Along a random direction through X, state and parameters together (float64)."""
    problem = Problem(layer, dtype="float64")
    moved = [problem.X, *problem.state, *problem.params]
    direction = [numpy.random.normal(size=array.shape) for array in moved]

    def loss(step: float) -> float:
        for array, along in zip(moved, direction):
            array += step * along
        H, state, _ = twin(problem.X, problem.state, problem.params)
        for array, along in zip(moved, direction):
            array -= step * along
        return (H * problem.dH).sum() + sum(
            (array * by).sum() for array, by in zip(state, problem.d_state)
        )

    gradients = by_hand(twin, problem)[1 + len(problem.state) :]
    slope = sum((g * along).sum() for g, along in zip(gradients, direction))
    size = sum((abs(g) * abs(along)).sum() for g, along in zip(gradients, direction))
    step = 1e-5
    assert abs((loss(step) - loss(-step)) / (2 * step) - slope) < 1e-7 * size
