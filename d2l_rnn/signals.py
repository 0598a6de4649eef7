"""SIGINT and SIGTERM: heard from the command line's first moment on.

A signal raises :class:`Interrupted`, wherever the program is. Where something would be
lost by that, the signals are noted instead, and whoever notes them stops in time.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from types import FrameType
from typing import Callable, Iterator, List, Optional

_HEARD = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Someone asked to stop: no error, and nothing that ``except Exception`` takes.

    Parameters
    ----------
    number : int
        Of the signal.
    message : str
        One line for the user.

    Attributes
    ----------
    exit_status : int
        128 and the number, as shells have it: 130 for SIGINT, 143 for SIGTERM.
    """

    def __init__(self, number: int, message: str = "interrupted") -> None:
        super().__init__(message)
        self.number, self.exit_status = number, 128 + number


#: Set for a process that is to end when its standard input does: with its parent.
PARENT_ON_STDIN = "D2L_RNN_PARENT_ON_STDIN"
#: What :class:`Interrupted` ends a process with.
EXIT_STATUSES = tuple(128 + number for number in _HEARD)


@contextmanager
def _handled_by(handler: Callable[[int, Optional[FrameType]], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's, and someone else's concern
        return
    previous = {number: signal.signal(number, handler) for number in _HEARD}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, signal.SIG_DFL if before is None else before)


@contextmanager
def heard() -> Iterator[None]:
    """Within, a signal raises :class:`Interrupted`."""

    def stop(number: int, frame: Optional[FrameType]) -> None:
        raise Interrupted(number)

    with _handled_by(stop):
        yield


@contextmanager
def noted(
    tell: Callable[[List[int]], None] = lambda numbers: None,
) -> Iterator[List[int]]:
    """Within, signals are noted: yields the list of their numbers, which grows.

    Parameters
    ----------
    tell : callable
        ``tell(numbers)`` is called when one has been noted; it may raise.
    """
    numbers: List[int] = []

    def note(number: int, frame: Optional[FrameType]) -> None:
        numbers.append(number)
        tell(numbers)

    with _handled_by(note):
        yield numbers


def end_with_parent() -> None:
    """Where a parent asks for it, send ourselves SIGTERM once it is gone.

    It holds the other end of our standard input, which closes however it ends.
    """
    if os.environ.pop(PARENT_ON_STDIN, ""):
        threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
