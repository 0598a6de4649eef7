"""A right reproduction is told so; nothing else ever is."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from d2l_rnn.errors import RunError
from d2l_rnn.results.record import RunRecord, read_run, read_runs
from d2l_rnn.results.record_fields import Row
from d2l_rnn.results.verdict.compare import (
    DIFFERS,
    NOT_COMPARABLE,
    REPRODUCED,
    compare,
    exit_status,
)
from d2l_rnn.results.verdict.rendering import (
    render_csv,
    render_latex,
    render_markdown,
    render_text,
    to_json,
)

from .made_runs import BOOK, builds_of, every_epoch, write_run


def build_as_run(
    directory: Path, name: str, build: int, seed: int, **changes: Any
) -> RunRecord:
    """One of the book's own builds, written as a run of ours."""
    number = BOOK[name]
    curve = every_epoch(number, builds_of(number)[build])
    return write_run(directory / name / f"seed-{seed}", name, seed, curve, **changes)


@pytest.mark.parametrize(
    "name", "bilstm rnn-scratch-reset seq2seq seq2seq-attention sequence".split()
)
def test_builds_of_the_book_are_reproduced(tmp_path: Path, name: str) -> None:
    runs = [build_as_run(tmp_path, name, build, build) for build in (0, 1, 2)]
    for group in (runs, runs[:1]):
        (verdict,) = compare(group, BOOK)
        assert verdict.verdict == REPRODUCED
        assert verdict.judgement is not None
        assert verdict.judgement.inside == len(BOOK[name].epochs)
        ends = builds_of(BOOK[name])[: len(group), -1]
        np.testing.assert_allclose(verdict.values, ends, rtol=1e-9, atol=0)
        assert exit_status([verdict]) == 0


def test_the_first_editions_numbers_need_three_seeds(tmp_path: Path) -> None:
    runs = [build_as_run(tmp_path, "rnn-v1", build, build) for build in (0, 1, 2)]
    assert compare(runs, BOOK)[0].verdict == REPRODUCED
    (verdict,) = compare(runs[:2], BOOK)
    assert verdict.verdict == NOT_COMPARABLE
    assert verdict.reason == "2 of the 3 seeds that 11 builds need"


def test_another_decoder_differs(tmp_path: Path) -> None:
    curve = every_epoch(BOOK["seq2seq"], BOOK["seq2seq"].pytorch["median"])
    (verdict,) = compare([write_run(tmp_path / "run", "seq2seq", 1, curve)], BOOK)
    assert verdict.verdict == DIFFERS
    assert "farthest at epoch" in verdict.reason
    assert exit_status([verdict]) == 1


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"corpus": {"name": "sample", "sha1": "0"}}, "corpus sample, the book's is"),
        ({"corpus": {"sha1": "0"}}, "another file than the book's time-machine"),
        ({"result": {"corpus_sha1": "0"}}, "another file than the book's"),
        ({"config": {"lr": 1.5}}, "lr 1.5, the book's is 1"),
        ({"config": {"num_hiddens": 128}}, "num_hiddens 128, the book's is 256"),
        ({"config": {"theta": float("inf")}}, "theta inf, the book's is 1"),
        ({"config": {"max_tokens": 9999}}, "max_tokens 9999, the book's is 10000"),
        ({"config": {"num_layers": True}}, "num_layers True, the book's is 2"),
        ({"config": {"batch_size": None}}, "batch_size None, the book's is 32"),
        ({"config": {"num_epochs": 50}}, "50 epochs, the book's number is after 500"),
        ({"finish": False}, "not finished: 500 of 500 epochs"),
    ],
)
def test_another_setting_is_not_comparable(
    tmp_path: Path, changes: Dict[str, Any], reason: str
) -> None:
    run = build_as_run(tmp_path, "bilstm", 0, 1, **changes)
    (verdict,) = compare([run], BOOK)
    assert verdict.verdict == NOT_COMPARABLE
    assert reason in verdict.reason


