"""The NumPy network against the cells written out step by step, in float64."""

from __future__ import annotations

from functools import partial
from typing import List, Tuple

import numpy as np
import pytest

from d2l_rnn.arrays import Floats
from d2l_rnn.inference.cells import Cell
from d2l_rnn.inference.decoding import greedy_search
from d2l_rnn.inference.network import Network, of_gluon, of_gluon_layer, of_scratch
from tests.reference import numpy_cells

VOCAB_SIZE, NUM_HIDDENS, ROWS, NUM_STEPS = 7, 5, 3, 9
TWINS = {
    "rnn": numpy_cells.rnn,
    "gru": numpy_cells.gru,
    "lstm": numpy_cells.lstm,
    "lstm-peephole": numpy_cells.lstm,
}
NUM_GATES = {"rnn": 1, "gru": 3, "lstm": 4, "lstm-peephole": 4}
NUM_STATES = {"rnn": 1, "gru": 1, "lstm": 2, "lstm-peephole": 2}


def cell_params(kind: str, num_inputs: int) -> List[Floats]:
    shapes: List[Tuple[int, ...]] = [
        shape
        for _ in range(NUM_GATES[kind])
        for shape in ((num_inputs, NUM_HIDDENS), (NUM_HIDDENS,) * 2, (NUM_HIDDENS,))
    ]
    if kind == "lstm-peephole":
        shapes += [(NUM_HIDDENS,)] * 3
    return [np.random.normal(size=shape) for shape in shapes]


def scratch_params(kind: str, num_layers: int) -> List[Floats]:
    params = cell_params(kind, VOCAB_SIZE)
    for _ in range(num_layers - 1):
        params += cell_params(kind, NUM_HIDDENS)
    output = [(NUM_HIDDENS, VOCAB_SIZE), (VOCAB_SIZE,)]
    return params + [np.random.normal(size=shape) for shape in output]


def log_softmax(logits: Floats) -> Floats:
    return np.asarray(logits - np.log(np.exp(logits).sum(-1, keepdims=True)))


@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("kind", TWINS)
def test_steps_are_those_of_the_twin(kind: str, num_layers: int) -> None:
    params = scratch_params(kind, num_layers)
    network = of_scratch(kind, num_layers, 1, params)
    ids = np.random.randint(VOCAB_SIZE, size=(NUM_STEPS, ROWS))
    begin = tuple(
        np.zeros((ROWS, NUM_HIDDENS)) for _ in range(num_layers * NUM_STATES[kind])
    )
    layer = TWINS[kind]
    if num_layers > 1:
        layer = partial(numpy_cells.deep, layer, num_layers)
    hiddens, end, _ = layer(np.eye(VOCAB_SIZE)[ids], begin, params[:-2])
    expected = log_softmax(hiddens @ params[-2] + params[-1])
    state = network.begin_state(ROWS)
    for tokens, wanted in zip(ids, expected):
        kept, before = [array.copy() for array in state], state
        found, state = network.step(tokens, state)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
        for array, copy in zip(before, kept):  # a beam goes on from it again
            np.testing.assert_array_equal(array, copy)
    for found, wanted in zip(state, end):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_gluon_s_gru_resets_after_the_product() -> None:
    arrays = {
        f"l0_{part}_{kind}": np.random.normal(size=shape)
        for part, width in (("i2h", VOCAB_SIZE), ("h2h", NUM_HIDDENS))
        for kind, shape in (
            ("weight", (3 * NUM_HIDDENS, width)),
            ("bias", (3 * NUM_HIDDENS,)),
        )
    }
    cell = of_gluon_layer("gru", arrays, "l0")
    X = np.random.normal(size=(1, ROWS, VOCAB_SIZE))
    begin = np.random.normal(size=(ROWS, NUM_HIDDENS))
    W_x, W_h = arrays["l0_i2h_weight"].T, arrays["l0_h2h_weight"].T
    b_x, b_h = arrays["l0_i2h_bias"], arrays["l0_h2h_bias"]
    a, b = X[0] @ W_x + b_x, begin @ W_h + b_h
    h = NUM_HIDDENS
    R, Z = (1 / (1 + np.exp(-(a + b)[:, k * h : (k + 1) * h])) for k in (0, 1))
    N = np.tanh(a[:, 2 * h :] + R * b[:, 2 * h :])
    state = [begin.astype("float32")]
    cell.advance(X[0].astype("float32") @ cell.W_x + cell.b, state)
    np.testing.assert_allclose(state[0], (1 - Z) * N + Z * begin, rtol=1e-5, atol=1e-5)


def network_of(kind: str = "lstm") -> Network:
    return of_scratch(kind, 2, 1, scratch_params(kind, 2))


@pytest.mark.parametrize("kind", TWINS)
def test_rows_do_not_disturb_one_another(kind: str) -> None:
    """Each row alone, and rows that are selected, twice and in another order."""
    network = network_of(kind)
    tokens, state = np.arange(ROWS), network.begin_state(ROWS)
    together, after = network.step(tokens, state)
    for row in range(ROWS):
        alone, own = network.step([row], network.begin_state(1))
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-5, atol=1e-5)
        again, _ = network.step([1], own)
        rows = [2, row, row]
        chosen, _ = network.step([0, 1, 1], network.select(after, rows))
        for found in chosen[1:]:
            np.testing.assert_allclose(found, again[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", TWINS)
def test_greedy_is_greedy_search(kind: str) -> None:
    network = network_of(kind)
    for first in range(VOCAB_SIZE):
        [expected] = greedy_search(
            network.step, network.select, network.begin_state(1), [first], None, 20
        )
        assert network.continue_greedily([first], 20) == list(expected.tokens)
    longer = network.continue_greedily([1, 4, 2], 8)
    assert network.continue_greedily([1, 4, 2, *longer[:5]], 3) == longer[5:]
    assert network.continue_greedily([1], 0) == []


def test_arrays_that_do_not_fit_are_refused() -> None:
    params = scratch_params("gru", 2)
    with pytest.raises(ValueError, match="20 arrays are not those of 1 gru cells"):
        of_scratch("gru", 1, 1, params)
    with pytest.raises(ValueError, match="20 arrays are not those of 2 lstm cells"):
        of_scratch("lstm", 2, 1, params)
    with pytest.raises(KeyError):
        of_gluon("lstm", 1, 1, {})
    assert issubclass(type(network_of()._layers[0][0]), Cell)


@pytest.mark.parametrize("kind", TWINS)
def test_texts_side_by_side_are_texts_alone(kind: str) -> None:
    network = of_scratch(kind, 2, 1, scratch_params(kind, 2))
    prefixes = np.random.randint(VOCAB_SIZE, size=(ROWS, 4)).tolist()
    alone = [network.continue_greedily(prefix, 30) for prefix in prefixes]
    assert network.continue_together(prefixes, 30) == alone
    assert network.continue_together(prefixes, 0) == [[]] * ROWS
