"""Dask clusters of processes that a test may kill, on one disk or on several."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, List, Optional

import pytest

QUIET = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
PATIENCE = 300.0  # seconds; a busy machine loads MXNet slowly


def until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for something; a test that asserts it afterwards says what did not come."""
    deadline = time.time() + patience
    while not condition() and time.time() < deadline:
        time.sleep(0.02)


class Cluster:
    """A scheduler on the loopback and workers of one thread, without nannies.

    Parameters
    ----------
    folder : pathlib.Path
        Of the cluster's own files.
    hidden : pathlib.Path, optional
        A folder that the workers do not see: each has an empty disk there (a mount
        namespace of its own, which needs root).
    """

    def __init__(self, folder: Path, hidden: Optional[Path] = None) -> None:
        folder.mkdir()
        self._folder, self._hidden = folder, hidden
        self._stack = ExitStack()
        self.workers: List[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            *("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"),
            *(*QUIET, "--scheduler-file", str(file)),
        )
        until(lambda: file.exists() and file.read_text().endswith("}"))
        self.address = str(json.loads(file.read_text())["address"])

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add_workers(self, number: int) -> None:
        """So many more."""
        for _ in range(number):
            place = self._folder / f"worker-{len(self.workers)}"
            place.mkdir()
            worker = self._start(
                *("distributed.cli.dask_worker", self.address, "--nthreads", "1"),
                *("--no-nanny", *QUIET, "--local-directory", str(place)),
                hidden=self._hidden,
            )
            self.workers.append(worker)

    def _start(
        self, *arguments: str, hidden: Optional[Path] = None
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *arguments]
        if hidden is not None:
            script = f'mount -t tmpfs none "{hidden}" && exec "$@"'
            command = ["unshare", "--mount", "sh", "-c", script, "sh", *command]
        log = self._stack.enter_context(open(self._folder / "log", "ab"))
        process = subprocess.Popen(
            command, cwd=self._folder, stdout=log, stderr=log, start_new_session=True
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


def skip_without_namespaces() -> None:
    """Skip a test where no process may have a disk of its own."""
    command = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    if os.geteuid() or subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs root and mount namespaces, for workers with other disks")
