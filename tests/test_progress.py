"""What is shown of a training, and when."""

from __future__ import annotations

import io
import math
import sys
import time
from pathlib import Path
from typing import Any, List, Tuple

import pytest

from d2l_rnn import progress
from d2l_rnn.cli import main
from d2l_rnn.progress import Progress
from d2l_rnn.results import plots_live
from d2l_rnn.results.book import BookNumber, load_book
from d2l_rnn.results.record import read_run
from d2l_rnn.training.loop import EpochRow


class Curve:
    """Stands for the notebook's."""

    made: List[Curve] = []

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.points: List[Tuple[int, List[float]]] = []
        self.made.append(self)

    def add(self, x: int, y: List[float]) -> None:
        self.points.append((x, y))


@pytest.fixture
def curves(monkeypatch: pytest.MonkeyPatch) -> List[Curve]:
    """The curves that are made where there is a notebook."""
    monkeypatch.setattr(progress, "kernel_shell", object)
    monkeypatch.setattr(plots_live, "Animator", Curve)
    monkeypatch.setattr(Curve, "made", [])
    return Curve.made


def train(shown: Progress, num_epochs: int) -> None:
    for epoch in range(1, num_epochs + 1):
        shown.show(EpochRow(epoch, 10 * math.log(epoch), 10, 0.5))
    shown.close()


@pytest.mark.parametrize(
    "num_epochs, drawn",
    [
        (1, [1]),
        (19, list(range(1, 20))),
        (20, [10, 20]),
        (45, [10, 20, 30, 40]),
    ],
)
def test_the_curve_in_a_notebook(
    num_epochs: int, drawn: List[int], curves: List[Curve]
) -> None:
    """Every tenth epoch as in the book; all of them where these would be too few."""
    train(Progress(num_epochs), num_epochs)
    (curve,) = curves
    assert [x for x, _ in curve.points] == drawn
    # The perplexity of an epoch was made to be its number.
    assert [y for _, y in curve.points] == [[pytest.approx(x)] for x in drawn]
    low, high = curve.settings["xlim"]
    assert low <= drawn[0] and max(drawn) <= high and low < high


def test_quiet_is_quiet_everywhere(
    curves: List[Curve], capsys: pytest.CaptureFixture[str]
) -> None:
    train(Progress(3, quiet=True), 3)
    assert curves == [] and capsys.readouterr() == ("", "")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_bar_on_a_terminal_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stderr)
    train(Progress(3, name="loss", value_of=lambda row: row.epoch), 3)
    assert ("/3 [" in stderr.getvalue()) == terminal


@pytest.mark.parametrize(
    "num_epochs, epochs",
    [(3, [1, 2, 3]), (10, list(range(1, 11))), (11, [2, 4, 6, 8, 10])],
)
def test_piped_at_most_ten_lines_over_the_whole_training(
    num_epochs: int, epochs: List[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    lines: List[str] = []
    train(Progress(num_epochs, notify=lines.append), num_epochs)
    assert lines == [
        f"epoch {epoch} of {num_epochs}: perplexity {epoch}, 20 tokens/sec"
        for epoch in epochs
    ]


@pytest.mark.parametrize("first, terminal", [(1, False), (1, True), (41, False)])
def test_after_the_third_epoch_the_minutes_left_are_told(
    first: int, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the pace of the second and third: the first epoch warms up."""
    stderr = io.StringIO()
    monkeypatch.setattr(stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stderr)
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    lines: List[str] = []
    shown = Progress(100, first_epoch=first, notify=lines.append)
    told = []
    for epoch in range(first, 101):
        shown.show(EpochRow(epoch, 1.0, 10, 0.5))
        now[0] += 7.0  # an epoch takes so long
        if "min to the end" in stderr.getvalue() + "".join(lines):
            told.append(epoch)
    assert told[0] == first + 2
    minutes = (100 - told[0]) * 7 / 60
    everything = stderr.getvalue() + "\n".join(lines)
    assert everything.count(f"about {minutes:.0f} min to the end") == 1


class OverBuilds(Curve):
    """Stands for the curve over the builds."""

    def __init__(self, number: BookNumber, first: float, last: float) -> None:
        super().__init__(number=number, xlim=(first, last))


def test_the_curve_of_an_experiment_is_over_its_builds(
    curves: List[Curve], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the book's metric; what the bar and the lines say stays as it is."""
    monkeypatch.setattr(plots_live, "CurveOverBuilds", OverBuilds)
    lines: List[str] = []
    number = load_book()["seq2seq"]
    shown = Progress(
        2, notify=lines.append, number=number, published=lambda row: 7.0 * row.epoch
    )
    train(shown, 2)
    (curve,) = curves
    assert curve.settings["number"] is number
    assert curve.points == [(1, [7.0]), (2, [14.0])]


@pytest.mark.parametrize(
    "name, flags",
    [
        ("rnn", "--num-hiddens 4 --max-tokens 300 --batch-size 4 --num-steps 8"),
        ("gru-v1", "--num-hiddens 4 --num-steps 8 --num-train 64 --num-val 16"),
        ("sequence", "--num-points 280 --num-train 100 --num-hiddens 4"),
    ],
)
def test_a_run_in_a_notebook_draws_the_books_number(
    name: str,
    flags: str,
    curves: List[Curve],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The very numbers that its record gives in that metric."""
    monkeypatch.setattr(plots_live, "CurveOverBuilds", OverBuilds)
    words = ["run", name, *flags.split(), "--epochs", "2", "--out", str(tmp_path / "r")]
    if name != "sequence":
        words += ["--corpus", "sample"]
    assert main([*words, "--no-plot"]) == 0
    (curve,) = curves
    number = load_book()[name]
    rows = read_run(tmp_path / "r").epochs
    assert [epoch for epoch, _ in curve.points] == [1, 2]
    assert [values for _, values in curve.points] == [
        [pytest.approx(number.value_of(row))] for row in rows
    ]
