"""How fast training and generation are, beside d2l 0.17.6, PyTorch and the floor."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Sequence

from ..benchmark.running import PARTS, Settings, run
from ..errors import UsageError
from .parsing import Parser, notify, number

_EPILOG = """\
parts: speed (ours, d2l 0.17.6, PyTorch, floor), scaling (batch, steps, hidden
size, depth), directions (two for one), hidden_markov (beside hmmlearn).
The floor is a step's matrix products alone, each by the faster of MXNet's oneDNN
and NumPy. All sides run on the CPU, in turns; nothing passes or fails on seconds."""


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    options = _parser().parse_args(arguments)
    for name in ("rounds", "steps", "num_preds", "threads"):
        value = getattr(options, name)
        if value is not None and value < 1:
            flag = name.replace("_", "-")
            raise UsageError(f"--{flag} {value}: at least 1")
    settings = Settings(
        workloads="lstm" if options.quick else options.workloads,
        parts=("speed",) if options.quick else tuple(options.parts.split(",")),
        rounds=2 if options.quick else options.rounds,
        steps=1 if options.quick else options.steps,
        num_preds=5 if options.quick else options.num_preds,
        threads=options.threads,
        out=Path(options.out),
        old_wheel=options.old_wheel,
        torch_python=options.torch_python,
    )
    results, text = run(settings, notify)
    print(json.dumps(results) if options.json else text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="d2l-rnn benchmark", description=__doc__, epilog=_EPILOG)
    whole = number(int)
    parser.add_argument(
        "--workloads", default="all", metavar="NAMES", help="comma-separated, or all"
    )
    parser.add_argument(
        "--parts",
        default=",".join(PARTS),
        metavar="NAMES",
        help=f"comma-separated (default: {','.join(PARTS)})",
    )
    parser.add_argument(
        "--rounds", type=whole, default=7, help="turns of each side (default: 7)"
    )
    parser.add_argument(
        "--steps", type=whole, default=10, help="training steps a turn (default: 10)"
    )
    parser.add_argument(
        "--num-preds", type=whole, default=50, help="tokens generated a turn (50)"
    )
    parser.add_argument(
        "--threads", type=whole, help="of every side (default: each its own choice)"
    )
    parser.add_argument(
        "--out", default="runs/benchmark", metavar="DIR", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one step of the LSTM: does it work here?"
    )
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    parser.add_argument(
        "--old-wheel", metavar="PATH", help="wheel of d2l 0.17.6 (default: fetched)"
    )
    parser.add_argument(
        "--torch-python",
        default=sys.executable,
        metavar="PATH",
        help="an interpreter that has torch (default: this one)",
    )
    return parser
