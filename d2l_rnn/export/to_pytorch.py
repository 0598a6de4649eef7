"""PyTorch: a ``state_dict`` as safetensors, and the module that it loads into.

``torch.nn.RNN``, ``GRU`` and ``LSTM`` have Gluon's gates, in Gluon's order, under other
names.
"""

from __future__ import annotations

import re
from pathlib import Path

from .nets import LanguageNet, Trained, plain_language_net
from .writing import Exported, tensors

SUFFIXES = (".safetensors",)

_GLUON = re.compile(r"rnn\.([lr])(\d+)_([ih])2h_(weight|bias)")
_MODULES = {"lstm": "LSTM", "gru": "GRU", "rnn_tanh": "RNN", "rnn_relu": "RNN"}

_SNIPPET = """\
import torch
from safetensors.torch import load_file


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.{module}({arguments})
        self.dense = torch.nn.Linear({width}, {num_outputs})

    def forward(self, tokens, state=None):
        X = {inputs}
        Y, state = self.rnn(X, state)
        return self.dense(Y), state


net = Net().eval()
net.load_state_dict(load_file({path!r}))
"""


def export(trained: Trained, path: Path) -> Exported:
    """The file of a language model, and the lines that load it.

    Parameters
    ----------
    trained : Trained
    path : pathlib.Path

    Raises
    ------
    UsageError
        If PyTorch has no such layer.
    """
    net = plain_language_net(trained, "pytorch", "torch.nn")
    arrays = {_name(name): array for name, array in net.named().items()}
    content = tensors(arrays, trained.facts, trained.vocabularies)
    return Exported({path: content}, _snippet(net, path))


def _name(name: str) -> str:
    """``rnn.r0_i2h_weight`` is ``rnn.weight_ih_l0_reverse`` there."""
    found = _GLUON.fullmatch(name)
    if not found:
        return name
    direction, layer, side, kind = found.groups()
    ending = "_reverse" if direction == "r" else ""
    return f"rnn.{kind}_{side}h_l{layer}{ending}"


def _snippet(net: LanguageNet, path: Path) -> str:
    stack = net.stack
    arguments = [
        str(stack.num_inputs),
        str(stack.num_hiddens),
        f"num_layers={len(stack.layers)}",
        "batch_first=True",
    ]
    if stack.num_directions == 2:
        arguments.append("bidirectional=True")
    if stack.cell == "rnn_relu":
        arguments.append("nonlinearity='relu'")
    return _SNIPPET.format(
        module=_MODULES[stack.cell],
        arguments=", ".join(arguments),
        width=stack.num_directions * stack.num_hiddens,
        num_outputs=len(net.dense.bias),
        inputs=f"torch.nn.functional.one_hot(tokens, {stack.num_inputs}).float()",
        path=str(path),
    )