def test_a_run_with_fewer_epochs_is_not_comparable(tmp_path: Path) -> None:
    curve = every_epoch(BOOK["bilstm"], builds_of(BOOK["bilstm"])[0])
    run = write_run(tmp_path / "run", "bilstm", 1, curve[:400])
    (verdict,) = compare([run], BOOK)
    assert verdict.verdict == NOT_COMPARABLE
    assert verdict.reason == "400 epochs recorded, not each of 1 to 500"


def test_settings_forbid_any_other_departure(tmp_path: Path) -> None:
    settings = {"bilstm": {"bidirectional": True}}
    odd = {"bidirectional": False, "prefixes": "other"}
    other = build_as_run(tmp_path, "bilstm", 0, 1, config=odd)
    same = build_as_run(tmp_path, "bilstm", 1, 2, config={"bidirectional": True})
    verdicts = compare([other, same], BOOK, settings)
    assert [verdict.verdict for verdict in verdicts] == [REPRODUCED, NOT_COMPARABLE]
    assert verdicts[1].reason == "bidirectional False, the book's is True"


@pytest.mark.parametrize(
    "file, before, after",
    [
        ("result.json", "9123.4", "9124.4"),
        ("epochs.jsonl", '"seconds": 1.0', '"seconds": 2.0'),
        ("config.json", '"num_preds": 50', '"num_preds": 51'),
    ],
)
def test_an_altered_run_is_not_comparable(
    tmp_path: Path, file: str, before: str, after: str
) -> None:
    run = build_as_run(tmp_path, "bilstm", 0, 1, config={"num_preds": 50})
    path = run.directory / file
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after, 1))
    (verdict,) = compare([read_run(run.directory)], BOOK)
    assert verdict.verdict == NOT_COMPARABLE
    assert "changed after it was written" in verdict.reason


def test_a_diverged_run_differs(tmp_path: Path) -> None:
    curve = every_epoch(BOOK["lstm"], builds_of(BOOK["lstm"])[0])
    curve[100:] = [1e300] * 400
    (verdict,) = compare([write_run(tmp_path / "run", "lstm", 1, curve)], BOOK)
    assert verdict.verdict == DIFFERS


def test_a_malformed_record_is_not_comparable(tmp_path: Path) -> None:
    run = build_as_run(tmp_path, "bilstm", 0, 1)
    rows = run.epochs[:99] + [{"epoch": 100}] + run.epochs[100:]
    broken = RunRecord(run.directory, run.config, run.environment, rows, run.result)
    (run.directory / "environment.json").write_text('{"corpus": "x"}')
    for records in ([broken], read_runs([tmp_path])):
        (verdict,) = compare(records, BOOK)
        assert verdict.verdict == NOT_COMPARABLE
        assert render_text([verdict]) and to_json([verdict])
    assert 'corpus "x": accepted is an object' in verdict.reason


def test_a_seed_counts_once(tmp_path: Path) -> None:
    first = build_as_run(tmp_path / "a", "bilstm", 0, 1)
    again = build_as_run(tmp_path / "b", "bilstm", 0, 1)
    verdicts = compare([first, again], BOOK)
    assert [len(verdict.runs) for verdict in verdicts] == [1, 1]
    assert verdicts[1].verdict == NOT_COMPARABLE
    assert "seed 1 is there already" in verdicts[1].reason


def test_an_experiment_without_a_published_number(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "tagging", 1, [9.0, 5.0])
    (verdict,) = compare([run], BOOK)
    assert (verdict.verdict, verdict.book) == (NOT_COMPARABLE, None)
    assert verdict.reason == "the book prints no number for it"
    np.testing.assert_allclose(verdict.values, [5.0], rtol=1e-12, atol=0)


def made(tmp_path: Path) -> List[RunRecord]:
    runs = [build_as_run(tmp_path, "bilstm", build, build) for build in (1, 2)]
    runs.append(write_run(tmp_path / "x", "a|b\x1b[31m\n", 1, [2.0]))
    return runs


