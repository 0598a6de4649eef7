"""The layout that docs/export.md states: its equations, on the arrays of the file."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy
import pytest

from d2l_rnn.export import to_numpy
from d2l_rnn.safetensors_file import parse

from .language_nets import TOLERANCE, VOCAB, VOCAB_SIZE, made


def sigmoid(x: Any) -> Any:
    return 1 / (1 + numpy.exp(-x))


def step(facts: Dict[str, str], arrays: Any, x: Any, H: Any, C: Any) -> Tuple[Any, Any]:
    """One step of the lowest layer, as the page writes it."""
    W_x, W_h, b_x, b_h = (
        arrays[f"rnn.l0_{name}"].astype("float64")
        for name in ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias")
    )
    from_x, from_h = x @ W_x.T + b_x, H @ W_h.T + b_h
    h = H.shape[1]
    if facts["cell"].startswith("rnn"):
        s = from_x + from_h
        return numpy.maximum(s, 0) if facts["cell"] == "rnn_relu" else numpy.tanh(s), C
    if facts["cell"] == "gru":
        r, z = (sigmoid((from_x + from_h)[:, k * h : (k + 1) * h]) for k in (0, 1))
        inner = from_h[:, 2 * h :]
        if facts["reset"] == "after the product":
            inner = r * inner
        else:
            inner = (r * H) @ W_h[2 * h :].T + b_h[2 * h :]
        return z * H + (1 - z) * numpy.tanh(from_x[:, 2 * h :] + inner), C
    i, f, g, o = numpy.split(from_x + from_h, 4, axis=1)
    p_i, p_f, p_o = arrays.get("rnn.l0_peepholes", numpy.zeros((3, h)))
    C_next = sigmoid(f + p_f * C) * C + sigmoid(i + p_i * C) * numpy.tanh(g)
    return sigmoid(o + p_o * C_next) * numpy.tanh(C_next), C_next


KINDS = ["rnn", "gru", "lstm", "rnn-scratch", "gru-scratch", "lstm-peephole"]


@pytest.mark.parametrize("name", KINDS)
def test_the_equations_on_the_arrays_give_the_logits(name: str) -> None:
    net = made(name)
    [content] = to_numpy.export(net.trained, Path("net.npz")).files.values()
    with numpy.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = dict(file)
    facts = json.loads(str(arrays.pop("metadata")))
    assert json.loads(facts["vocab"]) == VOCAB and facts["experiment"] == name
    tokens = numpy.random.randint(VOCAB_SIZE, size=(2, 5))
    state = net.draw_state(2)
    expected, expected_after = net.forward(tokens, state)
    H, C = [array.reshape(2, -1).astype("float64") for array in (state * 2)[:2]]
    for t, column in enumerate(tokens.T):
        H, C = step(facts, arrays, numpy.eye(VOCAB_SIZE)[column], H, C)
        logits = H @ arrays["dense.weight"].T + arrays["dense.bias"]
        numpy.testing.assert_allclose(logits, expected[:, t], **TOLERANCE)
    wanted: List[Any] = [array.reshape(2, -1) for array in expected_after]
    for found, own in zip((H, C), wanted):
        numpy.testing.assert_allclose(found, own, **TOLERANCE)


@pytest.mark.parametrize("name", ["deep-gru", "lstm-peephole"])
def test_both_kinds_of_file_hold_the_same(name: str) -> None:
    trained = made(name).trained
    [packed] = to_numpy.export(trained, Path("n.npz")).files.values()
    [tensors] = to_numpy.export(trained, Path("n.safetensors")).files.values()
    with numpy.load(io.BytesIO(packed), allow_pickle=False) as file:
        expected = dict(file)
    arrays, facts = parse(tensors)
    assert facts == json.loads(str(expected.pop("metadata")))
    assert sorted(arrays) == sorted(expected)
    for key, array in arrays.items():
        numpy.testing.assert_array_equal(array, expected[key])
