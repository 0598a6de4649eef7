"""Command lines: a documented status, one line on stderr for an error, no traceback."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import random
import shutil
from pathlib import Path
from typing import List

import pytest

from d2l_rnn.cli import main
from d2l_rnn.experiments.settings import flag_of
from d2l_rnn.experiments.table import EXPERIMENTS

from ..public.families import FAMILIES
from .driver import fuzz, sizes

KEPT = Path(__file__).parents[1] / "public" / "runs"
VALUES = (
    "",
    " ",
    "0",
    "-1",
    "1",
    "3",
    "7.5",
    "1e3",
    "-0.0",
    "inf",
    "-inf",
    "nan",
    "1e400",
    "2147483647",
    "2147483648",
    "1000000",
    "9" * 5000,
    "0x10",
    "1_0",
    "٣",
    "True",
    "None",
    "é",
    "\udcff",
    "\u2028",
    "a,,b",
    ",",
    "1,2,x",
    "--",
    "--help",
    "-h",
    "gpu:99",
    "cpu(0)",
    "gpu",
    "lstm",
    "rnn",
    "none",
    "word",
    "/nowhere/at/all",
    "n" * 300,
    ".",
)
COMMANDS = (
    "compare",
    "report",
    "book",
    "audit",
    "fill",
    "translate",
    "check",
    "list",
    "export",
)
FLAGS = (
    "--json",
    "--markdown",
    "--out",
    "--to",
    "numpy",
    "--run",
    "--tokens",
    "--beam",
    "--n-best",
    "--temperature",
    "--top-k",
    "--top-p",
    "--alpha",
    "--seed",
    "--show-attention",
    "--sources",
    "--debug-not",
    "--device",
    "--epochs",
)


def run_line(generator: random.Random) -> List[str]:
    """A tiny run of a family, with a setting or two that somebody typed."""
    family = FAMILIES[generator.choice(sorted(FAMILIES))]
    words = family.command(1)
    flags = [flag_of(f) for f in dataclasses.fields(EXPERIMENTS[words[1]].config)]
    for _ in range(generator.randint(1, 2)):
        words += [generator.choice(flags), generator.choice(VALUES)]
    if generator.random() < 0.1:
        words.insert(generator.randrange(len(words)), generator.choice(VALUES))
    return words + (["--epochs", "1"] if family.has_epochs else [])


def other_line(generator: random.Random) -> List[str]:
    """Another command, with words of all kinds."""
    runs = [str(path) for path in sorted(Path("runs").iterdir())]
    command = generator.choice((*COMMANDS, generator.choice(VALUES)))
    words = [
        generator.choice((*runs, generator.choice(VALUES), generator.choice(FLAGS)))
        for _ in range(generator.randint(0, 4))
    ]
    return [command, *words]


@pytest.mark.parametrize("tried", sizes(12, 500))
def test_any_command_line_is_answered(
    tried: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    shutil.copytree(KEPT, tmp_path / "runs")

    def attempt(generator: random.Random, folder: Path) -> None:
        if generator.random() < 0.6:
            words = run_line(generator)
            words[2:2] = ["--out", "made"]
        else:
            words = other_line(generator)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status: object = main(words)
            except SystemExit as end:  # of --help and --version
                status = end.code
            except Exception as error:
                raise AssertionError(f"{words!r:.400}: {error!r}") from error
        shutil.rmtree("made", ignore_errors=True)
        told = f"{words!r:.400}: status {status}, {err.getvalue()[-600:]!r}"
        assert status in (0, 1, 2, 3, 4), told
        errors = [line for line in err.getvalue().split("\n") if "error:" in line]
        assert "Traceback" not in err.getvalue(), told
        assert len(errors) == (status in (2, 3, 4)), told
        assert all(len(line) < 2000 for line in errors), told

    fuzz("command lines", tried, attempt, tmp_path)