def test_the_tables_hold_every_verdict(tmp_path: Path) -> None:
    verdicts = compare(made(tmp_path), BOOK)
    text, markdown = render_text(verdicts), render_markdown(verdicts)
    assert "1.162 [1.143, 1.172]" in text and "9123 cpu(0)" in text
    assert len(text.splitlines()) == 1 + 2 * len(verdicts)
    assert "not in the book" in text and "not comparable" not in text
    assert "\x1b" not in text + markdown  # no escapes reach a terminal
    rows = markdown.replace("\\|", "").splitlines()
    assert len(rows) == 2 + len(verdicts)
    assert {row.count("|") for row in rows} == {8}
    first = json.loads(to_json(verdicts))[0]
    assert first["verdict"] == REPRODUCED and first["seeds"] == [1, 2]
    assert first["book"]["builds"] == 41 and first["judgement"]["differs"] is False


def test_the_csv_holds_what_the_json_holds(tmp_path: Path) -> None:
    verdicts = compare(made(tmp_path), BOOK)
    rows = list(csv.DictReader(io.StringIO(render_csv(verdicts))))
    objects = json.loads(to_json(verdicts))
    assert len(rows) == len(objects) == 2
    for row, found in zip(rows, objects):
        assert row["experiment"] == found["experiment"].replace("\x1b", "?").replace(
            "\n", "?"
        )
        assert float(row["mean"]) == found["mean"]
        assert float(row["max"]) == max(found["values"])
        assert int(row["runs"]) == len(found["runs"])
        published = found["book"]
        assert row["book_median"] == (
            str(published["final"]["median"]) if published else ""
        )


def test_the_latex_table_has_a_row_a_verdict_and_no_special_letter(
    tmp_path: Path,
) -> None:
    """What is special to LaTeX is escaped: even where a record's name is full of it."""
    runs = [
        *made(tmp_path),
        write_run(tmp_path / "y", "a&b%c$d#e_f{g}h~i^j\\k", 1, [2.0]),
    ]
    verdicts = compare(runs, BOOK)
    lines = render_latex(verdicts).splitlines()
    rows = [line for line in lines if line.endswith("\\\\")]
    assert len(rows) == 1 + len(verdicts)
    for row in rows:
        assert len(re.findall(r"(?<!\\)&", row)) == 6
        bare = re.sub(r"\\[&%$#_{}]|\\text\w+\{\}", "", row[:-2])
        assert not re.search(r"[&%$#_{}~^\\]", bare.replace(" & ", ""))


def test_colours_are_all_that_a_terminal_gets_besides(tmp_path: Path) -> None:
    verdicts = compare(made(tmp_path), BOOK)
    plain, coloured = render_text(verdicts), render_text(verdicts, coloured=True)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
    assert coloured.count("\x1b[32mreproduced\x1b[0m") == 1 == plain.count("reproduced")


def test_json_is_strict_for_numbers_that_are_not_finite(tmp_path: Path) -> None:
    row: Row = {"epoch": 1, "loss": 1e9, "tokens": 1, "perplexity": float("inf")}
    run = RunRecord(tmp_path, {"experiment": "x"}, {}, [row], {"perplexity": 1e999})
    text = to_json(compare([run], BOOK))
    assert "Infinity" not in text and "NaN" not in text


def test_runs_are_read_from_directories_of_directories(tmp_path: Path) -> None:
    runs = made(tmp_path)
    found = read_runs([tmp_path])
    assert {run.directory for run in found} == {run.directory for run in runs}
    assert read_runs([runs[0].directory])[0].directory == runs[0].directory
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(RunError, match=path.name):
            read_runs([path])
    (runs[0].directory / "config.json").write_text("{")
    with pytest.raises(RunError, match="config.json"):
        read_runs([runs[0].directory])
    damaged = [run for run in read_runs([tmp_path]) if run.damage]
    assert [run.directory for run in damaged] == [runs[0].directory]
    (verdict,) = compare(damaged, BOOK)
    assert verdict.verdict == NOT_COMPARABLE and "config.json" in verdict.reason
