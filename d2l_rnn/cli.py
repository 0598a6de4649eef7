"""The one door: ``d2l-rnn COMMAND ...``.

Nothing heavy is imported before a command needs it, so ``--help`` answers at once, and
next to nothing before :func:`main` listens to signals. Results go to stdout, progress
and warnings to stderr.
"""

from __future__ import annotations

import atexit
import os
import sys
from importlib import import_module
from itertools import takewhile
from typing import TYPE_CHECKING, List, Optional

from . import __version__, signals, streams
from .errors import D2lRnnError, UsageError

if TYPE_CHECKING:
    from .commands.parsing import Parser

COMMANDS = {
    "list": "what experiments there are, with section and published number",
    "run": "run one experiment and leave a run directory behind",
    "launch": "one training in several processes, here or on hosts",
    "check": "whether an experiment of yours can be stopped and resumed",
    "reproduce": "run experiments over seeds, several at a time",
    "compare": "run directories against the book's numbers, with a verdict",
    "report": "all runs on one HTML page, beside the book's numbers",
    "page": "trained networks in one HTML file: type, and look inside",
    "plot": "curves of several runs in one figure, by settings of your choice",
    "book": "the book's numbers: what was printed, and how it varied",
    "audit": "what a trained language model sees when it predicts",
    "fill": "fill the blanks of a text from both sides",
    "generate": "continue a text with a trained network",
    "export": "a trained network for ONNX, PyTorch, Gluon or NumPy",
    "translate": "translate sentences with a trained run",
    "benchmark": "how fast it is, beside d2l 0.17.6, PyTorch and the processor",
    "completion": "the commands' words, flags and runs for the Tab key of your shell",
    "doctor": "what is installed here, what is wrong, and the cure",
}


def _main_parser() -> Parser:
    from .commands.parsing import Parser

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
    return parser


def main(argv: Optional[List[str]] = None) -> int:
    """Run a command line; return its exit status.

    Parameters
    ----------
    argv : list of str, optional
        Without the program's name; default ``sys.argv[1:]``.
    """
    # Outside of _run signals are only noted: it has answered, or has not begun.
    with signals.noted() as early, streams.prepared():
        status = _run(sys.argv[1:] if argv is None else argv, early)
        atexit.register(signals.no_more)
        return status


def _run(arguments: List[str], early: List[int]) -> int:
    try:
        with signals.heard():
            if early:
                raise signals.Interrupted(early[0])
            signals.end_with_parent()
            return _command(arguments)
    except signals.Interrupted as stop:
        streams.tell(str(stop), "d2l-rnn: ")
        atexit.register(_say_no_more)
        return stop.exit_status
    except D2lRnnError as error:
        if "--debug" in arguments:
            raise
        streams.tell(f"error: {error}", "d2l-rnn: ")
        return error.exit_status


def _say_no_more() -> None:
    """MXNet, stopped while it was imported, would tell at its end of its beginning."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _command(arguments: List[str]) -> int:
    """What the command says; whether what it printed has gone out."""
    import warnings

    from .commands.parsing import notify
    from .data.corpora import SampleCorpusWarning

    def show_warning(message: object, *rest: object, **named: object) -> None:
        notify(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show_warning
        warnings.simplefilter("always", SampleCorpusWarning)
        try:
            status = _answer([a for a in arguments if a != "--debug"])
        except SystemExit as stop:  # argparse has shown --help or --version
            if stop.code:
                raise
            status = 0
    undelivered = streams.undelivered()
    if undelivered:
        raise UsageError(undelivered)
    return status


def _answer(arguments: List[str]) -> int:
    if "_ARGCOMPLETE" in os.environ:
        from .commands.completion import answer

        answer(COMMANDS)
    flags = list(takewhile(lambda argument: argument.startswith("-"), arguments))
    _main_parser().parse_args(flags)
    if len(flags) == len(arguments):
        _main_parser().print_help()
        return 0
    name, *rest = arguments[len(flags) :]
    if name not in COMMANDS:
        from .hints import did_you_mean

        accepted = f"accepted are {', '.join(COMMANDS)}"
        raise UsageError(
            f"command {name!r} is unknown; {did_you_mean(name, COMMANDS, accepted)}"
        )
    status: int = import_module(f"{__package__}.commands.{name}").main(rest)
    return status
