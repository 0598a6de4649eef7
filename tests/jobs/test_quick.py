"""``reproduce --quick``: short, on what is embedded, and taken for nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest

from d2l_rnn.cli import main
from d2l_rnn.commands.quick import QUICK_RUNS
from d2l_rnn.commands.reproduce import plan
from d2l_rnn.commands.run import configured
from d2l_rnn.experiments.table import EXPERIMENTS


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_shortened_and_needs_no_corpus(name: str) -> None:
    (job,) = plan([name], 1, [], QUICK_RUNS, quick=True)
    place = job.command.index(name)
    arguments = list(job.command[place + 1 :])
    _, config, _ = configured(name, arguments, "d2l-rnn run")
    quick: Dict[str, Any] = vars(config)
    published: Dict[str, Any] = vars(EXPERIMENTS[name].config)
    assert quick.get("corpus", "sample") in ("sample", "sample-zh")
    for setting in ("num_epochs", "num_iterations"):
        if setting in published:
            assert 1 <= quick[setting] <= max(2, published[setting] / 25 + 1)
    changed = {key for key in published if quick[key] != published[key]}
    allowed = {"corpus", "num_epochs", "num_iterations", "num_restarts"}
    assert changed <= allowed | {"initial_weights"}
    assert job.directory.startswith(QUICK_RUNS)


def test_what_is_asked_for_wins() -> None:
    (job,) = plan(["rnn"], 1, ["--epochs", "7"], "elsewhere", quick=True)
    arguments = list(job.command[job.command.index("rnn") + 1 :])
    _, config, _ = configured("rnn", arguments, "d2l-rnn run")
    assert vars(config)["num_epochs"] == 7 and vars(config)["corpus"] == "sample"


def test_it_says_that_nothing_can_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("D2L_RNN_DATA", str(tmp_path))  # no corpus there
    arguments = ["text-stats", "--quick", "--", "--num-top", "3"]
    assert main(["reproduce", *arguments]) == 0
    printed = capsys.readouterr()
    assert "no number of these runs can be compared with the book's" in printed.err
    (run,) = Path(QUICK_RUNS).glob("text-stats/*/config.json")
    assert json.loads(run.read_text())["corpus"] == "sample"
    assert not Path("runs").exists()
