"""Many hostile inputs to one door: how many were tried, how many answered rightly.

An input is answered rightly when the door takes it, or refuses it with an error of
ours, in one line that can be printed, within the deadline. Every input follows from the
door's name and its number alone, so that one that went wrong can be had again.
"""

from __future__ import annotations

import random
import signal
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, List, NoReturn, Optional

import pytest

from d2l_rnn.errors import D2lRnnError

SECONDS = 10  # that an input may take; what takes this long is reported, not waited for
_LONGEST_LINE = 2000  # letters: more is no line that anybody reads
_SHOWN = 5

#: Makes the input of a generator, below a folder of its own, and brings it to a door.
Attempt = Callable[[random.Random, Path], object]


class _TooLong(BaseException):
    """Beside Exception: a door that catches everything does not catch this."""


def sizes(quick: int, slow: int) -> List[object]:
    """For ``parametrize("tried", ...)``: a few inputs always, many where asked for."""
    return [
        pytest.param(quick, id="quick"),
        pytest.param(slow, id="slow", marks=pytest.mark.slow),
    ]


def fuzz(
    door: str,
    tried: int,
    attempt: Attempt,
    folder: Path,
    check: Optional[Callable[[], str]] = None,
) -> None:
    """Try a door with so many inputs; fail, with the first of them, where one is wrong.

    Parameters
    ----------
    door : str
        Its name; the inputs follow from it.
    tried : int
    attempt : callable
        ``attempt(generator, folder)``: makes the input and brings it to the door. An
        AssertionError says what else was wrong with the answer.
    folder : pathlib.Path
        An empty one. All inputs share it, one after the other.
    check : callable, optional
        Asked after every input: what is wrong with what the door left behind; empty
        where nothing is.
    """
    wrong = []
    for number in range(tried):
        problem = answer(door, number, attempt, folder) or (check() if check else "")
        if problem:
            wrong.append(f"{door} {number}: {problem}")
    print(f"\nfuzz: {door}: {tried:,} tried, {tried - len(wrong):,} right")
    assert not wrong, "\n".join([f"{len(wrong)} of {tried} wrong", *wrong[:_SHOWN]])


def answer(door: str, number: int, attempt: Attempt, folder: Path) -> str:
    """Bring one input to its door again; return what was wrong, empty if nothing."""
    generator = random.Random(f"{door} {number}")
    try:
        with _deadline():
            attempt(generator, folder)
    except D2lRnnError as error:
        return _unreadable(str(error))
    except _TooLong:
        return f"no answer within {SECONDS} seconds"
    except Exception as error:  # anything else: that is what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{error!r:.1000} at {Path(place.filename).name}:{place.lineno}"
    return ""


def _unreadable(message: str) -> str:
    """What keeps a message from being one line on any terminal that knows UTF-8."""
    if not message:
        return "an error without a word"
    if "\n" in message or "\r" in message:
        return f"an error of several lines: {message!r:.300}"
    if len(message) > _LONGEST_LINE:
        return f"an error of {len(message)} letters"
    try:
        message.encode()
    except UnicodeEncodeError:
        return f"an error that cannot be printed: {message!r:.300}"
    return ""


@contextmanager
def _deadline() -> Iterator[None]:
    """Of processor time, so that a busy machine changes no answer."""

    def ring(number: int, frame: object) -> NoReturn:
        raise _TooLong

    before = signal.signal(signal.SIGPROF, ring)
    waiting = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.setitimer(signal.ITIMER_REAL, 10 * SECONDS)  # what waits takes none
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGPROF, before)
        signal.signal(signal.SIGALRM, waiting)
