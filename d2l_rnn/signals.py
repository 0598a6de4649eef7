"""SIGINT, SIGTERM and SIGHUP: heard from the command line's first moment to its last.

A signal raises :class:`Interrupted`, wherever the program is. Where something would be
lost by that, the signals are noted instead, and whoever notes them stops in time.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Callable, Iterator, List, Optional

# Windows, where the commands that read runs work too, has but the first two.
_HEARD = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)
)
# Our own timer's: a signal that has been heard and has not ended anything yet.
_REMINDER: Optional[int] = getattr(signal, "SIGALRM", None)
_REMIND_AFTER = 0.1  # seconds


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
        128 and the number, as shells have it: 130 for SIGINT, 143 for SIGTERM, 129 for
        SIGHUP.
    """

    def __init__(self, number: int, message: str = "interrupted") -> None:
        super().__init__(message)
        self.number, self.exit_status = number, 128 + number


#: Set for a process that is to end when its standard input does: with its parent. The
#: value says how (see :func:`end_with_parent`).
PARENT_ON_STDIN = "D2L_RNN_PARENT_ON_STDIN"
#: What a parent writes there for a process that is to end at once, and now and then
#: for one that has to hear from it.
END_NOW, STILL_HERE = b"q", b"."
_SILENCE = 10.0  # seconds after which a parent that is to be heard from counts as gone
_GRACE = 10.0  # seconds to bring an epoch to its end
#: What :class:`Interrupted` ends a process with.
EXIT_STATUSES = tuple(128 + number for number in _HEARD)

Handler = Callable[[int, Optional[FrameType]], None]
# What has been heard and was raised: where a library swallows that, it is not lost.
_raised: List[int] = []


@contextmanager
def _handled_by(handler: Handler) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's, and someone else's concern
        return
    numbers = [*_HEARD, *([] if _REMINDER is None else [_REMINDER])]
    hangup = getattr(signal, "SIGHUP", None)
    if hangup and signal.getsignal(hangup) is signal.SIG_IGN:
        numbers.remove(hangup)  # started by nohup
    previous = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, signal.SIG_DFL if before is None else before)


@contextmanager
def heard() -> Iterator[None]:
    """Within, a signal raises :class:`Interrupted`: once, and so that it arrives.

    A library may swallow it, by a bare ``except`` or in a destructor, so it is raised
    again until it is on its way; or make an error of its own of it, which is none. What
    is being imported is imported to its end, for libraries complain of being stopped
    half-way; a second signal does not wait for that.
    """

    def stop(number: int, frame: Optional[FrameType]) -> None:
        insisting = number != _REMINDER and bool(_raised)
        first = _first(number)
        waits = _is_importing(frame) and not insisting
        if not waits and not _is_on_its_way():
            raise Interrupted(first)

    def tell(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, Interrupted):
            tell_before(unraisable)

    tell_before, sys.unraisablehook = sys.unraisablehook, tell
    with _handled_by(stop):
        try:
            yield
        except Interrupted:
            raise
        except BaseException:
            if _raised:
                raise Interrupted(_raised[0]) from None
            raise
        finally:
            if _raised:
                _remind_after(0)
                _raised.clear()
            sys.unraisablehook = tell_before


def _first(number: int) -> int:
    """Take in a signal, or a reminder; the number of the one that is to be answered."""
    if number != _REMINDER and not _raised:
        _raised.append(number)
    _remind_after(_REMIND_AFTER)
    return _raised[0] if _raised else number


def _remind_after(seconds: float) -> None:
    if _REMINDER is not None:
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _is_importing(frame: Optional[FrameType]) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _is_on_its_way() -> bool:
    """Whether what runs now cleans up behind an Interrupted that is being raised."""
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, Interrupted):
        error = error.__context__
    return error is not None


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
        if number == _REMINDER:
            if numbers or not _raised:
                return
            number = _raised[0]
        numbers.append(number)
        tell(numbers)

    with _handled_by(note):
        yield numbers


def not_twice(numbers: List[int]) -> None:
    """For :func:`noted`: a second Ctrl-C does not wait.

    Raises
    ------
    Interrupted
    """
    if numbers[1:] and numbers[-1] == signal.SIGINT:
        raise Interrupted(numbers[-1])


def no_more() -> None:
    """From here on, to the end of the process, signals change nothing."""
    if threading.current_thread() is threading.main_thread():
        for number in _HEARD:
            signal.signal(number, signal.SIG_IGN)


def end_with_parent() -> None:
    """Where a parent asks for it, end once it is gone.

    It holds the other end of our standard input, which closes however it ends. Asked
    for are

    ==========  =====================================================================
    ``signal``  send ourselves SIGTERM
    ``save``    the same, and end after a while whatever we are in the midst of: a
                library that waits for another process hears no signal
    ``end``     only the latter
    ``beats``   the same, also where the parent has not been heard from for a while:
                of a machine that cannot be reached any more nothing closes
    ==========  =====================================================================

    In all but the first, :data:`END_NOW` ends us at once.
    """
    how = os.environ.pop(PARENT_ON_STDIN, "")
    if how:
        threading.Thread(target=_wait_for_the_end, args=(how,), daemon=True).start()


def _wait_for_the_end(how: str) -> None:
    silence = _SILENCE if how == "beats" else None
    with suppress(OSError):
        while select.select([0], [], [], silence)[0]:
            heard_from = os.read(0, 1024)
            if END_NOW in heard_from and how != "signal":
                os._exit(128 + signal.SIGTERM)
            if not heard_from:
                break
    if how in ("signal", "save"):
        os.kill(os.getpid(), signal.SIGTERM)
    if how != "signal":
        time.sleep(_GRACE)
        os._exit(128 + signal.SIGTERM)
