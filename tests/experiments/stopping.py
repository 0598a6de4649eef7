"""Runs that are stopped and go on, by the command line alone, and what they leave.

Everything is told from outside: processes, signals, exit statuses, and the files of the
run directory.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Callable, DefaultDict, Dict, List, Optional, Set

import pytest
from safetensors.numpy import load_file

from ..public.families import Family
from .processes import ROOT, Program

SAMPLES = ROOT / "d2l_rnn" / "data"
NUM_EPOCHS = 12
RUN = "run"  # the run directory's name, which a result may hold

_NUM_LINES = {"sample.txt": 60, "sample_pairs.tsv": 200}  # what is short is quick
# Of these no two runs agree; "files" are the sums of files in which they stand.
_TIMED = ("seconds", "wall_seconds", "tokens_per_sec", "seconds_per_update")
_UNLIKE = ("digest", "files")


def drawn_seed() -> int:
    """The seed of random moments: D2L_RNN_SEED, as for every test, or a new one."""
    return int(os.environ.get("D2L_RNN_SEED", random.SystemRandom().getrandbits(30)))


def a_run_a_core() -> ThreadPoolExecutor:
    """A pool that keeps as many runs going as there are cores to run them."""
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)))


def chosen_parameters(request: pytest.FixtureRequest, name: str) -> Set[Optional[str]]:
    """What the chosen tests of a module have for a parameter; None: one has it not.

    The runs of all tests are started together, and only those that will be looked at.
    """
    return {
        item.callspec.params.get(name) if hasattr(item, "callspec") else None
        for item in request.session.items
        if getattr(item, "module", None) is request.module
    }


def make_folder(family: Family, folder: Path) -> Path:
    """A folder to run in, with the text that the family reads."""
    folder.mkdir(parents=True)
    if family.source:
        lines = (SAMPLES / family.source).read_text(encoding="utf-8").splitlines(True)
        text = "".join(lines[: _NUM_LINES[family.source]])
        (folder / family.source).write_text(text, encoding="utf-8")
    return folder


def start(family: Family, folder: Path, *flags: str, cold: bool = False) -> Program:
    """Start the family's run in ``folder``."""
    command = family.command(NUM_EPOCHS, family.source)
    return Program([*command, "--out", RUN, *flags], folder, cold)


def num_rows(folder: Path) -> int:
    """Epochs recorded in a folder, also by a run inside a run."""
    rows = 0
    for path in folder.rglob("epochs.jsonl"):
        rows += path.read_bytes().count(b"\n")
    return rows


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_times(item)
            for key, item in value.items()
            if not key.endswith(_TIMED) and key not in _UNLIKE
        }
    if isinstance(value, list):
        return [_without_times(item) for item in value]
    return value


def told(folder: Path) -> Dict[str, Any]:
    """All that a run tells but times: rows, results and arrays, bit for bit."""
    content: Dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.name == "epochs.jsonl":
            rows = path.read_text().splitlines()
            content[name] = [_without_times(json.loads(row)) for row in rows]
        elif path.name in ("config.json", "result.json"):
            content[name] = _without_times(json.loads(path.read_text()))
        elif path.suffix == ".safetensors":
            content[name] = {
                key: (str(array.dtype), array.shape, array.tobytes())
                for key, array in load_file(str(path)).items()
            }
    return content


def differences(folder: Path, other: Path) -> List[str]:
    """Where two runs differ in what they tell; empty where they are identical."""
    one, two = told(folder), told(other)
    return [
        f"{name}: {key}" if isinstance(one.get(name), dict) else name
        for name in sorted({*one, *two})
        for key in _differing_keys(one.get(name), two.get(name))
    ]


def _differing_keys(one: Any, two: Any) -> List[str]:
    if isinstance(one, dict) and isinstance(two, dict):
        keys = sorted({*one, *two})
        return [key for key in keys if one.get(key) != two.get(key)]
    return [] if one == two else ["all"]


