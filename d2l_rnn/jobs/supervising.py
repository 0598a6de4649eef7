"""Watching over the processes of a launched training: they end together.

What a process of MXNet's parameter server does when another one dies is wait. So they
are watched from here: when one ends as it should not, all others are ended, also those
on other hosts, and which one it was is told.
"""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Callable, Deque, List, Optional, Sequence

from .. import signals
from ..errors import D2lRnnError, system_errors_as
from .members import Member, first_line, start

Notify = Callable[[str], None]

_LOOK_EVERY = 0.1  # seconds
_BEAT_EVERY = 2.0
_OWN_WORDS = 5.0  # seconds that worker 0 has to say itself what ends all of them
_LAST_SECONDS = 12.0  # for ending at once; then they are killed
_KEPT_LINES = 20
_OF_THE_HOUSE = (2, 3, 4)  # statuses that say what was wrong
_WARNING = "d2l-rnn: warning: "
_IDLE_WORDS = re.compile("MXNet start using engine")


@dataclass(frozen=True)
class Ended:
    """What became of a launched training.

    Attributes
    ----------
    status : int
        Worker 0's exit status; where another process ended it, that one's, or 1.
    reason : str
        What ended it before its time; empty where worker 0 has told, or all went well.
    signal_number : int
        Of the signal that we were sent; 0 where none was.
    at_once : bool
        Whether worker 0 could neither save nor tell.
    """

    status: int
    reason: str = ""
    signal_number: int = 0
    at_once: bool = False


class _Watched:
    """A member's process."""

    def __init__(self, member: Member, process: subprocess.Popen[bytes]) -> None:
        self.member, self.process = member, process
        self.said: Deque[str] = deque(maxlen=_KEPT_LINES)
        self._reader: Optional[threading.Thread] = None
        if process.stderr is not None:
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.decode("utf-8", "replace").rstrip())

    def write(self, words: bytes) -> None:
        """To its standard input, if it still reads."""
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):
            self.process.stdin.write(words)
            self.process.stdin.flush()

    def close(self) -> None:
        """What it said last is read, what it reads is closed."""
        if self._reader is not None:
            self._reader.join(1.0)
        for pipe in (self.process.stdin, self.process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def how_it_ended(self) -> str:
        """In words, with what it said last."""
        status = self.process.returncode
        if status < 0:
            how = f"was ended by signal {-status} ({_name_of(-status)})"
        elif self.member.host and status == 255:
            how = "was killed, or its connection (ssh) has dropped"
        else:
            how = f"ended with status {status}"
        words = [w for w in self.said if w.strip() and not _IDLE_WORDS.search(w)]
        own = [line for line in words if line.startswith("d2l-rnn: error: ")]
        last = (own or words)[-1:]
        return f"{how}: {last[0]!a:.200}" if last else how


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown here"


def supervise(members: Sequence[Member], notify: Notify, python: str = "") -> Ended:
    """Start all, and wait for worker 0, the first of them; none is left behind.

    A first signal goes to worker 0, which brings its epoch to an end, saves and ends; a
    second ends all at once.

    Parameters
    ----------
    members : sequence of Member
        Worker 0 first.
    notify : callable
        Told what a member warns of.
    python : str
        The interpreter on other hosts.
    """
    watched: List[_Watched] = []
    with signals.noted() as numbers:
        try:
            for member in members:
                with system_errors_as(D2lRnnError, f"launch: {member}"):
                    watched.append(_Watched(member, start(member, python)))
                watched[-1].write(first_line(member))
            return _watch(watched, numbers, notify)
        finally:
            _end(watched)
            for one in watched:
                _pass_on(one, notify)


def _watch(watched: Sequence[_Watched], numbers: List[int], notify: Notify) -> Ended:
    first, told, beat = watched[0], 0, 0.0
    found: Optional[_Watched] = None
    found_at = 0.0
    while first.process.poll() is None:
        if len(numbers) > told:
            told = len(numbers)
            if told > 1:
                return Ended(1, "", numbers[0], at_once=True)
            # Not the same one: before its first line Python would answer it at length.
            first.process.send_signal(signal.SIGTERM)
        now = time.monotonic()
        if now - beat > _BEAT_EVERY:
            beat = now
            for one in watched[1:]:
                if one.member.host:
                    one.write(signals.STILL_HERE)
        if found is None:
            found = next((one for one in watched[1:] if one.process.poll()), None)
            found_at = now
        elif now - found_at > _OWN_WORDS:
            found.close()
            status = found.process.returncode
            known = status if status in _OF_THE_HOUSE else 1
            return Ended(known, f"{found.member} {found.how_it_ended()}")
        for one in watched[1:]:
            _pass_on(one, notify)
        time.sleep(_LOOK_EVERY)
    status = int(first.process.returncode)
    if numbers:
        return Ended(status, "", numbers[0], at_once=status < 0)
    if status < 0:
        return Ended(1, f"{first.member} {first.how_it_ended()}")
    return Ended(status)


def _pass_on(one: _Watched, notify: Notify) -> None:
    for line in list(one.said):
        if line.startswith(_WARNING):
            one.said.remove(line)
            notify(f"{one.member}: {line[len(_WARNING) :]}")


def _end(watched: Sequence[_Watched]) -> None:
    """End all that are left, at once; those on other hosts are waited for."""
    for one in watched:
        if one.process.poll() is None:
            one.write(signals.END_NOW)
    end = time.monotonic() + _LAST_SECONDS
    for one in watched:
        try:
            one.process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            one.process.kill()
            one.process.wait()
        one.close()
