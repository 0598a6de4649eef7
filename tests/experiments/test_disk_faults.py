"""The law of ``test_faulty_disk.py`` in this process, on an experiment that counts.

What fails is what the one door to the disk calls; below Python, at every operation of
every family, it is the slow test's.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, Tuple

import numpy as np
import pytest

from d2l_rnn import files
from d2l_rnn.arrays import Floats
from d2l_rnn.errors import RunError
from d2l_rnn.experiments import run_log, runner
from d2l_rnn.experiments.configs import Config
from d2l_rnn.experiments.contract import ExperimentRun, Json, Notify, Source
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import Experiment
from d2l_rnn.protocols import Arrays, Device
from d2l_rnn.results.record import read_run
from d2l_rnn.training.loop import EpochRow

from .stopping import differences, files_in


@dataclass(frozen=True)
class CountingConfig(Config):
    num_epochs: int = 2


class CountingRun(ExperimentRun[CountingConfig]):
    """Its state is how often it has counted, its picture a number."""

    def __init__(self, config: CountingConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        self.source = Source("none", "0" * 40, 1)
        self.count: Floats = np.zeros(1)

    def rows(self, first_epoch: int) -> Iterator[EpochRow]:
        for epoch in range(first_epoch, self.config.num_epochs + 1):
            self.count += 1
            yield EpochRow(epoch, 1 / float(self.count[0]), 1, 1.0)

    def arrays(self) -> Dict[str, Floats]:
        return {"count": self.count}

    def restore(self, arrays: Arrays) -> None:
        self.count = arrays["count"].copy()

    def result(self, epochs: Any) -> Json:
        return {"counted": float(self.count[0])}

    def draw(self, directory: Path) -> None:
        files.write_bytes(directory / "curve.png", b"picture")

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        return ""

    @staticmethod
    def text(result: Any) -> str:
        return ""


COUNTING = Experiment("counting", CountingConfig(), lambda: CountingRun)
FUNCTIONS = ("open", "write", "fsync", "replace", "close")
SHORT = 0


class Disk(ModuleType):
    """``os``, as files.py sees it: counts its calls, and one of them fails."""

    def __init__(self) -> None:
        super().__init__("os")
        self.calls = dict.fromkeys(FUNCTIONS, 0)
        self.fault: Tuple[str, int, int, bool] = ("", 0, 0, False)
        self.struck = False

    def __getattr__(self, name: str) -> Any:
        function = getattr(os, name)
        return self._failing(name, function) if name in FUNCTIONS else function

    def _failing(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls[name] += 1
            chosen, number, error, lasting = self.fault
            strikes = (name, self.calls[name]) == (chosen, number)
            self.struck = self.struck or strikes
            if error == SHORT:
                strikes = strikes or (name == "write" and self.struck and lasting)
                if strikes:
                    handle, content = arguments
                    return os.write(handle, content[: (len(content) + 1) // 2])
            elif strikes or (self.struck and lasting):
                if name == "close":
                    os.close(*arguments)  # it is closed, whatever close says
                raise OSError(error, os.strerror(error))
            # The disk of the tests is not what is tested: no time for true flushes.
            return None if name == "fsync" else function(*arguments)

        return call


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "_CHECKPOINT_EVERY_SECONDS", -1.0)
    unknown = {"corpus": {"sha1": "0" * 40}}
    monkeypatch.setattr(run_log, "environment", lambda *arguments: unknown)


def run(folder: str, disk: Disk, resume: bool = False, num_epochs: int = 2) -> None:
    Path(folder).mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", disk)
        run_experiment(
            COUNTING,
            CountingConfig(num_epochs=num_epochs),
            Options(f"{folder}/run", resume, quiet=True),
        )


def runs_lost(folder: str) -> bool:
    return not list(Path(folder).rglob("result.json"))


@pytest.mark.parametrize(
    "error, lasting, extended",
    [
        (SHORT, False, False),
        (SHORT, True, True),
        (errno.EIO, False, False),
        (errno.ENOSPC, True, True),
    ],
)
def test_a_fault_costs_a_line_and_nothing_else(
    error: int, lasting: bool, extended: bool
) -> None:
    counted = Disk()
    if extended:
        run("whole", Disk(), num_epochs=1)
    run("whole", counted, resume=extended)
    assert min(counted.calls.values()) > 3
    tried, wrong = 0, []
    for name, calls in counted.calls.items():
        for number in range(1, calls + 1) if error or name == "write" else ():
            tried += 1
            folder, disk = f"{name}-{number}", Disk()
            if extended:
                run(folder, Disk(), num_epochs=1)
            disk.fault = (name, number, error, lasting)
            refused: List[str] = []
            try:
                run(folder, disk, resume=extended)
            except RunError as problem:
                refused.append(str(problem))
            assert disk.struck
            left = [path for path in files_in(Path(folder)) if path.endswith(".part")]
            if error == SHORT and refused or "\n" in "".join(refused) or left:
                wrong.append((folder, refused, left))
            if extended and runs_lost(folder):
                wrong.append((folder, refused, ["the earlier result is lost"]))
            if refused:
                run(folder, Disk(), resume=True)
            read_run(f"{folder}/run").verify()
            found = differences(Path("whole"), Path(folder))
            if found or files_in(Path("whole")) != files_in(Path(folder)):
                wrong.append((folder, refused, found))
    assert wrong == [] and tried > 5
