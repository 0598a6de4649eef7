"""What is shown of a training, and when."""

from __future__ import annotations

import io
import math
import sys
from typing import Any, List, Tuple

import pytest

from d2l_rnn import progress
from d2l_rnn.progress import Progress
from d2l_rnn.results import plots_live
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
