"""The few errors a user meets, each with the exit status of its kind.

The command line prints the message as one line and exits with ``exit_status``;
in a notebook they are ordinary exceptions.

====== ======================================================================
status meaning
====== ======================================================================
0      done
1      a comparison failed, a training diverged, or a process of a launched one died
2      bad usage or bad input; or stdout did not take the result
3      data unavailable or corrupt
4      a run directory or checkpoint is unusable
129    interrupted by SIGHUP: the terminal was closed; the state reached is saved
130    the same by Ctrl-C
143    the same by SIGTERM
====== ======================================================================
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Type


class D2lRnnError(Exception):
    """Base of all errors that d2l_rnn raises for what a user can cause."""

    exit_status = 1


class DivergenceError(D2lRnnError):
    """Training produced a loss or gradient that is not finite."""


class UsageError(D2lRnnError, ValueError):
    """An argument or an input is not what is accepted."""

    exit_status = 2


class DataError(D2lRnnError):
    """A corpus is unavailable, corrupt or unreadable."""

    exit_status = 3


class RunError(D2lRnnError):
    """A run directory or a checkpoint is unusable."""

    exit_status = 4


@contextmanager
def system_errors_as(
    kind: Type[D2lRnnError], what: str, accepted: str = ""
) -> Iterator[None]:
    """Within, what the operating system refuses is told as an error of ours.

    Parameters
    ----------
    kind : type
    what : str
        The file or folder as the user named it, and which it is: "--out FILE".
    accepted : str
        What would do in its place.
    """
    try:
        yield
    except OSError as error:
        cure = f"; accepted is {accepted}" if accepted else ""
        raise kind(f"{what}: {error.strerror or error}{cure}") from None
