"""A clock that stands still or goes back costs a speed, and nothing else."""

from __future__ import annotations

import io
import json
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from d2l_rnn.benchmark.workers import SideFailed, Worker
from d2l_rnn.benchmark.workloads import chosen_workloads
from d2l_rnn.cli import main
from d2l_rnn.progress import Progress
from d2l_rnn.results.metrics import tokens_per_sec
from d2l_rnn.training.loop import EpochRow

from .public.families import FAMILIES

CLOCKS = {"stands still": 0.0, "goes back": -1.0}


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of Python's clocks, but those that it waits by."""
    step, ticks = CLOCKS[request.param], count()

    def tell() -> float:
        return 1e6 + step * next(ticks)

    for name in ("perf_counter", "time", "process_time"):
        monkeypatch.setattr(time, name, tell)


@pytest.mark.parametrize(
    "seconds, speed", [(2.0, 5.0), (0.0, 0.0), (-2.0, 0.0), (float("nan"), 0.0)]
)
def test_a_speed_is_known_where_time_went_by(seconds: float, speed: float) -> None:
    assert tokens_per_sec(10, seconds) == speed


def test_a_bar_is_shown(clock: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", stderr)
    progress = Progress(3)
    for epoch, seconds in enumerate((0.0, -1.0, 1.0), start=1):
        progress.show(EpochRow(epoch, 1.0, 10, seconds))
    progress.close()
    assert "epoch" in stderr.getvalue()


def is_recorded(name: str) -> None:
    assert main([*FAMILIES[name].command(2), "--out", "run"]) == 0
    result = json.loads(Path("run/result.json").read_text())
    lines = Path("run/epochs.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert all(row["seconds"] == 0 == row["tokens_per_sec"] for row in rows)
    if rows:
        assert result["tokens_per_sec"] == 0 == result["seconds"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_is_recorded(clock: None, folder: Path) -> None:
    is_recorded("scratch")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "scratch"])
def test_a_run_of_any_family_is_recorded(clock: None, name: str, folder: Path) -> None:
    is_recorded(name)


# A side of a benchmark that answers everything with the seconds it is given.
SIDE = """
import json, sys
print(json.dumps({"import_seconds": 0.1}), flush=True)
for line in sys.stdin:
    print(json.dumps({"seconds": float(sys.argv[1])}), flush=True)
"""


@pytest.mark.parametrize("seconds", ["0", "-1"])
def test_a_benchmark_without_a_clock_says_so(seconds: str) -> None:
    worker = Worker([sys.executable, "-c", SIDE, seconds], {})
    (workload,) = chosen_workloads("lstm").values()
    with pytest.raises(SideFailed, match="clock"):
        worker.run(workload, "train", 1)
    worker.close()