def files_in(folder: Path) -> List[str]:
    """The files below a folder, hidden ones too."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in found)


def contents(folder: Path) -> Dict[str, bytes]:
    """Every file below a folder, and what is in it."""
    return {name: (folder / name).read_bytes() for name in files_in(folder)}


@dataclass
class Killed:
    """A run that was killed again and again, and has finished all the same."""

    folder: Path
    num_kills: int = 0
    num_with_checkpoint: int = 0  # kills that found something to go on from


@dataclass
class Workshop:
    """The runs that several tests look at, each made once.

    Attributes
    ----------
    root : pathlib.Path
    seed : int
        Of the moments of the kills.
    """

    root: Path
    seed: int
    _wholes: Dict[str, Path] = field(default_factory=dict)
    _interrupted: Dict[str, Path] = field(default_factory=dict)
    _locks: DefaultDict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))

    def whole(self, family: Family) -> Path:
        """The folder of the family's uninterrupted run."""
        with self._locks[family.name]:
            if family.name not in self._wholes:
                folder = make_folder(family, self.root / family.name / "whole")
                start(family, folder).succeed()
                self._wholes[family.name] = folder
        return self._wholes[family.name]

    def killed(self, family: Family, wanted: int) -> Killed:
        """Kill the family's run ``wanted`` times, at random moments; then let it end.

        The first kill strikes while the program starts, the second while it starts
        again, the others somewhere between an epoch and the next, the last of them
        after the last epoch.
        """
        chooser = random.Random(f"{self.seed} {family.name}")
        killed = Killed(make_folder(family, self.root / family.name / "killed-1"))
        for attempt in range(2, 4 * wanted):
            cold = killed.num_kills == 0
            program = start(family, killed.folder, "--resume", cold=cold)
            if family.has_epochs and killed.num_kills > 1:
                _await_an_epoch(program, killed.folder, wanted - killed.num_kills)
                time.sleep(chooser.uniform(0, 0.03))
            else:
                time.sleep(chooser.uniform(0, 2.5 if cold else 0.5))
            program.send(signal.SIGKILL)
            status, _ = program.end()
            if status == -signal.SIGKILL:
                killed.num_kills += 1
                checkpoints = list(killed.folder.rglob("checkpoint.safetensors"))
                killed.num_with_checkpoint += bool(checkpoints)
            elif killed.num_kills < wanted:  # too late: it has finished
                name = f"killed-{attempt}"
                killed.folder = make_folder(family, self.root / family.name / name)
            if killed.num_kills == wanted:
                break
        start(family, killed.folder, "--resume").succeed()
        return killed

    def interrupted(self, family: Family) -> Path:
        """The folder of the family's run, stopped by SIGTERM after a few epochs."""
        with self._locks[family.name]:
            if family.name not in self._interrupted:
                self._interrupted[family.name] = self._interrupt(family)
        return self._interrupted[family.name]

    def _interrupt(self, family: Family) -> Path:
        folder = make_folder(family, self.root / family.name / "interrupted")
        program = start(family, folder)
        assert program.wait_for(lambda: num_rows(folder) >= 3)
        program.send(signal.SIGTERM)
        status, _ = program.end()
        assert status in (130, 143) and 3 <= num_rows(folder) < NUM_EPOCHS
        return folder


def _await_an_epoch(program: Program, folder: Path, kills_left: int) -> None:
    """Wait for so many further epochs that the kills left find some to come."""
    rows = num_rows(folder)
    goal = rows + max(1, (NUM_EPOCHS - rows) // kills_left)
    program.wait_for(lambda: num_rows(folder) >= min(goal, NUM_EPOCHS))


def damaged_copy(folder: Path, damage: Callable[[Path], None], name: str) -> Path:
    """A copy of an interrupted run's folder, damaged."""
    copy = folder.with_name(name)
    shutil.copytree(str(folder), str(copy))
    damage(copy)
    return copy
