"""Curves of several runs: who is drawn as one line, and that they are drawn right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import List

import numpy as np
import pytest

from d2l_rnn.cli import main
from d2l_rnn.errors import UsageError
from d2l_rnn.results.plots_runs import FORMS, grouped, runs_figure
from d2l_rnn.results.record import RunRecord

from .made_runs import write_run


def made(folder: Path) -> List[RunRecord]:
    """Three learning rates, 10 the largest, with two seeds each."""
    return [
        write_run(
            folder / f"{lr}-{seed}",
            "gru",
            seed,
            [9.0 / lr + seed, 5.0 / lr + seed],
            config={"lr": lr},
        )
        for lr in (10, 2.0, 0.5)
        for seed in (1, 2)
    ]


def test_a_line_is_the_mean_of_the_runs_that_are_alike_in_a_band_to_its_ends(
    tmp_path: Path,
) -> None:
    groups = grouped(made(tmp_path), ["lr"])
    assert list(groups) == ["lr 0.5", "lr 2.0", "lr 10"]  # by value, not as text
    figure = runs_figure(groups)
    lines = figure.axes[0].get_lines()
    for lr, line, band in zip((0.5, 2.0, 10), lines, figure.axes[0].collections):
        np.testing.assert_allclose(
            np.asarray(line.get_ydata()), [9 / lr + 1.5, 5 / lr + 1.5], rtol=1e-6
        )
        ends = band.get_paths()[0].vertices[:, 1]
        np.testing.assert_allclose(
            [ends.min(), ends.max()], [5 / lr + 1, 9 / lr + 2], rtol=1e-6
        )


def test_only_epochs_that_all_have_are_drawn(tmp_path: Path) -> None:
    short = write_run(tmp_path / "short", "gru", 1, [4.0], finish=False)
    longer = write_run(tmp_path / "longer", "gru", 2, [2.0, 1.0], finish=False)
    line = runs_figure({"both": [short, longer]}).axes[0].get_lines()[0]
    assert list(np.asarray(line.get_xdata())) == [1]
    np.testing.assert_allclose(np.asarray(line.get_ydata()), [3.0], rtol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_runs_give_the_same_bytes(form: str, tmp_path: Path) -> None:
    made(tmp_path / "runs")
    written = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}{form}"
        arguments = [str(tmp_path / "runs"), "--by", "lr", "--out", str(path)]
        assert main(["plot", *arguments, "--book", "gru"]) == 0
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert not re.search(rb"20\d\d-\d\d-\d\d|CreationDate", written[0])


@pytest.mark.parametrize(
    "arguments, status, words",
    [
        (["--by", "zebra"], 2, "--by zebra: no setting of these runs; theirs are"),
        (["--out", "x.gif"], 2, "--out x.gif: accepted are names that end in .png"),
        (["--out", "no/x.pdf"], 2, "--out no/x.pdf"),
        (["--book", "zebra"], 2, "--book zebra: the book has no number for it"),
    ],
)
def test_bad_input_gets_one_line_and_no_file(
    arguments: List[str],
    status: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    made(tmp_path / "runs")
    assert main(["plot", *arguments]) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_tampered_run_is_left_out_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = made(tmp_path / "runs")
    path = runs[0].directory / "epochs.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0]["loss"] += 1.0
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = str(tmp_path / "x.png")
    assert main(["plot", str(tmp_path / "runs"), "--by", "lr", "--out", out]) == 0
    told = capsys.readouterr().err
    assert "left out" in told and str(runs[0].directory) in told
    assert "3 lines of 5 runs" in told


def test_more_lines_than_can_be_told_apart_are_refused(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / str(n), "gru", n, [2.0], config={"lr": n})
        for n in range(1, 16)
    ]
    with pytest.raises(UsageError, match="15 lines"):
        grouped(runs, ["lr"])
