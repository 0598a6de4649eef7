"""The commands and the code of docs/a-trained-network.md do what they say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, Dict, List

import pytest

from d2l_rnn.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "a-trained-network.md"
pytestmark = pytest.mark.skipif(
    not PAGE.exists(), reason="there are no docs beside the package"
)


def commands() -> List[List[str]]:
    """The indented ones, in their order."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("    d2l-rnn ")]


def shortened(command: List[str]) -> List[str]:
    """A training as on the page, but for one epoch."""
    if "--epochs" in command:
        command[command.index("--epochs") + 1] = "1"
    return command


def test_the_page(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = []
    for command in commands():
        if command[0] == "benchmark":
            continue  # minutes; its parts and flags: tests/test_benchmark.py
        capsys.readouterr()
        assert main(shortened(command)) == 0, command
        assert capsys.readouterr().out
        ran.append(command[0])
    assert {"run", "generate", "fill", "translate"} == set(ran)
    text = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"^\$ d2l-rnn (generate .*)$", text, re.MULTILINE)
    for command in map(
        shlex.split, shown
    ):  # what the transcript shows is a command of the page
        known = command in commands()
        assert known or main(command) == 2, command
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    found: Dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), found)
    assert Path("curve.png").read_bytes().startswith(b"\x89PNG")
    assert len(found["table"]) == 1
