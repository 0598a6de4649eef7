"""compare, report and book as a user meets them; nothing unsound is ever reproduced."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, List

import pytest

from d2l_rnn.cli import main
from d2l_rnn.experiments.table import EXPERIMENTS
from d2l_rnn.results.book import load_book

from .counting import grows_no_faster
from .results.made_runs import BOOK, builds_of, every_epoch, write_run


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def build_as_run(name: str, seed: int, **changes: Any) -> Path:
    """A build of the book as a run in runs/, its configuration ours in full."""
    config = asdict(EXPERIMENTS[name].config)
    config.update(seed=seed, **changes)
    curve = every_epoch(BOOK[name], builds_of(BOOK[name])[seed])
    directory = Path("runs") / name / f"seed-{seed}"
    write_run(directory, name, seed, curve, config=config)
    return directory


def test_runs_are_compared_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    for seed in (1, 2):
        build_as_run("bilstm", seed)
    assert main(["compare"]) == 0
    text = capsys.readouterr().out
    assert "reproduced" in text and "inside the range of 41 builds" in text
    assert main(["compare", "runs/bilstm/seed-1", "--markdown"]) == 0
    assert capsys.readouterr().out.splitlines()[2].startswith("| bilstm | ")
    assert main(["compare", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["verdict"], row["seeds"]) == ("reproduced", [1, 2])


def test_a_difference_is_told_by_the_exit_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    build_as_run("bilstm", 1)
    slow = [1.3 * value for value in builds_of(BOOK["lstm"])[0]]
    config = asdict(EXPERIMENTS["lstm"].config)
    curve = every_epoch(BOOK["lstm"], slow)
    write_run(Path("runs/lstm/seed-1"), "lstm", 1, curve, config=config)
    assert main(["compare", "runs"]) == 1
    assert main(["compare", "runs/bilstm"]) == 0


def break_it(directory: Path, how: str) -> str:
    """Damage a run; what the verdict has to say of it."""
    if how == "tampered":
        path = directory / "result.json"
        path.write_text(path.read_text().replace("9123.4", "9124.4"))
        return "changed after it was written"
    if how == "cut short":
        path = directory / "epochs.jsonl"
        path.write_text("".join(path.read_text().splitlines(True)[:400]))
        return "changed after it was written"
    if how == "not JSON":
        (directory / "config.json").write_text("{")
        return "config.json: "
    if how == "broken line":
        path = directory / "epochs.jsonl"
        path.write_text(path.read_text().replace('"epoch": 7', "epoch 7", 1))
        return "epochs.jsonl, line 7: "
    missing = {"no config": "config.json", "no epochs": "epochs.jsonl"}
    missing.update({"no result": "result.json", "no environment": "environment.json"})
    (directory / missing[how]).unlink()
    return {
        "no config": "config.json is missing",
        "no epochs": "changed after it was written",
        "no result": "not finished",
        "no environment": "environment.json changed after it was written",
    }[how]


@pytest.mark.parametrize(
    "how",
    [
        "tampered",
        "cut short",
        "not JSON",
        "broken line",
        "no config",
        "no epochs",
        "no result",
        "no environment",
    ],
)
def test_a_damaged_run_among_others_is_not_comparable(
    how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    build_as_run("bilstm", 1)
    reason = break_it(build_as_run("bilstm", 2), how)
    assert main(["compare", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    by_run = {row["runs"][0]: row for row in rows}
    assert by_run["runs/bilstm/seed-1"]["verdict"] == "reproduced"
    assert by_run["runs/bilstm/seed-1"]["seeds"] == [1]
    assert by_run["runs/bilstm/seed-2"]["verdict"] == "not comparable"
    assert reason in by_run["runs/bilstm/seed-2"]["reason"]
    assert main(["report"]) == 0
    page = Path("report.html").read_text()
    assert page.count("1 reproduced") == page.count("1 not comparable") == 1


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"num_epochs": 100}, "100 epochs, the book"),
        ({"clean": "none"}, "clean none, the book's is book"),
        ({"sampling": "reset"}, "sampling reset, the book's is sequential"),
        ({"implementation": "scratch"}, "implementation scratch, the book's is gluon"),
    ],
)
def test_another_setting_is_not_comparable(
    changes: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    build_as_run("bilstm", 1, **changes)
    assert main(["compare"]) == 0
    assert f": {reason}" in capsys.readouterr().out


def test_runs_are_held_against_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    """Another learning rate than the book's is no obstacle, and is named."""
    for seed in (1, 2, 3):
        build_as_run("lstm", seed, lr=0.9, initial_weights="book")
    assert main(["compare"]) == 0
    assert "not comparable" in capsys.readouterr().out
    assert main(["compare", "--against", "lstm"]) == 0
    text = capsys.readouterr().out
    assert "    lr 0.9: against lstm: lr 0.9, the book's is 1; " in text
    assert main(["compare", "--markdown"]) == 0
    assert "| lstm (lr 0.9) |" in capsys.readouterr().out
    assert main(["compare", "--against", "gru", "--json"]) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["verdict"], row["apart"]) == ("differs", "lr 0.9")
    assert "experiment lstm; cell lstm, the book's is gru" in row["reason"]
    assert row["judgement"]["rule"] == "permutation"


