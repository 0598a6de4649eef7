"""A launched training seen from outside: its processes, and where they listen."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, Set

#: Everything but a path: what makes a training small.
TINY = ["--corpus", "sample", "--num-hiddens", "8", "--max-tokens", "1500"]
TINY += ["--num-preds", "5", "--no-plot", "--quiet"]
_LISTENS = "0A"  # in /proc/net/tcp
_PATIENCE = 300.0  # seconds: MXNet's import takes that on a machine that is busy


def launch(*words: str) -> subprocess.Popen[bytes]:
    """``d2l-rnn launch ...`` as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "d2l_rnn", "launch", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def members(launcher: int) -> Dict[str, int]:
    """The processes that a launcher has started: their numbers, by name."""
    found: Dict[str, int] = {}
    for task in Path(f"/proc/{launcher}/task").glob("*"):
        for pid in map(int, (task / "children").read_text().split()):
            name = _name_of(pid)
            if name:
                found[name] = pid
    return found


def _name_of(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        environment = Path(f"/proc/{pid}/environ").read_text().split("\0")
    except OSError:
        return ""
    if "d2l_rnn.jobs.parameter_server" in words:
        return words[words.index("d2l_rnn.jobs.parameter_server") + 1]
    ranks = [e.partition("=")[2] for e in environment if e.startswith("D2L_RNN_WORKER")]
    return f"worker {ranks[0].split('/')[0]}" if ranks else ""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def listens_at(pid: int) -> Set[str]:
    """The addresses, as the kernel writes them, of sockets that a process waits at."""
    inodes = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(handle)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENS and fields[9] in inodes:
                found.add(fields[1].split(":")[0])
    return found


def wait_for(what: Callable[[], bool], patience: float = _PATIENCE) -> None:
    end = time.monotonic() + patience
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def epochs(directory: str) -> List[bytes]:
    """The lines that a run has recorded."""
    path = Path(directory, "epochs.jsonl")
    return path.read_bytes().splitlines() if path.exists() else []
