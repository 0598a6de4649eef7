"""The command line as a user meets it: results, one-line errors, exit statuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, List

import pytest

from d2l_rnn.cli import COMMANDS, main
from d2l_rnn.errors import D2lRnnError, DataError, RunError, UsageError
from d2l_rnn.experiments.table import EXPERIMENTS

TINY = ["--corpus", "sample", "--num-hiddens", "8", "--max-tokens", "1500"]
TINY += ["--batch-size", "4", "--num-steps", "10", "--no-plot", "--quiet"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    for name in COMMANDS:
        assert f"  {name} " in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_within_80_columns(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"d2l-rnn {command}" in text
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_three_lines_on_stdout_the_rest_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "lstm", "--epochs", "2", *TINY]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert len(lines) == 3 and lines[0].startswith("perplexity ")
    assert printed.err == f"d2l-rnn: recorded in {Path('runs/lstm/seed-1')}\n"
    assert {p.name for p in Path("runs/lstm/seed-1").iterdir()} == {
        "config.json",
        "environment.json",
        "epochs.jsonl",
        "result.json",
        "checkpoint.safetensors",
    }


def test_json_is_the_result_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "gru", "--epochs", "1", "--json", "--out", "here", *TINY]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["directory"] == "here" and result["epochs"] == 1
    assert result["corpus"] == "sample" and result["heldout_tokens"] > 20000


def test_no_corpus_in_reach(
    no_network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "lstm", "--epochs", "1", *TINY[2:]]
    assert main(arguments) == 0
    errors = capsys.readouterr().err.splitlines()
    assert [line for line in errors if "warning" in line] == errors[:1]
    assert "Going on with the embedded sample" in errors[0]
    assert main([*arguments, "--corpus", "time-machine"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert len(list(Path("runs/lstm").glob("[!.]*"))) == 1  # the earlier run has stayed
    assert "tried" in line and "--data-dir" in line and "--corpus sample" in line


@pytest.mark.parametrize(
    "arguments, status, words",
    [
        (["fly"], 2, "command 'fly' is unknown; accepted are list, run"),
        (["run"], 2, "experiment's name is missing"),
        (["rnu"], 2, "command 'rnu' is unknown; did you mean run?"),
        (["run", "lstn"], 2, "did you mean lstm"),
        (["run", "LSTM"], 2, "did you mean lstm or "),
        (["run", "zebra"], 2, "experiment 'zebra' is unknown; see 'd2l-rnn list'"),
        (["run", "lstm", "--epoch", "3"], 2, "did you mean --epochs? (see"),
        (["run", "lstm", "--epoch=3"], 2, "did you mean --epochs? (see"),
        (["run", "lstm", "--num_hiddens", "3"], 2, "did you mean --num-hiddens"),
        (["compare", "--agains", "rnn"], 2, "did you mean --against?"),
        (["run", "lstm", "--zzz"], 2, "unrecognized arguments: --zzz (see"),
        (["run", "lstm", "--num-h", "3"], 2, "unrecognized arguments: --num-h"),
        (["run", "lstm", "--epochs", "many"], 2, "'many' is not a whole number"),
        (["run", "lstm", "--epochs", "0"], 2, "--epochs 0: accepted is at least 1"),
        (["run", "lstm", "--lr", "-1"], 2, "--lr -1.0: accepted is greater than 0"),
        (["run", "lstm", "--lr", "nan"], 2, "--lr nan: accepted is a number"),
        (["run", "lstm", "--seed", "-1"], 2, "--seed -1: accepted is at least 0"),
        (["run", "lstm", "--cell", "cnn"], 2, "invalid choice: 'cnn'"),
        (["run", "lstm", "--device", "gpu:7"], 2, "--device gpu:7"),
        (["run", "lstm", "--prefixes", "a,,b"], 2, "a prefix is empty"),
        (["run", "lstm", "--corpus", "missing.txt"], 3, "no such file"),
        (["run", "lstm", "--data-dir", "missing"], 2, "no such folder"),
        (["run", "lstm", *TINY, "--max-tokens", "9"], 3, "9 tokens is too short"),
        (
            ["run", "lstm", *TINY, "--out", "/dev/null/run"],
            4,
            "run directory /dev/null",
        ),
    ],
)
def test_bad_input_gets_one_clear_line(
    arguments: List[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("d2l-rnn: error: ") and words in line
    assert not Path("runs").exists() or not list(Path("runs").rglob("result.json"))


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(UsageError):
        main(["--debug", "run", "lstn"])


def test_exit_statuses_are_those_of_the_design() -> None:
    assert D2lRnnError.exit_status == 1
    assert UsageError.exit_status == 2
    assert DataError.exit_status == 3
    assert RunError.exit_status == 4


def test_divergence_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "lstm", "--epochs", "3", *TINY, "--lr", "1e38"]) in (0, 1)
    assert main(["run", "lstm", *TINY, "--lr", "1e38", "--theta", "inf"]) == 1
    assert "smaller learning rate (--lr)" in capsys.readouterr().err


def test_an_earlier_run_is_moved_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    for epochs in ("1", "2", "1"):
        assert main(["run", "lstm", "--epochs", epochs, *TINY]) == 0
    assert "held an earlier run" in capsys.readouterr().err
    found = {
        path.parent.name: json.loads(path.read_text())["epochs"]
        for path in Path("runs/lstm").glob("*/result.json")
    }
    assert found == {"earlier-1-seed-1": 1, "earlier-2-seed-1": 2, "seed-1": 1}


def test_foreign_files_are_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")
    assert main(["run", "lstm", "--epochs", "1", *TINY, "--out", "mine"]) == 4
    assert "holds other files" in capsys.readouterr().err
    assert os.listdir("mine") == ["thesis.txt"]


def losses(directory: str) -> List[float]:
    lines = (Path(directory) / "epochs.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]


def interrupt(arguments: List[str], number: int) -> Any:
    """Start a run in another process; stop it once it has recorded an epoch."""
    process = subprocess.Popen(
        [sys.executable, "-m", "d2l_rnn", *arguments], stderr=subprocess.PIPE
    )
    rows = Path("stopped/epochs.jsonl")
    deadline = time.time() + 60
    while not (rows.exists() and rows.read_text()) and time.time() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors.decode()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_resumed_is_bit_for_bit_the_same(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "lstm", "--epochs", "300", *TINY, "--max-tokens", "200"]
    assert main([*arguments, "--out", "whole"]) == 0
    status, errors = interrupt([*arguments, "--out", "stopped"], number)
    assert status == 128 + number, errors
    assert "--resume goes on" in errors.splitlines()[-1]
    reached = losses("stopped")
    assert 0 < len(reached) < 300 and not Path("stopped/result.json").exists()
    capsys.readouterr()
    assert main([*arguments, "--out", "stopped", "--resume"]) == 0
    assert losses("stopped") == losses("whole")
    one, two = (
        json.loads((Path(name) / "result.json").read_text())
        for name in ("whole", "stopped")
    )
    for key in ("perplexity", "heldout_perplexity", "texts", "epochs"):
        assert one[key] == two[key]
    # Resuming a finished run shows it again; other settings are refused.
    before = Path("stopped/result.json").read_bytes()
    assert main([*arguments, "--out", "stopped", "--resume"]) == 0
    assert Path("stopped/result.json").read_bytes() == before
    assert main([*arguments, "--out", "stopped", "--resume", "--lr", "2"]) == 4
    assert "began with lr 1.0, not 2.0" in capsys.readouterr().err


@pytest.mark.slow
def test_killed_and_resumed_is_bit_for_bit_the_same() -> None:
    arguments = ["run", "lstm", "--epochs", "200", *TINY, "--max-tokens", "200"]
    assert main([*arguments, "--out", "whole"]) == 0
    interrupt([*arguments, "--out", "stopped"], signal.SIGKILL)
    assert main([*arguments, "--out", "stopped", "--resume"]) == 0
    assert losses("stopped") == losses("whole")


def test_two_runs_do_not_share_a_directory(capsys: pytest.CaptureFixture[str]) -> None:
    import filelock

    with filelock.FileLock(".here.lock"):
        assert main(["run", "lstm", "--epochs", "1", *TINY, "--out", "here"]) == 4
    assert "another run is using it" in capsys.readouterr().err


@pytest.mark.parametrize("script", ["bilstm"])
def test_scripts_are_the_commands(script: str) -> None:
    path = Path(__file__).parents[1] / "scripts" / f"{script}.py"
    done = subprocess.run(
        [sys.executable, str(path), "--epochs", "1", *TINY],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(path.parents[1])},
    )
    assert done.returncode == 0
    assert len(done.stdout.decode().splitlines()) == 3
    assert Path(f"runs/{script}/seed-1/result.json").exists()


def test_help_is_quick() -> None:
    """Nothing heavy is loaded; the time itself is for the benchmark."""
    code = "import sys; sys.argv[1:] = ['--help']\n"
    code += "from d2l_rnn.cli import main\n"
    code += "main()\n"
    code += "print(len(sys.modules), {'numpy', 'mxnet'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert done.stdout.decode().splitlines()[-1].endswith("set()")


def test_the_list_is_in_the_books_order_within_80_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    names = [line.split()[0] for line in lines[1:] if line[0] != " "]
    assert sorted(names) == sorted(EXPERIMENTS)
    assert main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == names
    firsts = [row["section"].split(",")[0] for row in rows]
    of_builds = [section for section in firsts if "(" not in section]
    numbers = [[int(part) for part in section.split(".")] for section in of_builds]
    assert firsts[: len(of_builds)] == of_builds and numbers == sorted(numbers)
