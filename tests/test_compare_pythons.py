"""The comparison of Pythons sees a single bit, and nothing of the clock."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path
from typing import Callable, Dict, List, Optional, cast

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "compare_pythons.py"
KEPT = Path(__file__).with_name("public") / "runs" / "gluon"

difference = cast(
    Callable[[Path, Path], Optional[str]], runpy.run_path(str(SCRIPT))["difference"]
)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return Path(shutil.copytree(str(KEPT), str(tmp_path / "other")))


def rewrite(path: Path, change: Callable[[Dict[str, float]], object]) -> None:
    """Change the last JSON object of a file of lines."""
    *before, last = path.read_text(encoding="utf-8").splitlines()
    row = json.loads(last)
    change(row)
    path.write_text("\n".join([*before, json.dumps(row)]) + "\n", encoding="utf-8")


def test_times_are_no_difference(other: Path) -> None:
    rewrite(other / "epochs.jsonl", lambda row: row.update(seconds=9.5))
    rewrite(other / "epochs.jsonl", lambda row: row.update(tokens_per_sec=1.0))
    assert difference(KEPT, other) is None


def test_the_last_bit_of_a_number_is_one(other: Path) -> None:
    def next_number(row: Dict[str, float]) -> None:
        row["loss"] *= 1 + 2**-52

    rewrite(other / "epochs.jsonl", next_number)
    assert str(difference(KEPT, other)).startswith("epoch ")


def test_a_missing_epoch_is_one(other: Path) -> None:
    lines = (other / "epochs.jsonl").read_text(encoding="utf-8").splitlines()
    (other / "epochs.jsonl").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    assert "epochs" in str(difference(KEPT, other))


def test_the_last_bit_of_a_weight_is_one(other: Path) -> None:
    checkpoint = other / "checkpoint.safetensors"
    content = bytearray(checkpoint.read_bytes())
    content[-4] ^= 1
    checkpoint.write_bytes(bytes(content))
    assert str(difference(KEPT, other)).startswith("the weights ")


@pytest.mark.parametrize("arguments", [[], [sys.executable]])
def test_one_python_is_nothing_to_compare(
    arguments: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert ended.value.code == 2
