"""The README's table follows from the recorded runs, and from nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest

from d2l_rnn.errors import RunError
from d2l_rnn.results import readme_groups, readme_heldout, readme_runs
from d2l_rnn.results.readme_summary import load_summary, replace_section
from d2l_rnn.results.record import RunRecord
from d2l_rnn.results.verdict.compare import compare

from .results.made_runs import BOOK, builds_of, every_epoch, write_run

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "update_readme.py"
RECORDED = ROOT / "docs" / "recorded"
BEGIN, END = "<!-- recorded:begin -->", "<!-- recorded:end -->"
MARKERS = f"# Title\n{BEGIN}\nold\n{END}\nthe rest\n"


def update(*arguments: Any) -> Any:
    """What scripts/update_readme.py answers."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(
    not (ROOT / "README.md").exists(), reason="there is no README.md beside the package"
)
def test_the_readme_is_up_to_date() -> None:
    done = update("--check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "path, kind",
    [
        (RECORDED / "runs.json", readme_groups.Recorded),
        (RECORDED / "heldout.json", readme_heldout.Recorded),
    ],
)
def test_the_summary_names_no_place_of_the_machine(path: Path, kind: Any) -> None:
    text = path.read_text("utf-8")
    assert len(text) < 400_000
    for word in ("/tmp", "/home", "/root", "/work", '"platform"', '"data_dir"'):
        assert word not in text
    assert load_summary(path, kind).dump() == text


def made(directory: Path) -> List[RunRecord]:
    runs = []
    for name in ("bilstm", "seq2seq"):
        for seed in (1, 2):
            curve = every_epoch(BOOK[name], builds_of(BOOK[name])[seed])
            runs.append(write_run(directory / name / str(seed), name, seed, curve))
    curve = every_epoch(BOOK["lstm"], [v * 1.3 for v in builds_of(BOOK["lstm"])[0]])
    runs.append(write_run(directory / "lstm", "lstm", 1, curve))
    runs.append(write_run(directory / "tagging", "tagging", 1, [9.0, 5.0]))
    short = {"num_epochs": 100}
    runs.append(write_run(directory / "gru", "gru", 3, [5.0] * 100, config=short))
    return runs


def test_the_verdicts_are_those_of_the_whole_records(tmp_path: Path) -> None:
    runs = made(tmp_path)
    file = tmp_path / "recorded.json"
    file.write_text(readme_runs.summarize(runs, BOOK, {}).dump())
    summary = load_summary(file, readme_groups.Recorded)
    summary.notes["lstm"] = "It is a made one."
    text = readme_runs.render(summary, BOOK)
    for verdict in compare(runs, BOOK):
        start = f"| {verdict.experiment} "
        (row,) = [line for line in text.splitlines() if line.startswith(start)]
        if verdict.book is None:  # it says what it shows
            assert "not in the book" in row
            assert "- **tagging**: perplexity 5.000 in training." in text
        else:
            assert f"**{verdict.verdict}**" in row
            assert f"- **{verdict.experiment}**: {verdict.reason}." in text
    assert "\n- **lstm**: It is a made one.\n" in text
    assert "1.162 [1.143, 1.172]; printed 1.2 ×38, 1.1 ×3" in text
    assert "`d2l-rnn reproduce bilstm --seeds 2 -- --initial-weights seed`" in text
    assert "`d2l-rnn run gru --seed 3`" in text
    assert "100 epochs, the book's number is after 500" in text
    assert "Recorded 2026-11-21 (7 runs) on a processor" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {9}


def test_altered_and_unfinished_runs_do_not_enter(tmp_path: Path) -> None:
    run, again, *_ = made(tmp_path)
    path = run.directory / "result.json"
    altered = json.loads(path.read_text())
    altered["tokens_per_sec"] = 1e6
    record = RunRecord(run.directory, run.config, run.environment, run.epochs, altered)
    with pytest.raises(RunError, match="changed after it was written"):
        readme_runs.summarize([record], BOOK, {})
    unfinished = RunRecord(run.directory, run.config, {}, run.epochs, None)
    with pytest.raises(RunError, match="not finished"):
        readme_runs.summarize([unfinished], BOOK, {})
    with pytest.raises(RunError, match="seed 2 is there already"):
        readme_runs.summarize([again, again], BOOK, {})


def test_collected_checked_and_stale(tmp_path: Path) -> None:
    made(tmp_path / "runs")
    readme, summary = tmp_path / "README.md", tmp_path / "recorded.json"
    others = (MARKERS.replace("recorded", name) for name in ("experiments", "heldout"))
    readme.write_text("".join((MARKERS, *others)))
    where = ["--readme", readme, "--recorded", summary]
    done = update(*where, "--collect", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    text = readme.read_text("utf-8")
    assert text.startswith("# Title\n") and text.endswith("the rest\n")
    assert update(*where, "--check").returncode == 0
    readme.write_text(text.replace("1.162", "1.161"), "utf-8")
    done = update(*where, "--check")
    assert done.returncode == 1 and "stale" in done.stderr
    assert str(tmp_path) not in summary.read_text()


def test_runs_are_added_to_a_summary_and_renew_it(tmp_path: Path) -> None:
    """A recording that was broken off goes on, run by run."""
    runs = made(tmp_path)
    whole = readme_runs.summarize(runs, BOOK, {})
    summary = readme_runs.summarize(runs[3:], BOOK, {})
    summary.notes["lstm"] = "A note."
    for run in runs:
        summary = readme_runs.renewed(summary, readme_runs.summarize([run], BOOK, {}))
    assert summary.runs == sorted(
        whole.runs, key=lambda e: (e["experiment"], e["config"]["seed"])
    )
    assert summary.notes == {"lstm": "A note."}
    # the same seed from other weights is another run
    curve = every_epoch(BOOK["bilstm"], builds_of(BOOK["bilstm"])[1])
    book = {"initial_weights": "book"}
    other = write_run(tmp_path / "book-1", "bilstm", 1, curve, config=book)
    more = readme_runs.renewed(summary, readme_runs.summarize([other], BOOK, {}))
    assert len(more.runs) == len(whole.runs) + 1


@pytest.mark.parametrize("text", ["none", BEGIN, f"{END} {BEGIN}", MARKERS * 2])
def test_a_readme_without_its_place_is_refused(text: str) -> None:
    with pytest.raises(RunError, match="README"):
        replace_section(text, "table", "recorded")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"runs": 3}', "null", '{"runs": [{"result": 1}]}']
)
def test_what_is_no_summary_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recorded.json"
    path.write_text(text)
    with pytest.raises(RunError, match="no summary"):
        load_summary(path, readme_groups.Recorded)
