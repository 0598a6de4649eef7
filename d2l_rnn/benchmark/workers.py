"""Sides of a benchmark as processes that stay and are asked in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import D2lRnnError
from .workloads import Workload

PEERS = Path(__file__).parent / "peers"
# What a reader of the book has not set; each side gets only what it is given.
_SETTINGS = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "MXNET_", "MALLOC_")

Answer = Dict[str, float]


class SideFailed(D2lRnnError):
    """A side did not start, or died; the message ends in its last line of stderr."""


class Worker:
    """A process that runs tasks on demand (:mod:`.peers.serving` is its other end).

    Parameters
    ----------
    command : sequence of str
    environment : dict
        Set on top of this process' environment, freed of engine and thread settings.

    Attributes
    ----------
    import_seconds : float
        What its imports took.
    started : float
        ``time.perf_counter()`` when it was started.

    Raises
    ------
    SideFailed
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(_SETTINGS)}
        self._errors = tempfile.TemporaryFile()
        self.started = time.perf_counter()
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**inherited, **environment},
            )
        except OSError as error:
            self._errors.close()
            raise SideFailed(f"{command[0]}: {error.strerror}") from None
        self.import_seconds: float = self._answer()["import_seconds"]

    def run(self, workload: Workload, task: str, count: int) -> Answer:
        """Do ``task`` ``count`` times over; return what it took.

        Returns
        -------
        dict
            ``seconds``, ``cpu_seconds`` (of all threads), ``count``, ``peak_bytes``,
            and what else the task tells.
        """
        request = {"workload": workload.as_json(), "task": task, "count": count}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # its last words are read below
        answer = self._answer()
        if answer["seconds"] <= 0:
            raise SideFailed("its clock stood still or went back: nothing is measured")
        return {**answer, "count": count}

    def close(self) -> None:
        """End the process and wait for it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        for stream in (self._process.stdin, self._process.stdout):
            try:
                stream.close()
            except BrokenPipeError:
                pass
        self._process.wait()
        self._errors.close()

    def _answer(self) -> Answer:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            answer: Answer = json.loads(line)
            return answer
        self._process.wait()
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace").strip().splitlines()
        self.close()
        raise SideFailed(words[-1] if words else f"exit {self._process.returncode}")


def commands(
    old_wheel: Optional[str], torch_python: str, before: Optional[Path] = None
) -> Dict[str, List[str]]:
    """The command of each side; without a wheel d2l 0.17.6's is missing.

    ``before`` is another checkout of this project: a side of its own.
    """
    module = [sys.executable, "-m"]
    sides = {"ours": [*module, "d2l_rnn.benchmark.ours"]}
    if before is not None:
        sides["before"] = sides["ours"]
    if old_wheel is not None:
        sides["d2l"] = [sys.executable, str(PEERS / "book_loop.py"), old_wheel]
    sides["torch"] = [torch_python, str(PEERS / "pytorch.py")]
    sides["scratch"], sides["torch_scratch"] = sides["ours"], sides["torch"]
    # PyTorch's library multiplies small matrices soonest, so the floor is laid there.
    floor_python = torch_python if _has_torch(torch_python) else sys.executable
    sides["floor"] = [floor_python, str(PEERS / "floor.py")]
    return sides


def _has_torch(python: str) -> bool:
    try:
        command = [python, "-c", "import torch"]
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def environments(
    threads: Optional[int], free_cores: int, before: Optional[Path] = None
) -> Dict[str, Dict[str, str]]:
    """What is set for each side.

    Ours and the floor get the cores that are free; a reader's d2l and PyTorch choose
    for themselves. ``threads`` binds all of them.
    """
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    given = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    own = {"PYTHONPATH": path, "OMP_NUM_THREADS": str(threads or free_cores)}
    earlier = {**own, "PYTHONPATH": str(before)}
    return {
        "ours": own,
        "before": earlier,
        "floor": own,
        "d2l": given,
        "torch": given,
        "scratch": own,
        "torch_scratch": given,
    }


def find_old_wheel(given: Optional[str], cache: Path) -> Tuple[Optional[str], str]:
    """The wheel of d2l 0.17.6: given, in the cache, or fetched into it by pip.

    Returns
    -------
    path : str or None
    note : str
        Why there is none; empty where there is.
    """
    if given is not None:
        return (given, "") if Path(given).is_file() else (None, f"no file {given}")
    wheel = cache / "d2l-0.17.6-py3-none-any.whl"
    if not wheel.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        done = subprocess.run(
            [*command, "--dest", str(cache), "d2l==0.17.6"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if done.returncode or not wheel.exists():
            return None, "pip download --no-deps d2l==0.17.6 failed"
    return str(wheel), ""
