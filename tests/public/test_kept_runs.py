"""Runs that were made before the house was rebuilt go on to be of use.

``answers.json`` has what each command said about each kept run then: an answer, or a
refusal in one line. A command may say more now, and give figures that differ a little
on another processor; it may not refuse what it answered, nor fail in another way.
"""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from safetensors.numpy import load_file

from d2l_rnn import checkpoint_file
from d2l_rnn.cli import main
from d2l_rnn.results.record import read_run

from .families import FAMILIES

HERE = Path(__file__).parent
ANSWERS: List[Dict[str, Any]] = json.loads((HERE / "answers.json").read_text())
RUNS = sorted(path.parent for path in (HERE / "runs").rglob("config.json"))
# Not ours to promise: they tell of the code at hand, not of the run.
_FREE = ("reason",)


@pytest.fixture(autouse=True)
def beside_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the runs to work on; their records name them as runs/NAME."""
    shutil.copytree(str(HERE / "runs"), str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)


def contents(folder: Path) -> Dict[str, bytes]:
    # The lock of a run lies beside its directory, and stays.
    files = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def agrees(then: Any, now: Any) -> bool:
    """Whether an answer still has what it had; it may have more."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(
            key in now and (key in _FREE or agrees(value, now[key]))
            for key, value in then.items()
        )
    if isinstance(then, list):
        return (
            isinstance(now, list)
            and len(then) == len(now)
            and all(map(agrees, then, now))
        )
    if isinstance(then, float) and isinstance(now, (int, float)):
        return math.isclose(then, now, rel_tol=1e-3, abs_tol=1e-5)
    return bool(then == now)


def numbers_of(arrays: Dict[str, Any]) -> List[Tuple[str, Any, bytes]]:
    return sorted((str(a.dtype), a.shape, a.tobytes()) for a in arrays.values())


def test_every_family_is_kept() -> None:
    assert {run.relative_to(HERE / "runs").parts[0] for run in RUNS} == set(FAMILIES)


@pytest.mark.parametrize(
    "answer", ANSWERS, ids=lambda answer: " ".join(answer["command"][:3])
)
def test_a_command_answers_as_it_did(
    answer: Dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(Path("runs"))
    status = main(answer["command"])
    printed = capsys.readouterr()
    assert status == answer["status"], printed.err
    assert contents(Path("runs")) == before
    if status != 0:
        (line,) = printed.err.splitlines()
        assert line.startswith("d2l-rnn: error: ") and printed.out == ""
    elif answer["command"][0] == "report":
        experiment = read_run(answer["command"][1]).experiment
        assert f">{experiment}<" in Path("report.html").read_text(encoding="utf-8")
    else:
        then, now = (
            [json.loads(line) for line in lines.splitlines()]
            if answer["command"][0] == "translate"
            else json.loads(lines)
            for lines in (answer["stdout"], printed.out)
        )
        assert agrees(then, now), printed.out


@pytest.mark.parametrize("run", RUNS, ids=lambda run: str(run.relative_to(HERE)))
def test_a_checkpoint_is_read_and_found_whole(run: Path) -> None:
    """The record keeps its digest; the checkpoint gives the numbers in the file.

    By what names they are found may change; what they are may not.
    """
    record = read_run(run)
    record.verify()
    path = run / "checkpoint.safetensors"
    if not path.exists():
        assert record.experiment in ("text-stats", "bilstm-audit")
        return
    arrays, notes = checkpoint_file.load(path)
    assert numbers_of(arrays) == numbers_of(load_file(str(path)))
    assert notes["epoch"] == len(record.epochs) == 2


def test_all_runs_stand_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "runs", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    compared = [run for row in rows for run in row["runs"]]
    assert compared and all(row["verdict"] == "not comparable" for row in rows)
    assert main(["report", "runs"]) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    for run in compared:
        assert f">{read_run(run).experiment}<" in page
