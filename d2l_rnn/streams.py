"""Standard input, output and error as they are: full, closed, read no more, or ASCII.

No result is lost because it cannot be shown. The command line works inside of
:func:`prepared`, where nothing that is printed fails, and asks :func:`undelivered` at
its end. A reader's own program keeps its own streams; what the package says in it goes
through :func:`show` and :func:`tell`.
"""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator, Optional, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Patient(io.FileIO):
    """Takes whatever is written; what cannot go out is dropped, and why is kept."""

    failure: Optional[OSError] = None

    def write(self, content: ReadableBuffer, /) -> int:
        while self.failure is None:
            try:
                written: Optional[int] = super().write(content)
                if written is not None:
                    return written
                select.select([], [self], [])  # does not block, and is full just now
            except OSError as error:
                self.failure = error
        return memoryview(content).nbytes


@contextmanager
def prepared() -> Iterator[None]:
    """Within, standard output and error take everything, in whatever encoding.

    A character that the encoding lacks is replaced. Streams that somebody has put in
    the place of the process's own, a notebook say, stay as they are. A descriptor that
    is closed is the null device from here on.
    """
    _occupy_descriptors()
    before = sys.stdin, sys.stdout, sys.stderr
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _patient(1, sys.stdout, "replace")
    if sys.stderr is sys.__stderr__:
        sys.stderr = _patient(2, sys.stderr, "backslashreplace")
    ours = [stream for stream in (sys.stdout, sys.stderr) if stream not in before]
    try:
        yield
    finally:
        for stream in ours:
            stream.flush()
        sys.stdin, sys.stdout, sys.stderr = before


def _occupy_descriptors() -> None:
    """Put the null device on closed descriptors, whose numbers a file would get."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)  # gets the lowest number: this one
            os.set_inheritable(null, True)


def _patient(number: int, before: Optional[TextIO], errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(_Patient(number, "wb", closefd=False)),
        encoding="utf-8" if before is None else before.encoding,
        errors=errors,
        line_buffering=number == 2 or getattr(before, "line_buffering", False),
    )


def undelivered() -> str:
    """Why what was printed has not all gone out.

    Returns
    -------
    str
        Empty where it has, and where its reader wants no more of it (a closed pipe).
    """
    failure: Optional[OSError] = None
    try:
        sys.stdout.flush()
        raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
        if isinstance(raw, _Patient):
            failure = raw.failure
    except OSError as error:
        failure = error
    if failure is None or isinstance(failure, BrokenPipeError):
        return ""
    return f"stdout: {failure.strerror or failure}"


def show(text: str) -> None:
    """Print a line of a reader's program; that it cannot be shown ends nothing.

    Characters that the encoding of standard output lacks are replaced.
    """
    try:
        _print(text, sys.stdout)
    except (OSError, ValueError) as error:  # full, closed pipe; closed in Python
        tell(f"stdout: {getattr(error, 'strerror', None) or error}")


def tell(line: str, by: str = "d2l_rnn: ") -> None:
    """Say something beside the result on standard error, where there is one.

    Parameters
    ----------
    line : str
    by : str
        Who says it.
    """
    try:
        _print(f"{by}{line}", sys.stderr)
    except (OSError, ValueError):
        pass  # there is nobody left to tell


def on_a_terminal() -> bool:
    """Whether a person sees what goes to standard error."""
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:  # closed in Python
        return False


def shows_colours() -> bool:
    """Whether standard output is a terminal that is to show colours (NO_COLOR)."""
    try:
        terminal = sys.stdout is not None and sys.stdout.isatty()
    except ValueError:  # closed in Python
        return False
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return terminal and not plain


def _print(text: str, stream: Optional[TextIO]) -> None:
    if stream is None:  # closed before Python started; print() would take stdout
        return
    try:
        print(text, file=stream)
    except UnicodeEncodeError:
        encoding = stream.encoding
        print(text.encode(encoding, "replace").decode(encoding), file=stream)
