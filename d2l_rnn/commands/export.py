"""Write the network of a finished run as a file that other programs read."""

from __future__ import annotations

import argparse
import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any, Sequence

from ..compatibility import prepare_mxnet
from ..errors import UsageError, system_errors_as
from ..files import target_of
from .parsing import Parser, conclude

TARGETS = ("onnx", "pytorch", "gluon", "numpy")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="d2l-rnn export",
        description=__doc__,
        epilog="targets:\n"
        "  onnx     NAME.onnx: tokens and state_0, ... in, logits and next_state_0,\n"
        "           ... out; an encoder-decoder is NAME-encoder.onnx and\n"
        "           NAME-decoder.onnx (needs the extra: pip install 'd2l_rnn[onnx]')\n"
        "  pytorch  NAME.safetensors: a state_dict; prints the module that loads it\n"
        "  gluon    PATH-symbol.json and PATH-0000.params for SymbolBlock.imports\n"
        "  numpy    NAME.npz or NAME.safetensors: the arrays by name\n"
        "docs/export.md has the layouts, and which models go where.\n"
        "examples:\n"
        "  d2l-rnn export runs/lstm/seed-1 --to onnx --out lstm.onnx\n"
        "  d2l-rnn export runs/gru/seed-1 --to pytorch --out gru.safetensors\n"
        "exit status: 0 done; 2 bad usage, or the model cannot go there; 4 no usable "
        "run",
    )
    parser.add_argument("run", metavar="RUN", help="a run directory")
    parser.add_argument(
        "--to", required=True, choices=TARGETS, help="what is to read it"
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="PATH",
        help="where to write; a file that is there is replaced",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="as JSON: the run, the target, the files, and the facts in them",
    )
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    options = _parser().parse_args(arguments)
    path = Path(options.out)
    target = _target(options.to)
    _check(path, options.out, target.SUFFIXES, options.to)
    from ..experiments.exported import load_trained
    from ..export.writing import write_all

    trained = load_trained(options.run)
    exported = target.export(trained, path)
    for file in exported.files:
        _check_not_of_the_run(file, options.run)
    write_all(exported.files)
    names = [str(file) for file in exported.files]
    text = exported.text
    if options.json:
        facts = dict(trained.facts)
        answer = {"run": options.run, "to": options.to, "files": names, **facts}
        text = json.dumps(answer)
    conclude(text, f"{' and '.join(names)} written")
    return 0


def _target(name: str) -> Any:
    """The module of a target.

    Raises
    ------
    UsageError
        If it needs a package that is not installed.
    """
    if name == "gluon":
        prepare_mxnet()
    try:
        return import_module(f"{__package__.split('.')[0]}.export.to_{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != name:
            raise
        raise UsageError(
            f"--to {name} needs the package {name}, which is not installed: "
            f"pip install 'd2l_rnn[{name}]'"
        ) from None


def _check(path: Path, named: str, suffixes: Sequence[str], target: str) -> None:
    """Refuse a path before anything is computed.

    Raises
    ------
    UsageError
        If it has another ending than its target's, or nothing can be written there.
    """
    if os.path.isdir(path) or named.endswith(os.sep):
        raise UsageError(f"--out {named}: a directory; accepted is a file in one")
    if suffixes and path.suffix not in suffixes:
        accepted = " or ".join(f"NAME{suffix}" for suffix in suffixes)
        raise UsageError(f"--out {named}: --to {target} writes {accepted}")
    with system_errors_as(
        UsageError, f"--out {named}", "a file in a folder that exists"
    ):
        target_of(path)


def _check_not_of_the_run(file: Path, run: str) -> None:
    if file.exists() and os.path.realpath(file.parent) == os.path.realpath(run):
        raise UsageError(
            f"--out {file}: a file of the run itself; accepted is a path outside of it"
        )
