"""What a program may find in the place of a terminal, and what it did with it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence

import d2l_rnn

ROOT = Path(d2l_rnn.__file__).parents[1]

#: Name -> what a shell does with the streams of the command that follows.
STREAMS = {
    "as usual": "",
    "stdin closed": "<&-",
    "stdout full": ">/dev/full",
    "stdout closed": ">&-",
    "stdout read no more": "| true",
    "stderr full": "2>/dev/full",
    "stderr closed": "2>&-",
    "stdout and stderr full": ">/dev/full 2>/dev/full",
    "all closed": "<&- >&- 2>&-",
}
ENCODINGS = ("ascii", "latin-1", "cp1252", "utf-8")


@dataclass(frozen=True)
class Ended:
    """What became of a program."""

    status: int
    out: str
    err: str

    def problem(self, status: int, streams: str) -> str:
        """What is wrong with it; empty where nothing is.

        Parameters
        ----------
        status : int
            What it ends with where it can print.
        streams : str
            Of ``STREAMS``.
        """
        wanted = 2 if "stdout" in streams and "full" in streams else status
        if self.status != wanted:
            return f"status {self.status}, not {wanted}: {self.err[-300:]}"
        if "Traceback" in self.err + self.out or "Exception" in self.err:
            return f"a traceback: {self.err[-300:]}"
        if streams == "stdout full" and self.err.count("error: stdout: No space") != 1:
            return f"not one line about it: {self.err[-300:]}"
        if "d2l-rnn: " in self.out:
            return f"messages on stdout: {self.out[-300:]}"
        return ""


def run(
    arguments: Sequence[str],
    folder: Path,
    streams: str = "as usual",
    **environment: str,
) -> Ended:
    """Run Python with arguments, and with streams as a shell may hand them on."""
    place: Dict[str, str] = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    shell = f'set -o pipefail; "$@" {STREAMS[streams]}'
    if streams == "stdout read no more":  # and that before anything is written
        shell = 'set -o pipefail; { sleep 0.05; exec "$@"; } | true'
    done = subprocess.run(
        ["bash", "-c", shell, "bash", sys.executable, *arguments],
        cwd=folder,
        env=place,
        capture_output=True,
        timeout=600,
    )
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    return Ended(
        done.returncode,
        done.stdout.decode(encoding),
        done.stderr.decode(encoding, "replace"),
    )


def command(*words: str) -> List[str]:
    """``d2l-rnn`` with words, as arguments of Python."""
    return ["-m", "d2l_rnn", *words]