def test_power_is_a_table_of_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--power", "--against", "gru"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.startswith("experiment") and row.split()[0] == "gru"
    shares = [float(word) for word in row.split()[1::2]]
    assert len(shares) == 6 and shares[1] <= 2 and shares[2] <= shares[1] <= shares[0]
    assert main(["compare", "--power", "--against", "birnn-v1", "--markdown"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2  # a heading, nothing judged


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--against", "lstn"], "--against lstn: the book has no number for it"),
        (["--against", "bptt"], "it does for rnn-scratch, rnn-scratch-reset"),
        (["--power", "runs"], "--power contradicts runs: it is a table of no runs"),
        (["--power", "--json"], "--power contradicts --json"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_line(
    arguments: List[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("d2l-rnn: error: ") and words in line


def test_a_run_that_made_room_for_another_does_not_stand_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    earlier = build_as_run("bilstm", 1)
    earlier.rename(earlier.with_name("earlier-1-seed-1"))
    build_as_run("bilstm", 1)
    assert main(["compare", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["runs"] == ["runs/bilstm/seed-1"]


@pytest.mark.parametrize("command", ["compare", "report"])
@pytest.mark.parametrize(
    "arguments, status, words",
    [
        ([], 4, "there is no folder runs/ here"),
        (["missing"], 4, "run missing: no such directory"),
        (["empty"], 4, "empty: no run directory, and none below it"),
        (["file"], 4, "run file: no such directory"),
        (["broken"], 4, "config.json: "),
        (["--jsn"], 2, "unrecognized arguments: --jsn"),
    ],
)
def test_nothing_to_compare_is_one_clear_line(
    command: str,
    arguments: List[str],
    status: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("empty").mkdir()
    Path("file").write_text("")
    Path("broken/rnn/seed-1").mkdir(parents=True)
    Path("broken/rnn/seed-1/config.json").write_text("{")
    assert main([command, *arguments]) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("d2l-rnn: error: ") and words in line


def test_the_report_goes_where_it_is_asked_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    build_as_run("bilstm", 1)
    assert main(["report", "--out", "page.html"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "page.html\n" and "1 run on the page" in printed.err
    assert "d2l-rnn run bilstm --seed 1" in Path("page.html").read_text()
    refused = {
        "runs": "a directory, not a regular file",
        "missing/page.html": "No such file or directory",
    }
    for out, why in refused.items():
        assert main(["report", "--out", out]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        accepted = "accepted is a file in a folder that exists"
        assert line == f"d2l-rnn: error: --out {out}: {why}; {accepted}"


def test_the_book_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["book"]) == 0
    text = capsys.readouterr().out
    for name in load_book():
        assert f"{name}: " in text
    assert main(["book", "lstm", "--json"]) == 0
    (number,) = json.loads(capsys.readouterr().out).values()
    assert len(number["builds"]) == 41 and number["section"] == "9.2"
    assert main(["book", "lstm", "--sources"]) == 0
    assert capsys.readouterr().out.count("\n    ") == 41
    assert main(["book", "lstn"]) == 2
    assert "no number for 'lstn'; did you mean lstm" in capsys.readouterr().err


def test_comparing_loads_nothing_heavy() -> None:
    directory = build_as_run("bilstm", 1)
    shutil.copytree(str(directory), "runs/bilstm/copy")
    code = (
        "import sys\n"
        "from d2l_rnn.cli import main\n"
        "assert main(['compare']) == 0\n"
        "heavy = {'mxnet', 'matplotlib', 'pandas', 'd2l'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE
    ).stdout.decode()
    assert "reproduced" in output and "seed 1 is there already" in output


def test_the_cost_of_comparing_grows_with_the_runs_and_not_their_square() -> None:
    directory = build_as_run("bilstm", 1)
    for copy in range(23):
        shutil.copytree(str(directory), f"more/copy-{copy}")
    paths = [str(directory), *sorted(str(path) for path in Path("more").iterdir())]

    def compared(number: int) -> Callable[[], int]:
        return lambda: main(["compare", *paths[:number]])

    assert grows_no_faster(compared, 8)


@pytest.mark.parametrize("name", ["compare", "report", "reproduce_all"])
def test_scripts_are_the_commands(name: str) -> None:
    script = Path(__file__).parents[1] / "scripts" / f"{name}.py"
    output = subprocess.run(
        [sys.executable, str(script), "--help"], check=True, stdout=subprocess.PIPE
    ).stdout.decode()
    assert f"d2l-rnn {name.split('_')[0]} [" in output
