"""``d2l-rnn`` on a disk that fails: built, started once, forked for every run.

The fault is made below Python, between it and the C library, so that none can be missed
by looking for it in the wrong place: every file of every library is counted.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, Iterator, List, NoReturn

from .processes import ROOT

KINDS = ("write", "open", "rename", "fsync")
SHORT = "short"
_SHORT = -1  # in C
_LONGEST_SECONDS = 120
COMPILER = shutil.which("cc") or ""


@dataclass(frozen=True)
class Fault:
    """What fails: the number-th operation of a kind, and how.

    Attributes
    ----------
    kind : str
        One of KINDS.
    number : int
        From 1 on; 0: nothing fails.
    error : str
        Name of an errno, or "short": a write takes half of what it is given.
    lasting : bool
        So does every operation after it.
    """

    kind: str = "write"
    number: int = 0
    error: str = SHORT
    lasting: bool = False

    def __str__(self) -> str:
        lasting = " and all after it" if self.lasting else ""
        return f"{self.kind} {self.number}{lasting}: {self.error}"


@dataclass(frozen=True)
class Ended:
    """What became of a run: exit status, lines on stderr, operations by kind."""

    status: int
    lines: List[str]
    counts: Dict[str, int]
    struck: bool


class FaultyDisk:
    """Programs whose files lie on a disk that fails."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder = process, folder

    def run(self, arguments: List[str], folder: Path, fault: Fault = Fault()) -> Ended:
        """Run ``d2l-rnn`` with arguments in a folder, below which files are counted."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        errors = self._folder / "errors.txt"
        case = [arguments, str(folder.resolve()), str(errors), asdict(fault)]
        stdin.write(json.dumps(case) + "\n")
        stdin.flush()
        status, counts, struck = json.loads(stdout.readline())
        lines = errors.read_text(encoding="utf-8").splitlines()
        return Ended(status, lines, dict(zip(KINDS, counts)), struck)


@contextmanager
def faulty_disk(folder: Path) -> Iterator[FaultyDisk]:
    """Build the library with cc, and start a process that has it and MXNet loaded."""
    library = folder / "faulty_disk.so"
    source = Path(__file__).with_suffix(".c")
    command = [COMPILER, "-shared", "-fPIC", "-O1", "-Wall"]
    subprocess.run([*command, str(source), "-o", str(library), "-ldl"], check=True)
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "LD_PRELOAD": str(library),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        universal_newlines=True,
    ) as process:
        yield FaultyDisk(process, folder)
        assert process.stdin is not None
        process.stdin.close()


def _serve() -> None:
    import matplotlib.figure  # noqa: F401
    import mxnet  # noqa: F401

    from d2l_rnn import cli  # noqa: F401
    from d2l_rnn.experiments import runner  # noqa: F401

    library = ctypes.CDLL(None)
    for line in sys.stdin:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            _run(library, writing, *json.loads(line))
        os.close(writing)
        with os.fdopen(reading) as told:
            counts = json.loads(told.read() or "[[], false]")
        _, ended = os.waitpid(process, 0)
        code = os.WEXITSTATUS(ended) if os.WIFEXITED(ended) else -os.WTERMSIG(ended)
        print(json.dumps([code, *counts]), flush=True)


def _run(
    library: ctypes.CDLL,
    writing: int,
    arguments: List[str],
    folder: str,
    errors: str,
    fault: Dict[str, object],
) -> NoReturn:
    from d2l_rnn.cli import main

    signal.alarm(_LONGEST_SECONDS)  # what hangs is ended, and seen by its status
    os.chdir(folder)
    for stream, path in ((0, os.devnull), (1, os.devnull), (2, errors)):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if stream else os.O_RDONLY
        os.dup2(os.open(path, flags), stream)
    sys.argv = ["d2l-rnn", *arguments]
    true_clock = time.perf_counter  # too fast: a checkpoint is due after every epoch
    time.perf_counter = lambda: 1e5 * true_clock()
    known = str(fault["error"])
    library.faulty_disk_begin(
        folder.encode(),
        KINDS.index(str(fault["kind"])),
        fault["number"],
        _SHORT if known == SHORT else getattr(errno, known),
        int(bool(fault["lasting"])),
    )
    status = 1
    try:
        status = main(arguments)
    except BaseException:
        traceback.print_exc()
    sys.stderr.flush()
    counts = [library.faulty_disk_end(kind) for kind in range(len(KINDS))]
    answer = [counts, bool(library.faulty_disk_has_struck())]
    os.write(writing, json.dumps(answer).encode())
    os._exit(status)


if __name__ == "__main__":
    _serve()
