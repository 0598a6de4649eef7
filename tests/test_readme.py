"""The tables of the pages follow from the recorded runs, and from nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest

from d2l_rnn.errors import RunError
from d2l_rnn.results import (
    readme_groups,
    readme_heldout,
    readme_runs,
    readme_sides,
    readme_verdicts,
)
from d2l_rnn.results.readme_summary import (
    load_summary,
    replace_section,
    sections_of,
    without_sections,
)
from d2l_rnn.results.readme_words import WORDS
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
def test_the_pages_are_up_to_date() -> None:
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
    names = ("experiments", "heldout", "verdicts", "runs of gru", "rooms")
    others = (MARKERS.replace("recorded", name) for name in names)
    readme.write_text("".join((MARKERS, *others)))
    where = ["--pages", readme, "--recorded", summary]
    done = update(*where, "--collect", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    text = readme.read_text("utf-8")
    assert text.startswith("# Title\n") and text.endswith("the rest\n")
    assert update(*where, "--check").returncode == 0
    readme.write_text(text.replace("1.162", "1.161"), "utf-8")
    done = update(*where, "--check")
    assert done.returncode == 1 and "stale" in done.stderr
    assert str(tmp_path) not in summary.read_text()
    readme.write_text(MARKERS.replace("recorded", "no such table"), "utf-8")
    done = update(*where)
    assert done.returncode == 4 and "no table is called 'no such table'" in done.stderr


def test_the_short_tables_say_what_the_long_one_does(tmp_path: Path) -> None:
    """The verdicts, the runs of a section and the costs: of the same groups."""
    summary = readme_runs.summarize(made(tmp_path), BOOK, {})
    groups = readme_verdicts.by_name(summary, BOOK)
    table = readme_verdicts.verdicts(groups, list(BOOK), "en", "results.md")
    chinese = readme_verdicts.verdicts(groups, list(BOOK), "zh", "../results.md")
    for verdict in compare(made(tmp_path), BOOK):
        name = verdict.experiment
        start = f"| [{name}](results.md#{name}) | "
        rows = [line for line in table.splitlines() if line.startswith(start)]
        if verdict.book is None:
            assert rows == []
            continue
        (row,) = rows
        assert verdict.book.summary() in row and f"**{verdict.verdict}**: " in row
        assert verdict.book.summary() in chinese and f"../results.md#{name}" in chinese
        for language in WORDS:
            told = readme_verdicts.runs_of(name, groups, language)
            assert WORDS[language][verdict.verdict] in told
            assert verdict.book.format(min(verdict.values)) in told
    assert "reproduced" not in chinese.replace("../results.md", "")
    assert "已复现" in chinese and "2 个随机种子" in chinese
    assert "- Recorded: perplexity 5.000" in readme_verdicts.runs_of(
        "tagging", groups, "en"
    )
    assert "训练困惑度 5.000" in readme_verdicts.runs_of("tagging", groups, "zh")
    assert "尚无记录" in readme_verdicts.runs_of("hmm", groups, "zh")
    measured: readme_verdicts.Measured = {
        "date": "2026-11-28",
        "machine": "a machine",
        "minutes": {"set-up": 1.25, "tests": 4.0},
    }
    cost = readme_verdicts.cost(groups, measured, ["bilstm"], "en")
    minutes = readme_verdicts.minutes_of(groups["bilstm"][0])
    assert f"| `scripts/reproduce.sh bilstm` | {minutes} |" in cost
    assert "| set-up, once | 1.2 |" in cost and "the tests" in cost
    assert "2026-11-28 on a machine" in cost
    with pytest.raises(RunError, match="no run of hmm is recorded"):
        readme_verdicts.cost(groups, measured, ["hmm"], "en")
    with pytest.raises(RunError, match="no run of bilstm-audit, cloze"):
        readme_sides.render(summary)


def test_the_words_of_the_tables_are_there_in_both_languages() -> None:
    chinese = set(WORDS["zh"]) - {"in training", "held out"}  # a sentence in English
    assert set(WORDS["en"]) == chinese


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
def test_a_page_without_its_place_is_refused(text: str) -> None:
    with pytest.raises(RunError, match="the page"):
        replace_section(text, "table", "recorded")


def test_what_is_written_by_hand_is_told_from_what_is_made() -> None:
    assert sections_of(MARKERS) == ["recorded"] and sections_of("# Title\n") == []
    made_anew = replace_section(MARKERS, "another table", "recorded")
    assert without_sections(made_anew) == without_sections(MARKERS)
    by_hand = MARKERS.replace("the rest", "another rest")
    assert without_sections(by_hand) != without_sections(MARKERS)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"runs": 3}', "null", '{"runs": [{"result": 1}]}']
)
def test_what_is_no_summary_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recorded.json"
    path.write_text(text)
    with pytest.raises(RunError, match="no summary"):
        load_summary(path, readme_groups.Recorded)
