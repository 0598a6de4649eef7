"""How fast training and generation are, beside d2l 0.17.6, PyTorch and the floor."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Sequence

from ..benchmark.running import PARTS, Settings, run
from ..errors import UsageError
from .parsing import Parser, notify, number

_EPILOG = """\
parts: speed (ours, d2l 0.17.6, PyTorch, floor), use (texts one by one and 32 side
by side, greedy translation, beam 4; --before adds what it was), scaling (batch,
steps, hidden size, depth), directions (two for one), hidden_markov (beside hmmlearn).
The floor is a step's matrix products alone, by the fastest of NumPy, PyTorch and
MXNet's oneDNN. Beside a net by hand stand PyTorch's fused layer, and the same
equations from scratch, ours and PyTorch's. All sides run on the CPU, in turns; nothing
passes or fails on seconds."""


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    options = _parser().parse_args(arguments)
    for name in ("rounds", "threads"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name} {value}: at least 1")
    if not 0 < options.turn_seconds < math.inf:
        raise UsageError(f"--turn-seconds {options.turn_seconds}: greater than 0")
    settings = Settings(
        workloads="lstm" if options.quick else options.workloads,
        parts=("speed",) if options.quick else tuple(options.parts.split(",")),
        rounds=2 if options.quick else options.rounds,
        turn_seconds=0.01 if options.quick else options.turn_seconds,
        threads=options.threads,
        out=Path(options.out),
        old_wheel=options.old_wheel,
        torch_python=options.torch_python,
        before=None if options.before is None else Path(options.before).resolve(),
        compare=None if options.compare is None else Path(options.compare),
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
        "--turn-seconds",
        type=number(float),
        default=0.4,
        metavar="SECONDS",
        help="how long a turn lasts, about (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", type=whole, help="of every side (default: each its own choice)"
    )
    parser.add_argument(
        "--out", default="runs/benchmark", metavar="DIR", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="moments of the LSTM: does it work here?"
    )
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    parser.add_argument(
        "--old-wheel", metavar="PATH", help="wheel of d2l 0.17.6 (default: fetched)"
    )
    parser.add_argument(
        "--before",
        metavar="CHECKOUT",
        help="another checkout of this project, measured beside as it was then",
    )
    parser.add_argument(
        "--compare",
        metavar="FILE",
        help="benchmark.json of an earlier run on this machine: show the change",
    )
    parser.add_argument(
        "--torch-python",
        default=sys.executable,
        metavar="PATH",
        help="an interpreter that has torch (default: this one)",
    )
    return parser
