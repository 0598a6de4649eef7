"""``d2l-rnn`` in processes of its own: quick to start, and told from outside only."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, List, Optional, Tuple

ROOT = Path(__file__).parents[2]

_ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
# Forked from a process of its own, so that nothing of the tests is in it.
_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(["d2l_rnn", "mxnet", __name__])
_PATIENCE_SECONDS = 120.0
_GLANCE_SECONDS = 0.002


class Program:
    """``d2l-rnn`` with arguments, under way in a folder.

    Parameters
    ----------
    arguments : list of str
    folder : pathlib.Path
    cold : bool
        A program started anew, as a reader starts it. Else it is the child of a process
        that has loaded MXNet already, which spares two seconds, and its clock runs a
        hundred thousand times too fast, so that a checkpoint is due after every epoch:
        a run of a second can be stopped between its checkpoints.
    """

    def __init__(self, arguments: List[str], folder: Path, cold: bool = False) -> None:
        handle, self._errors = tempfile.mkstemp(dir=str(folder.parent))
        os.close(handle)
        self._cold: Optional[subprocess.Popen[bytes]] = None
        if cold:
            with open(self._errors, "wb") as errors:
                self._cold = subprocess.Popen(
                    [sys.executable, "-m", "d2l_rnn", *arguments],
                    cwd=folder,
                    env={**os.environ, **_ENVIRONMENT},
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                )
        else:
            self._warm = _WARM.Process(
                target=_run_warm, args=(arguments, str(folder), self._errors)
            )
            self._warm.start()

    @property
    def process_id(self) -> int:
        """Of the operating system."""
        return self._cold.pid if self._cold is not None else int(self._warm.pid or 0)

    def is_over(self) -> bool:
        """Whether it has ended."""
        if self._cold is not None:
            return self._cold.poll() is not None
        return self._warm.exitcode is not None

    def send(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        if not self.is_over():
            os.kill(self.process_id, number)

    def end(self) -> Tuple[int, List[str]]:
        """Wait for it; its exit status (-N: signal N), its lines on stderr."""
        if self._cold is not None:
            status: Optional[int] = self._cold.wait(_PATIENCE_SECONDS)
        else:
            self._warm.join(_PATIENCE_SECONDS)
            status = self._warm.exitcode
        assert status is not None, "a run did not end"
        return status, Path(self._errors).read_text(encoding="utf-8").splitlines()

    def succeed(self) -> None:
        """Wait for it, and see that it has done what it was to do."""
        status, lines = self.end()
        assert status == 0, lines

    def wait_for(self, ready: Callable[[], bool]) -> bool:
        """Wait until something is so; False if it ends before."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not ready():
            if self.is_over():
                return False
            assert time.monotonic() < deadline, "a run did nothing for two minutes"
            time.sleep(_GLANCE_SECONDS)
        return True


def _run_warm(arguments: List[str], folder: str, errors: str) -> None:
    os.chdir(folder)
    for stream, path in ((1, os.devnull), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY), stream)
    sys.argv = ["d2l-rnn", *arguments]
    true_clock = time.perf_counter
    time.perf_counter = lambda: 1e5 * true_clock()
    from d2l_rnn.cli import main

    sys.exit(main(arguments))
