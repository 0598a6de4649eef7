"""The one door: ``d2l-rnn COMMAND ...``.

Nothing heavy is imported before a command needs it, so ``--help`` answers at once.
Results go to stdout, progress and warnings to stderr.
"""

from __future__ import annotations

import argparse
import atexit
import os
import sys
import warnings
from importlib import import_module
from typing import List, Optional

from . import __version__, signals
from .commands.parsing import Parser, notify
from .data.corpora import SampleCorpusWarning
from .errors import D2lRnnError, UsageError

COMMANDS = {
    "list": "what experiments there are, with section and published number",
    "run": "run one experiment and leave a run directory behind",
    "check": "whether an experiment, yours say, can be stopped and resumed exactly",
    "reproduce": "run experiments over seeds, several at a time",
    "compare": "run directories against the book's numbers, with a verdict",
    "report": "all runs on one HTML page, beside the book's numbers",
    "book": "the book's numbers: what was printed, and how it varied",
    "audit": "what a trained language model sees when it predicts",
    "fill": "fill the blanks of a text from both sides",
    "generate": "continue a text with a trained network",
    "translate": "translate sentences with a trained run",
    "benchmark": "how fast it is, beside d2l 0.17.6, PyTorch and the processor",
    "doctor": "what is installed here, what is wrong, and the cure",
}


def _main_parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    commands = "\n".join(
        f"  {name.ljust(width)}  {text}" for name, text in COMMANDS.items()
    )
    parser = Parser(
        prog="d2l-rnn",
        usage="d2l-rnn [--version] [--debug] COMMAND ...",
        description="The recurrent chapters of Dive into Deep Learning on MXNet.\n\n"
        f"commands:\n{commands}",
        epilog="d2l-rnn COMMAND --help tells more.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--debug", action="store_true", help="show the traceback of an error"
    )
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _show_warning(message: object, *rest: object, **named: object) -> None:
    notify(f"warning: {message}")


def main(argv: Optional[List[str]] = None) -> int:
    """Run a command line; return its exit status.

    Parameters
    ----------
    argv : list of str, optional
        Without the program's name; default ``sys.argv[1:]``.
    """
    try:
        with signals.heard():
            signals.end_with_parent()
            return _run(sys.argv[1:] if argv is None else argv)
    except signals.Interrupted as stop:
        notify(str(stop))
        atexit.register(_say_no_more)
        return stop.exit_status


def _say_no_more() -> None:
    """MXNet, stopped while it was imported, would tell at its end of its beginning."""
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _run(arguments: List[str]) -> int:
    debug = "--debug" in arguments
    try:
        options = _main_parser().parse_args([a for a in arguments if a != "--debug"])
        if options.command is None:
            _main_parser().print_help()
            return 0
        if options.command not in COMMANDS:
            raise UsageError(
                f"command {options.command!r} is unknown; accepted are "
                f"{', '.join(COMMANDS)}"
            )
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            warnings.simplefilter("always", SampleCorpusWarning)
            command = import_module(f"{__package__}.commands.{options.command}")
            status: int = command.main(options.rest)
            return status
    except D2lRnnError as error:
        if debug:
            raise
        notify(f"error: {error}")
        return error.exit_status
    except BrokenPipeError:  # the reader of our output has gone
        sys.stderr.close()
        return 0
