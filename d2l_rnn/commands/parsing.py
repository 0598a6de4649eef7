"""What the commands share: a strict parser, flags from configurations, messages."""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import sys
import textwrap
from pathlib import Path
from typing import Any, Callable, List, NoReturn, Sequence

from .. import streams
from ..data.reading import LARGEST_TEXT, decode
from ..errors import RunError, UsageError
from ..experiments.settings import flag_of, types_of
from ..hints import did_you_mean
from ..results.record import RUNS, RunRecord, read_runs

_LONGEST_MESSAGE = 600  # letters


def notify(message: str) -> None:
    """Tell the user something beside the result: one line on stderr."""
    streams.tell(message, "d2l-rnn: ")


def conclude(text: str, done: str) -> None:
    """Print a result, and tell what has been done: that too where it cannot be printed.

    Raises
    ------
    UsageError
        If standard output does not take it; ``done`` is told with it.
    """
    print(text)
    undelivered = streams.undelivered()
    if undelivered:
        raise UsageError(f"{undelivered}; {done}")
    notify(done)


def lines_of_stdin() -> List[str]:
    """What comes on stdin, read as a file of it would be.

    Raises
    ------
    DataError
        If it is no UTF-8 text, as of :func:`d2l_rnn.data.reading.decode`.
    UsageError
        If it is larger than a file of text may be.
    """
    if sys.stdin is None:  # it was closed
        return []
    content = sys.stdin.buffer.read(LARGEST_TEXT + 1)
    if len(content) > LARGEST_TEXT:
        raise UsageError(f"stdin: larger than the {LARGEST_TEXT:,} bytes accepted")
    if not content.strip():
        return []
    return decode(content, "stdin", "FILE").rstrip("\n").split("\n")


def at_a_terminal() -> bool:
    """Whether a person would have to type what comes on stdin."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # closed in Python
        return False


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Text as it was written where it fits; what is too wide is wrapped."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs: List[str] = []
        begins = True
        for line in textwrap.dedent(text).strip().splitlines():
            plain = bool(line) and line[0] != " " and not line.startswith("exit status")
            if begins or not plain:
                paragraphs.append(line)
            else:
                paragraphs[-1] += "\n" + line
            begins = line.endswith(":") or line[:1] in ("", " ")
        return "\n".join(indent + self._fitting(part, width) for part in paragraphs)

    def _fitting(self, paragraph: str, width: int) -> str:
        if max(map(len, paragraph.split("\n"))) <= width:
            return paragraph
        row = re.match(r" *\S+ {2,}| *", paragraph)  # a name, and what it is
        hanging = " " * len(row[0] if row else "")
        return textwrap.fill(paragraph, width, subsequent_indent=hanging)


class Parser(argparse.ArgumentParser):
    """No abbreviated flags, and one line for an error."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            allow_abbrev=False,
            formatter_class=_Formatter,
            **kwargs,
        )

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As there; of an unknown flag, the known one that is nearest to it.

        Where a shell asks for completion, that is answered, and the process ends.
        """
        if "_ARGCOMPLETE" in os.environ:
            import argcomplete

            argcomplete.autocomplete(self)
        parsed, unknown = self.parse_known_args(args, namespace)
        if not unknown:
            return parsed
        first = unknown[0].split("=")[0]
        flags = [flag for flag in self._option_string_actions if flag != first]
        hint = did_you_mean(first, flags if first.startswith("--") else [], "")
        self.error(
            " ".join(["unrecognized arguments:", *unknown]) + f"; {hint}" * bool(hint)
        )

    def error(self, message: str) -> NoReturn:
        if len(message) > _LONGEST_MESSAGE:  # it repeats what was typed
            message = f"{message[:_LONGEST_MESSAGE]}..."
        raise UsageError(f"{message} (see '{self.prog} --help')")


def number(kind: type) -> Callable[[str], Any]:
    """A parser of numbers whose error names what is accepted."""

    def parse(text: str) -> Any:
        try:
            return kind(text)
        except ValueError:
            name = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {name}") from None

    return parse


def add_runs(parser: argparse.ArgumentParser) -> None:
    """Add the run directories that a command reads."""
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help=f"run directories, or folders of them (default: {RUNS}/)",
    )


def read_named(paths: Sequence[str]) -> List[RunRecord]:
    """Read the runs that were named, those in ``runs/`` by default.

    Raises
    ------
    RunError
        If there is no run, or none that can be read.
    """
    if not paths and not os.path.isdir(RUNS):
        raise RunError(
            f"no runs: there is no folder {RUNS}/ here; name run directories, or make "
            "one with 'd2l-rnn run'"
        )
    records = read_runs(paths or [RUNS])
    if all(record.damage for record in records):
        raise RunError(records[0].damage)
    return records


def newest(wanted: Callable[[Any, Any], bool], otherwise: str) -> Path:
    """The newest finished run of a kind, where none was named.

    Parameters
    ----------
    wanted : callable
        ``wanted(experiment, config)``.
    otherwise : str
        What to say where there is none.

    Raises
    ------
    RunError
        If there is none.
    """
    from ..experiments.loaded import newest_run

    found = newest_run(wanted)
    if found is None:
        raise RunError(otherwise)
    return found


def say_newest(run: Path) -> None:
    """Say which run is meant where none was named."""
    notify(f"run {run}, the newest")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device`` to a command that NumPy answers, on the CPU."""
    parser.add_argument(
        "--device",
        default="auto",
        help="auto or cpu; cpu:N, gpu and gpu:N are accepted, and NumPy answers on "
        "the CPU (default: auto)",
    )


def check_device(name: str) -> None:
    """Refuse what is no device; say so where it is not the one that answers."""
    from ..devices import DEVICE, DEVICES

    if not DEVICE.fullmatch(name):
        raise UsageError(f"--device {name}: accepted are {DEVICES}")
    if name.startswith("gpu"):
        notify(f"--device {name}: NumPy answers, on the CPU")


def add_settings(parser: argparse.ArgumentParser, defaults: Any) -> None:
    """Give a parser one flag for each field of a configuration."""
    types, settings = types_of(type(defaults)), parser.add_argument_group("settings")
    for field in dataclasses.fields(defaults):
        flag, kind = flag_of(field), types[field.name]
        default = getattr(defaults, field.name)
        told = field.metadata.get("by_default") or _shown(default)
        text = field.metadata.get("text", "")
        text = f"{text} (default: {told})".strip().replace("%", "%%")
        choices = field.metadata.get("choices")
        if kind is bool:
            group = settings.add_mutually_exclusive_group()
            group.add_argument(
                flag, dest=field.name, action="store_true", default=default, help=text
            )
            group.add_argument(
                "--no-" + flag[2:], dest=field.name, action="store_false"
            )
        else:
            settings.add_argument(
                flag,
                dest=field.name,
                default=default,
                type=str if kind is str else number(kind),
                choices=choices,
                metavar=None if choices else kind.__name__.upper(),
                help=text,
            )


def _shown(default: Any) -> str:
    """A default as what it does."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return str(default) if default != "" else "none"
