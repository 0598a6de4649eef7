"""ONNX graphs, run by onnxruntime, against the nets that they were made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest

from .language_nets import (
    BOTH_WAYS,
    CONFIGS,
    KINDS,
    TOLERANCE,
    VOCAB,
    VOCAB_SIZE,
    Made,
    agree,
    made,
)

onnx = pytest.importorskip("onnx", reason="onnx is not installed here")
# It has no wheel for Python 3.15: setup.cfg.
onnxruntime = pytest.importorskip(
    "onnxruntime", reason="onnxruntime is not installed here"
)
from d2l_rnn.export import to_onnx  # noqa: E402


def session(content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        content, options, providers=["CPUExecutionProvider"]
    )


def sessions(trained: Any) -> Dict[str, Any]:
    """For each file's ending what runs it."""
    files = to_onnx.export(trained, Path("net.onnx")).files
    return {path.stem[3:]: session(content) for path, content in files.items()}


def ran(by: Any, tokens: Any, states: List[Any]) -> Any:
    given = {f"state_{k}": state for k, state in enumerate(states)}
    logits, *after = by.run(None, {"tokens": tokens, **given})
    return logits, after


@pytest.mark.parametrize("name", KINDS)
def test_logits_and_states_are_the_net_s(name: str) -> None:
    """Of any batch and length, from any state, and read in pieces."""
    net = made(name)
    by = sessions(net.trained)[""]
    for batch, length in ((1, 1), (3, 7)):
        tokens = numpy.random.randint(VOCAB_SIZE, size=(batch, length))
        state = net.draw_state(batch)
        expected, expected_after = net.forward(tokens, state)
        logits, after = ran(by, tokens, state)
        assert logits.shape == (batch, length, VOCAB_SIZE)
        agree(f"{name}, logits", logits, expected)
        assert len(after) == len(expected_after) == len(state)
        for found, wanted in zip(after, expected_after):
            agree(f"{name}, state", found, wanted)
    if name not in BOTH_WAYS:
        begun, between = ran(by, tokens[:, :3], state)
        ended, end = ran(by, tokens[:, 3:], between)
        pieces = numpy.concatenate([begun, ended], axis=1)
        numpy.testing.assert_allclose(pieces, logits, **TOLERANCE)
        for found, wanted in zip(end, after):
            numpy.testing.assert_allclose(found, wanted, **TOLERANCE)


def greedy(net: Made, step: Any, first: int, number: int) -> List[int]:
    state = [numpy.zeros_like(s) for s in net.draw_state(1)]
    found, token = [], first
    for _ in range(number):
        logits, state = step(numpy.array([[token]]), state)
        token = int(logits[0, -1].argmax())
        found.append(token)
    return found


_QUICK = ("gru", "bilstm", "rnn-handwritten")


@pytest.mark.parametrize(
    "name",
    [n if n in _QUICK else pytest.param(n, marks=pytest.mark.slow) for n in CONFIGS],
)
def test_greedy_texts_are_the_same(name: str) -> None:
    net = made(name)
    by = sessions(net.trained)[""]
    text = greedy(net, lambda tokens, state: ran(by, tokens, state), 1, 200)
    assert text == greedy(net, net.forward, 1, 200)


def test_the_graph_is_what_is_promised() -> None:
    """Version, names, open sizes, one node a layer, and the vocabulary in its order."""
    net = made("bilstm")
    [content] = to_onnx.export(net.trained, Path("net.onnx")).files.values()
    model = onnx.load_model_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 8
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    assert [n.op_type for n in model.graph.node].count("LSTM") == 2
    by = session(content)
    named = [(i.name, i.type, i.shape) for i in by.get_inputs()]
    assert named == [
        ("tokens", "tensor(int64)", ["batch", "length"]),
        ("state_0", "tensor(float)", [4, "batch", 6]),
        ("state_1", "tensor(float)", [4, "batch", 6]),
    ]
    outputs = [(o.name, o.shape) for o in by.get_outputs()]
    assert outputs == [
        ("logits", ["batch", "length", VOCAB_SIZE]),
        ("next_state_0", [4, "batch", 6]),
        ("next_state_1", [4, "batch", 6]),
    ]
    facts = by.get_modelmeta().custom_metadata_map
    assert json.loads(facts["vocab"]) == VOCAB and facts["experiment"] == "bilstm"
    again = to_onnx.export(net.trained, Path("net.onnx")).files.values()
    assert list(again) == [content]


@pytest.mark.parametrize("name, expected", [("gru", 1), ("gru-scratch", 0)])
def test_where_a_gru_resets(name: str, expected: int) -> None:
    [content] = to_onnx.export(made(name).trained, Path("n.onnx")).files.values()
    model = onnx.load_model_from_string(content)
    [node] = [node for node in model.graph.node if node.op_type == "GRU"]
    [value] = [a.i for a in node.attribute if a.name == "linear_before_reset"]
    assert value == expected
