"""Gluon: a symbol and its parameters, as ``SymbolBlock.imports`` reads them.

``RNNModel`` is a plain ``Block``, which cannot be exported: here a ``HybridBlock`` is
given its arrays, and called with symbols.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Dict, Sequence, Tuple

from mxnet import np, npx, symbol

from ..models.hybrid import HybridLanguageModel
from ..protocols import Array
from .nets import Stack, Trained, plain_language_net
from .writing import Exported

SUFFIXES: Tuple[str, ...] = ()  # PATH is what both files' names begin with


def export(trained: Trained, path: Path) -> Exported:
    """The two files of a language model, and the lines that load them.

    Parameters
    ----------
    trained : Trained
    path : pathlib.Path
        What their names begin with: ``PATH-symbol.json``, ``PATH-0000.params``.

    Raises
    ------
    UsageError
        If Gluon has no such layer.
    """
    net = plain_language_net(trained, "gluon", "gluon.rnn")
    stack = net.stack
    block = HybridLanguageModel(
        stack.cell,
        stack.num_inputs,
        stack.num_hiddens,
        len(stack.layers),
        stack.num_directions,
    )
    block.initialize()
    arrays = {name.replace(".", "_"): array for name, array in net.named().items()}
    parameters: Dict[str, Array] = {}
    for name, parameter in block.collect_params().items():
        parameter.set_data(np.array(arrays[name]))
        parameters[f"arg:{name}"] = parameter.data()
    names = ["tokens", *[f"state_{k}" for k in range(stack.num_states)]]
    inputs = [symbol.var(name).as_np_ndarray() for name in names]
    outputs = block(*inputs)
    graph = symbol.Group([output.as_nd_ndarray() for output in outputs])
    text: str = graph.as_np_ndarray().tojson()
    files = {
        path.with_name(f"{path.name}-symbol.json"): text.encode(),
        path.with_name(f"{path.name}-0000.params"): _saved(parameters),
    }
    return Exported(files, _snippet(stack, names, list(files)))


def _saved(parameters: Dict[str, Array]) -> bytes:
    """MXNet's file of them, which it writes by name only: into a passing folder."""
    with TemporaryDirectory() as folder:
        file = os.path.join(folder, "parameters")
        npx.save(file, parameters)
        return Path(file).read_bytes()


def _snippet(stack: Stack, names: Sequence[str], files: Sequence[Path]) -> str:
    symbol_file, parameters = map(str, files)
    shape = (len(stack.layers) * stack.num_directions, 1, stack.num_hiddens)
    return "\n".join(
        [
            "from mxnet import gluon, np, npx",
            "",
            "npx.set_np()",
            "net = gluon.SymbolBlock.imports(",
            f"    {symbol_file!r},",
            f"    {list(names)!r},",
            f"    {parameters!r},",
            ")",
            f"state = [np.zeros({shape}) for _ in range({stack.num_states})]",
            "tokens = np.zeros((1, 5))  # (batch, length)",
            "logits, *state = net(tokens, *state)",
        ]
    )
