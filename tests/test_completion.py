"""What the Tab key offers is what the parsers take."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import List, Set

import pytest

from d2l_rnn.cli import COMMANDS, main
from d2l_rnn.experiments.table import EXPERIMENTS

argcomplete = pytest.importorskip("argcomplete", reason="not installed here")


def completed(line: str, folder: Path) -> List[str]:
    """What a shell's function gets for a line whose end is where the cursor is."""
    answers = folder / "answers"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SHELL": "bash",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answers),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line.encode())),
        "COMP_TYPE": "9",
    }
    command = [sys.executable, "-m", "d2l_rnn"]
    done = subprocess.run(
        command, env={**os.environ, **asked}, cwd=folder, capture_output=True
    )
    assert done.stdout == b"" == done.stderr
    if not answers.exists():
        return []
    words = answers.read_text(encoding="utf-8").split("\n")
    answers.unlink()
    return [word.strip() for word in words if word.strip()]


@pytest.mark.parametrize(
    "line, words",
    [
        ("d2l-rnn ", set(COMMANDS)),
        ("d2l-rnn run ls", {name for name in EXPERIMENTS if name.startswith("ls")}),
        ("d2l-rnn run lstm --cell ", {"rnn", "gru", "lstm", "lstm-peephole"}),
        ("d2l-rnn compare --la", {"--latex"}),
        ("d2l-rnn reproduce deep-l", {"deep-lstm"}),
        ("d2l-rnn launch --wor", {"--workers"}),
        ("d2l-rnn launch --workers 2 run deep-l", {"deep-lstm"}),
        ("d2l-rnn launch run lstm --cell ", {"rnn", "gru", "lstm", "lstm-peephole"}),
        ("d2l-rnn compare ru", {"runs/"}),
        ("d2l-rnn zebra ", set()),
    ],
)
def test_what_is_offered(line: str, words: Set[str], tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    offered = set(completed(line, tmp_path))
    if line == "d2l-rnn ":
        offered -= {"-h", "--help"}
    assert offered == words


def test_the_shells_functions(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert main(["completion", shell]) == 0
        assert "d2l-rnn" in capsys.readouterr().out
    assert main(["completion", "cmd"]) == 2


def test_bash_takes_it() -> None:
    code = f'eval "$({sys.executable} -m d2l_rnn completion bash)"; complete -p d2l-rnn'
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "argcomplete" in done.stdout
