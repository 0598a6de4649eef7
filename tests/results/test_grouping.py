"""Runs stand together when nothing but the seed sets them apart, and never else."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from d2l_rnn.experiments.settings import settings_with
from d2l_rnn.experiments.table import EXPERIMENTS, published_settings
from d2l_rnn.results.record import RunRecord, read_runs
from d2l_rnn.results.verdict.against import compare_against
from d2l_rnn.results.verdict.compare import (
    DIFFERS,
    NOT_COMPARABLE,
    REPRODUCED,
    Verdict,
    compare,
)

from . import wrong_setups
from .made_runs import BOOK, builds_of, every_epoch, write_run

SETTINGS = published_settings()


def run(
    folder: Path, name: str, seed: int, source: Any = None, **changes: Any
) -> RunRecord:
    """A build of the book (or a made curve) as a run of an experiment of ours."""
    config = {**asdict(EXPERIMENTS[name].config), **changes, "seed": seed}
    curve = [5.0] * int(config.get("num_epochs", 1))
    if name in BOOK and len(curve) == BOOK[name].num_epochs:
        curve = every_epoch(BOOK[name], builds_of(BOOK[name])[seed])
    place = folder / f"{name}-{seed}-{len(list(folder.iterdir()))}"
    return write_run(place, name, seed, curve, config=config, corpus=source)


def groups(verdicts: List[Verdict]) -> Dict[str, List[Any]]:
    return {verdict.title: list(verdict.seeds) for verdict in verdicts}


def test_three_settings_are_no_three_seeds(tmp_path: Path) -> None:
    runs = [
        run(tmp_path, "deep-gru", 1),
        run(tmp_path, "deep-gru", 2, num_hiddens=64),
        run(tmp_path, "deep-gru", 3, lr=0.1),
        run(tmp_path, "deep-gru", 4, num_hiddens=64, lr=0.1),
        run(tmp_path, "deep-gru", 5, lr=0.1),
        run(tmp_path, "deep-gru", 6, num_epochs=100),
    ]
    assert groups(compare(runs, BOOK, SETTINGS)) == {
        "deep-gru": [1],
        "deep-gru (num_hiddens 64)": [2],
        "deep-gru (lr 0.1)": [3, 5],
        "deep-gru (lr 0.1, num_hiddens 64)": [4],
        "deep-gru (num_epochs 100)": [6],
    }


@pytest.mark.parametrize("name", ["cloze", "gru-v1"])
def test_each_setting_that_changes_a_number_sets_apart_and_no_other(
    name: str, tmp_path: Path
) -> None:
    config = EXPERIMENTS[name].config
    for field in asdict(config):
        folder = tmp_path / field
        folder.mkdir()
        odd = 7 if field == "num_epochs" else "odd"
        changes = {} if field == "seed" else {field: odd}
        runs = [run(folder, name, 1), run(folder, name, 2, **changes)]
        found = compare(runs, BOOK, SETTINGS)
        apart = field in settings_with(config, "number", "length")
        assert (len(found) > 1) == apart, field
        assert [v.apart for v in found][1:] == ([f"{field} {odd}"] if apart else [])


def test_another_source_sets_apart(tmp_path: Path) -> None:
    mine = {"name": "mine.txt", "sha1": "1" * 40}
    runs = [
        run(tmp_path, "deep-gru", 1),
        run(tmp_path, "deep-gru", 2, source=mine),
        run(tmp_path, "deep-gru", 3, source={**mine, "sha1": "2" * 40}),
    ]
    found = compare(runs, BOOK, SETTINGS)
    assert [v.seeds for v in found] == [(1,), (2,), (3,)]
    assert [v.apart for v in found[1:]] == ["source mine.txt"] * 2
    # two files of one name are told apart by their sums
    found = compare(runs[1:], BOOK, SETTINGS)
    assert [v.apart for v in found] == [
        "source mine.txt (11111111)",
        "source mine.txt (22222222)",
    ]


def test_initial_weights_set_apart_and_choose_the_rule(tmp_path: Path) -> None:
    """A record without the field is of before: its weights come from its seed."""
    runs = [run(tmp_path, "gru", seed, initial_weights="book") for seed in (1, 2, 3)]
    runs += [run(tmp_path, "gru", seed, initial_weights="seed") for seed in (1, 2)]
    runs.append(run(tmp_path, "gru", 3))
    book, seed = compare(runs, BOOK, SETTINGS)
    assert (book.apart, book.seeds) == ("the builds' weights", (1, 2, 3))
    assert (seed.apart, seed.seeds) == ("own weights", (1, 2, 3))
    assert book.judgement is not None and seed.judgement is not None
    assert (book.judgement.rule, seed.judgement.rule) == ("permutation", "mixed")
    assert "permutation test of the curve" in book.reason
    assert "mixed model, r = " in seed.reason and "at r = 0" in seed.reason
    (one,) = compare(runs[:1], BOOK, SETTINGS)
    assert one.judgement is not None and one.judgement.rule == "quarter"
    assert "quarter rule" in one.reason and one.apart == ""


def test_every_run_of_sequence_has_the_builds_weights(tmp_path: Path) -> None:
    runs = [run(tmp_path, "sequence", seed) for seed in (1, 2, 3)]
    (verdict,) = compare(runs, BOOK, SETTINGS)
    assert verdict.judgement is not None and verdict.verdict == REPRODUCED
    assert verdict.judgement.rule == "permutation"


def test_what_a_reader_trained_is_grouped_by_all_its_settings(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / str(i), "my_cell.py:MINE", i, [3.0], config={"cells": n})
        for i, n in enumerate((4, 8, 8))
    ]
    assert groups(compare(runs, BOOK, SETTINGS)) == {
        "my_cell.py:MINE (cells 4)": [0],
        "my_cell.py:MINE (cells 8)": [1, 2],
    }


def test_whole_numbers_are_the_same_however_they_are_written(tmp_path: Path) -> None:
    runs = [run(tmp_path, "deep-gru", 1, lr=2), run(tmp_path, "deep-gru", 2, lr=2.0)]
    assert groups(compare(runs, BOOK, SETTINGS)) == {"deep-gru": [1, 2]}


def test_an_audits_inner_model_is_no_second_run(tmp_path: Path) -> None:
    audit = write_run(tmp_path / "audit/seed-1", "bilstm-audit", 1, [1.2])
    inner = write_run(audit.directory / "model", "bilstm", 1, [1.2] * 500)
    found = read_runs([tmp_path])
    assert [record.experiment for record in found] == ["bilstm-audit"]
    # a file that lies about makes no run of the folder, which would hide all below
    (tmp_path / "result.json").write_text("{}")
    found = [record for record in read_runs([tmp_path]) if not record.damage]
    assert [record.experiment for record in found] == ["bilstm-audit"]
    # who names it gets it
    (named,) = read_runs([inner.directory])
    assert named.experiment == "bilstm"


def wrong_run(folder: Path, name: str, seed: int, **changes: Any) -> RunRecord:
    curve = every_epoch(BOOK["rnn"], wrong_setups.load()[name][str(seed)])
    config = {**asdict(EXPERIMENTS["rnn"].config), "initial_weights": "book", **changes}
    place = folder / f"{name}-{seed}"
    return write_run(place, "rnn", seed, curve, config={**config, "seed": seed})


def test_a_learning_rate_of_nine_tenths_is_told_against_the_book(
    tmp_path: Path,
) -> None:
    runs = [wrong_run(tmp_path, "lr 0.9", seed, lr=0.9) for seed in (1, 2, 3)]
    (verdict,) = compare(runs, BOOK, SETTINGS)
    assert verdict.reason == "lr 0.9, the book's is 1"
    (verdict,) = compare_against(runs, BOOK["rnn"], SETTINGS)
    assert verdict.verdict == DIFFERS and verdict.apart == "lr 0.9"
    assert verdict.reason.startswith("against rnn: lr 0.9, the book's is 1; ")
    assert "p = 7.6e-05 (permutation test of the curve)" in verdict.reason
    right = [wrong_run(tmp_path, "book", seed) for seed in (1, 2, 3)]
    (verdict,) = compare_against(right, BOOK["rnn"], SETTINGS)
    assert verdict.verdict == REPRODUCED
    assert verdict.reason.startswith("against rnn: no setting differs; ")


def test_a_cell_of_ones_own_stands_somewhere(tmp_path: Path) -> None:
    """At the epochs that it has, on whatever corpus, and what differs is named."""
    curve = every_epoch(BOOK["gru"], builds_of(BOOK["gru"])[0])[:120]
    mine = write_run(
        tmp_path / "mine",
        "my_cell.py:MINE",
        1,
        curve,
        config={"num_hiddens": 99, "num_epochs": 120, "num_steps": 35},
        corpus={"name": "sample", "sha1": "0"},
    )
    (verdict,) = compare_against([mine], BOOK["gru"], SETTINGS)
    assert verdict.verdict == REPRODUCED
    assert verdict.reason.startswith(
        "against gru: corpus sample, the book's is time-machine; experiment "
        "my_cell.py:MINE; num_epochs 120, the book's is 500; num_hiddens 99, the "
        "book's is 256; 12 of 12 epochs inside"
    )
    np.testing.assert_allclose(verdict.values, curve[-1:], rtol=1e-9, atol=0)
    (verdict,) = compare_against([mine], BOOK["lstm"], SETTINGS)
    assert verdict.verdict == DIFFERS


@pytest.mark.parametrize(
    "epochs, finish, name, words",
    [
        (5, True, "rnn", "5 epochs, the builds are known from epoch 10 on"),
        (500, False, "rnn", "not finished: 500 of 500 epochs"),
        (500, True, "gru-v1", "heldout_perplexity is not in its record"),
        (500, True, "birnn-v1", "heldout_perplexity is not in its record"),
    ],
)
def test_what_has_no_curve_to_hold_is_told(
    tmp_path: Path, epochs: int, finish: bool, name: str, words: str
) -> None:
    made = write_run(tmp_path / "run", "tagging", 1, [2.0] * epochs, finish=finish)
    (verdict,) = compare_against([made], BOOK[name], SETTINGS)
    assert verdict.verdict == NOT_COMPARABLE and words in verdict.reason


def test_the_edition_with_three_builds_is_never_judged(tmp_path: Path) -> None:
    runs = [run(tmp_path, "birnn-v1", seed) for seed in (0, 1, 2)]
    for verdicts in (
        compare(runs, BOOK, SETTINGS),
        compare_against(runs, BOOK["birnn-v1"], SETTINGS),
    ):
        assert [verdict.verdict for verdict in verdicts] == [NOT_COMPARABLE]
        assert "the book has 3 builds only, 10 are needed" in verdicts[0].reason
