"""A signal at any moment of a run: one line, its status, a state to go on from.

pytest -m slow tests/experiments/test_signalled.py -s        # prints the figures
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections import Counter
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

from d2l_rnn import checkpoint_file

from ..public.families import FAMILIES
from .processes import ROOT, Program
from .stopping import (
    NUM_EPOCHS,
    RUN,
    Workshop,
    differences,
    make_folder,
    num_rows,
    start,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc (lead)"),
]

EVERY = 0.05  # seconds
MOST_MOMENTS = 80  # on a busy machine, where a run lasts long


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """A shell's background jobs ignore SIGINT, and so would the children of one."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


def is_listening(process_id: int) -> bool:
    """Whether ``main`` has begun: until then signals are Python's own."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return False
    masks = [
        int(line.split()[1], 16)
        for line in status.splitlines()
        if line.startswith(("SigCgt", "SigIgn"))
    ]
    return any(mask >> (signal.SIGTERM - 1) & 1 for mask in masks)


def signalled(program: Program, delay: float, number: int) -> Tuple[str, bool]:
    """What came of a signal after a delay, and whether the program was over before."""
    time.sleep(delay)
    listening, over = is_listening(program.process_id), program.is_over()
    program.send(number)
    status, lines = program.end()
    if over:
        return "over", True
    if not listening:
        return "before main", False
    if status == 128 + number and len(lines) == 1:
        return "interrupted", False
    if status == 0:
        return "finished", False
    return f"after {delay:.2f} s: {status} {lines}", False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_any_moment(
    number: int, tmp_path: Path, workshop: Workshop
) -> None:
    family = FAMILIES["gluon"]
    whole = workshop.whole(family)
    began = time.monotonic()
    start(family, make_folder(family, tmp_path / "timed"), cold=True).succeed()
    every = max(EVERY, (time.monotonic() - began) / MOST_MOMENTS)
    found: Counter[str] = Counter()
    wrong: List[str] = []
    over, step = False, 0
    while not over:
        folder = make_folder(family, tmp_path / str(step))
        program = start(family, folder, "--resume", cold=True)
        what, over = signalled(program, every * step, number)
        found[what] += 1
        if step % 10 == 0:  # what it left is gone on from
            start(family, folder, "--resume").succeed()
            wrong += differences(whole, folder)
        step += 1
    right = ("interrupted", "finished", "before main", "over")
    wrong += [what for what in found if what not in right]
    print(f"\n{signal.Signals(number).name}: {dict(found)}")
    assert wrong == []
    assert found["interrupted"] > 10


@pytest.mark.skipif(not shutil.which("setsid"), reason="needs setsid (lead)")
def test_a_run_whose_terminal_is_closed_is_saved(tmp_path: Path) -> None:
    family = FAMILIES["gluon"]
    folder = make_folder(family, tmp_path / "here")
    words = family.command(100000, family.source)
    words.remove("--quiet")  # with a bar, which then has no terminal
    terminal, other_end = os.openpty()
    lines_and_columns = struct.pack("HHHH", 24, 80, 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, lines_and_columns)
    process = subprocess.Popen(
        ["setsid", "--ctty", sys.executable, "-m", "d2l_rnn", *words, "--out", RUN],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
    )
    os.close(other_end)
    shown = b""
    while num_rows(folder) < 3 and process.poll() is None:
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 1 << 16)
    os.close(terminal)
    assert process.wait(120) == 128 + signal.SIGHUP, shown
    assert b"perplexity" in shown  # the bar's
    _, notes = checkpoint_file.load(folder / RUN / "checkpoint.safetensors")
    assert notes["epoch"] == num_rows(folder) >= 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_many_runs_at_any_moment(number: int, tmp_path: Path) -> None:
    """A line a run at most, one that they are stopping, one that it was interrupted."""
    flags = FAMILIES["gluon"].command(NUM_EPOCHS)[2:]
    settings = [flag for flag in flags if flag != "--quiet"]
    words = ["reproduce", "lstm", "gru", "--jobs", "2", "--out", RUN, "--", *settings]
    found: Counter[str] = Counter()
    timed = tmp_path / "timed"
    timed.mkdir()
    began = time.monotonic()
    Program(words, timed, cold=True).succeed()
    every = max(4 * EVERY, 4 * (time.monotonic() - began) / MOST_MOMENTS)
    over, step = False, 0
    while not over:
        folder = tmp_path / str(step)
        folder.mkdir()
        program = Program(words, folder, cold=True)
        time.sleep(every * step)
        listening, over = is_listening(program.process_id), program.is_over()
        program.send(number)
        status, lines = program.end()
        if over or not listening or status in (0, 1):
            found["over" if over else "finished" if listening else "before main"] += 1
        elif status == 128 + number and len(lines) <= 4 and max(map(len, lines)) < 200:
            found["interrupted"] += 1
        else:
            found[f"after {every * step:.2f} s: {status} {lines}"] += 1
        step += 1
    print(f"\nreproduce, {signal.Signals(number).name}: {dict(found)}")
    right = ("interrupted", "finished", "before main", "over")
    assert [what for what in found if what not in right] == []
