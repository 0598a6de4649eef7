"""The state_dict, loaded by the very lines that the command prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import numpy
import pytest

from d2l_rnn.errors import UsageError
from d2l_rnn.export import to_pytorch

from .language_nets import FUSED, TOLERANCE, VOCAB_SIZE, made

NAMES = [name for name in FUSED if not name.endswith("-v1")]


@pytest.mark.parametrize("name", NAMES)
def test_logits_and_states_are_the_net_s(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is large and not installed here")
    net = made(name)
    exported = to_pytorch.export(net.trained, tmp_path / "net.safetensors")
    for path, content in exported.files.items():
        path.write_bytes(content)
    names: Dict[str, Any] = {}
    exec(exported.text, names)
    tokens = numpy.random.randint(VOCAB_SIZE, size=(3, 5))
    state = net.draw_state(3)
    expected, expected_after = net.forward(tokens, state)
    stack = net.net.stack
    given = [torch.tensor(array) for array in state]
    if net.net.separate_states:  # layer by layer and direction by direction
        kinds = stack.num_states
        given = [torch.stack(given[kind::kinds]) for kind in range(kinds)]
    own = tuple(given) if stack.cell == "lstm" else given[0]
    with torch.no_grad():
        logits, after = names["net"](torch.tensor(tokens), own)
    numpy.testing.assert_allclose(logits.numpy(), expected, **TOLERANCE)
    found = after if stack.cell == "lstm" else [after]
    if net.net.separate_states:
        kinds = stack.num_states
        expected_after = [numpy.stack(expected_after[k::kinds]) for k in range(kinds)]
    for array, wanted in zip(found, expected_after):
        numpy.testing.assert_allclose(array.numpy(), wanted, **TOLERANCE)


def test_the_names_are_pytorch_s() -> None:
    from d2l_rnn.safetensors_file import parse

    exported = to_pytorch.export(made("bilstm").trained, Path("net.safetensors"))
    [content] = exported.files.values()
    arrays, facts = parse(content)
    sides = [
        f"rnn.{kind}_{side}_l{layer}{ending}"
        for layer in (0, 1)
        for ending in ("", "_reverse")
        for kind in ("weight", "bias")
        for side in ("ih", "hh")
    ]
    assert sorted(arrays) == sorted([*sides, "dense.weight", "dense.bias"])
    assert facts["experiment"] == "bilstm"


@pytest.mark.parametrize(
    "name, words",
    [
        ("gru-scratch", "torch.nn.GRU resets after"),
        ("lstm-peephole", "torch.nn.LSTM has no peepholes"),
    ],
)
def test_what_pytorch_has_not_is_refused(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words + ".*onnx and numpy are accepted"):
        to_pytorch.export(made(name).trained, Path("net.safetensors"))
