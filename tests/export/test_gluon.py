"""Symbol and parameters, imported by the very lines that the command prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import numpy
import pytest
from mxnet import np

from d2l_rnn.errors import UsageError
from d2l_rnn.export import to_gluon

from .language_nets import FUSED, TOLERANCE, VOCAB_SIZE, made

NAMES = [name for name in FUSED if not name.endswith("-v1")]


# What MXNet says of every symbol that it imports.
@pytest.mark.filterwarnings("ignore:Cannot decide type:UserWarning")
@pytest.mark.parametrize("name", NAMES)
def test_logits_and_states_are_the_net_s(name: str, tmp_path: Path) -> None:
    net = made(name)
    exported = to_gluon.export(net.trained, tmp_path / "net")
    for path, content in exported.files.items():
        path.write_bytes(content)
    assert [p.name for p in exported.files] == ["net-symbol.json", "net-0000.params"]
    names: Dict[str, Any] = {}
    exec(exported.text, names)
    assert names["logits"].shape == (1, 5, VOCAB_SIZE)
    for batch, length in ((1, 1), (3, 7)):
        tokens = numpy.random.randint(VOCAB_SIZE, size=(batch, length))
        state = net.draw_state(batch)
        expected, expected_after = net.forward(tokens, state)
        kinds = net.net.stack.num_states
        if net.net.separate_states:  # layer by layer and direction by direction
            state = [numpy.stack(state[k::kinds]) for k in range(kinds)]
            expected_after = [
                numpy.stack(expected_after[k::kinds]) for k in range(kinds)
            ]
        logits, *after = names["net"](np.array(tokens), *map(np.array, state))
        numpy.testing.assert_allclose(logits.asnumpy(), expected, **TOLERANCE)
        assert len(after) == kinds
        for found, wanted in zip(after, expected_after):
            numpy.testing.assert_allclose(found.asnumpy(), wanted, **TOLERANCE)


@pytest.mark.parametrize(
    "name, words",
    [
        ("gru-scratch", "gluon.rnn.GRU resets after"),
        ("lstm-peephole", "gluon.rnn.LSTM has no peepholes"),
    ],
)
def test_what_gluon_has_not_is_refused(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words + ".*onnx and numpy are accepted"):
        to_gluon.export(made(name).trained, Path("net"))
