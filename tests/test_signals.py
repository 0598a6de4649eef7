"""Asked to stop, a program stops: whatever a library makes of it, and once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Callable, Iterator, List

import pytest

from d2l_rnn import signals
from d2l_rnn.cli import main
from d2l_rnn.signals import Interrupted, heard, noted

pytestmark = pytest.mark.usefixtures("hangup_is_not_ignored")
ASKED = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def ask(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def wait() -> None:
    """Until something interrupts us; a test that waits for nothing fails."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(0.005)


@pytest.mark.parametrize("number", ASKED)
def test_a_signal_interrupts_and_its_handler_is_given_back(number: int) -> None:
    before = [signal.getsignal(n) for n in (*ASKED, signal.SIGALRM)]
    with pytest.raises(Interrupted) as stop, heard():
        ask(number)
        wait()
    assert stop.value.exit_status == 128 + number
    assert [signal.getsignal(n) for n in (*ASKED, signal.SIGALRM)] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def swallow() -> None:
    try:
        ask()
        wait()
    except BaseException:
        pass


class Destructor:
    def __del__(self) -> None:
        ask()
        wait()


def mistake() -> None:
    try:
        ask()
        wait()
    except BaseException:
        raise ImportError("half imported") from None


@pytest.mark.parametrize("library", [swallow, Destructor, mistake])
def test_what_a_library_makes_of_it_is_an_interruption_all_the_same(
    library: Callable[[], object], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Interrupted) as stop, heard():
        library()
        wait()
    assert stop.value.number == signal.SIGTERM
    assert capsys.readouterr().err == ""


def test_cleaning_up_is_not_interrupted_again() -> None:
    cleaned: List[str] = []
    with pytest.raises(Interrupted) as stop, heard():
        try:
            ask(signal.SIGINT)
            wait()
        finally:
            ask(signal.SIGTERM)
            time.sleep(3 * signals._REMIND_AFTER)
            cleaned.append("all")
    assert cleaned == ["all"] and stop.value.number == signal.SIGINT


def test_a_swallowed_signal_is_noted_where_signals_are() -> None:
    with heard():
        swallow()
        with noted() as numbers:
            end = time.monotonic() + 60
            while not numbers and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(3 * signals._REMIND_AFTER)
    assert numbers == [signal.SIGTERM]  # once: a second one would hurry it


@pytest.mark.parametrize("insisting, imported", [(False, True), (True, False)])
def test_an_import_is_brought_to_its_end(
    insisting: bool,
    imported: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again = "os.kill(os.getpid(), signal.SIGINT)\n" if insisting else ""
    (tmp_path / "slow_to_import.py").write_text(
        "import os, signal, sys, time\n"
        f"os.kill(os.getpid(), signal.SIGTERM)\n{again}"
        f"time.sleep({3 * signals._REMIND_AFTER})\n"
        "sys.modules['the_end'] = sys\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "the_end", ModuleType("none"))
    with pytest.raises(Interrupted) as stop, heard():
        __import__("slow_to_import")
        wait()
    assert (sys.modules["the_end"] is sys) == imported
    assert stop.value.number == signal.SIGTERM
    sys.modules.pop("slow_to_import", None)


def test_nohup_is_respected() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heard():
            ask(signal.SIGHUP)
        with noted() as numbers:
            ask(signal.SIGHUP)
        assert numbers == []
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", ASKED)
def test_a_command_that_is_interrupted_says_so_in_a_line(
    number: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from d2l_rnn.commands import book

    def load_book() -> None:
        ask(number)
        wait()

    monkeypatch.setattr(book, "load_book", load_book)
    monkeypatch.setattr("atexit.register", lambda function: function)
    assert main(["book"]) == 128 + number
    assert capsys.readouterr() == ("", "d2l-rnn: interrupted\n")


def test_a_signal_before_the_command_is_looked_at_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def prepared() -> Iterator[None]:
        ask(signal.SIGTERM)
        yield

    monkeypatch.setattr("d2l_rnn.streams.prepared", prepared)
    monkeypatch.setattr("atexit.register", lambda function: function)
    assert main(["list"]) == 143
    assert capsys.readouterr() == ("", "d2l-rnn: interrupted\n")


# main has returned: what comes is the interpreter's end, as long as it takes.
AFTER_MAIN = """
import atexit, os, signal, sys
from d2l_rnn.cli import main
def at_the_end():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(os.getpid(), number)
atexit.register(at_the_end)
sys.exit(main(["list"]))
"""


def test_a_signal_after_the_work_changes_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", AFTER_MAIN], capture_output=True)
    assert done.returncode == 0 and done.stderr == b""
    assert b"bilstm" in done.stdout


def test_little_is_imported_before_signals_are_heard() -> None:
    """Until then they are Python's: a traceback, or nothing."""
    code = "import sys; before = set(sys.modules); import d2l_rnn.cli\n"
    code += "print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE)
    ours = [name for name in done.stdout.decode().split() if "d2l_rnn" in name]
    assert sorted(ours) == [
        "d2l_rnn",
        "d2l_rnn.blas_kernels",
        "d2l_rnn.cli",
        "d2l_rnn.compatibility",
        "d2l_rnn.errors",
        "d2l_rnn.runtime",
        "d2l_rnn.signals",
        "d2l_rnn.streams",
    ]
