"""Run one experiment and leave a run directory behind."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any, Dict, Sequence, Tuple, cast

from ..errors import RunError, UsageError
from ..experiments.configs import Config
from ..experiments.runner import Options, run_experiment
from ..experiments.table import EXPERIMENTS, Experiment, find
from ..results.json_files import encode
from ..results.record import RESULT, RunRecord
from .parsing import Parser, add_settings, conclude, notify


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", default="", metavar="DIR", help="run directory (default: runs/...)"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with an interrupted run, or extend it to more --epochs; a finished "
        "one is shown again",
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument(
        "--json", action="store_true", help="the result alone on stdout, as JSON"
    )
    parser.add_argument("--no-plot", action="store_true", help="draw no pictures")
    parser.add_argument(
        "--tensorboard",
        action="store_true",
        help="also write the epochs for TensorBoard, into the run directory",
    )


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    if not arguments or arguments[0].startswith("-"):
        parser = Parser(
            prog="d2l-rnn run",
            usage="d2l-rnn run NAME [flags]",
            description=f"{__doc__}\n\nexperiments:\n{_table()}",
            epilog="d2l-rnn run NAME --help shows the flags of an experiment; NAME may "
            "be your own,\nas FILE.py:EXPERIMENT.",
        )
        parser.parse_args(arguments)
        raise UsageError("run: an experiment's name is missing (see 'd2l-rnn list')")
    return run_named(arguments[0], arguments[1:], f"d2l-rnn run {arguments[0]}")


def _table() -> str:
    width = max(map(len, EXPERIMENTS))
    return "\n".join(
        f"  {row.name.ljust(width)}  {row.summary} ({row.section})"
        for row in EXPERIMENTS.values()
    )


def parser_of(experiment: Experiment, prog: str) -> argparse.ArgumentParser:
    """What the flags of an experiment's run are read by."""
    parser = Parser(
        prog=prog,
        description=(experiment.summary or experiment.name)
        + (f" (section {experiment.section})" if experiment.section else ""),
        epilog=(
            "exit status: 0 done; 2 bad usage; 3 data unavailable or corrupt; "
            "4 run directory unusable; 129, 130 or 143 interrupted, state saved"
        ),
    )
    add_settings(parser, experiment.config)
    _add_run_options(parser)
    return parser


def configured(
    name: str, arguments: Sequence[str], prog: str
) -> Tuple[Experiment, Config, Dict[str, Any]]:
    """An experiment, its configuration as the arguments have it, and all of these."""
    experiment = find(name)
    parsed = vars(parser_of(experiment, prog).parse_args(arguments))
    names = [field.name for field in dataclasses.fields(experiment.config)]
    config = dataclasses.replace(
        experiment.config, **{name: parsed[name] for name in names}
    )
    return experiment, config, parsed


def run_named(name: str, arguments: Sequence[str], prog: str) -> int:
    """Run an experiment with command-line arguments; print its result."""
    experiment, config, parsed = configured(name, arguments, prog)
    options = Options(
        parsed["out"],
        parsed["resume"],
        parsed["quiet"],
        not parsed["no_plot"],
        parsed["tensorboard"],
    )
    record = run_experiment(experiment, config, options, notify)
    assert record.result is not None
    if parsed["json"]:
        print(json.dumps(encode({**record.result, "directory": str(record.directory)})))
    else:
        conclude(shown(experiment, record), f"recorded in {record.directory}")
    return 0


def shown(experiment: Experiment, record: RunRecord) -> str:
    """A finished run's result as it is printed.

    Raises
    ------
    RunError
        If it has not what a result of the experiment has.
    """
    try:
        return experiment.family().text(cast(Dict[str, Any], record.result))
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise RunError(
            f"{record.directory / RESULT}: no result of {experiment.name} that can be "
            f"shown ({type(error).__name__}: {str(error)[:80]!r})"
        ) from error
