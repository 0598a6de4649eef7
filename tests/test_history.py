"""A history in numbers, as a table and as a curve; recorded or just trained."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from d2l_rnn.errors import D2lRnnError, UsageError
from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.history import Epochs, History, RecordedHistory
from d2l_rnn.training.loop import EpochRow

KEPT = Path(__file__).parent / "public" / "runs"


def histories() -> Any:
    trained = History([EpochRow(1, 300.0, 100, 0.5), EpochRow(2, 100.0, 100, -1.0)])
    return trained, RecordedHistory(trained.rows(), "lstm")


@pytest.mark.parametrize("which", [0, 1])
def test_perplexities_and_table(which: int) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed here")
    history: Epochs[Any] = histories()[which]
    assert history.perplexities == [math.exp(3), math.exp(1)]
    table = history.to_pandas()
    assert isinstance(table, pandas.DataFrame)
    assert table["perplexity"].tolist() == history.perplexities
    assert table["epoch"].tolist() == [1, 2] and table["seconds"].tolist() == [0.5, 0]
    assert type(history)().perplexities == [] and len(type(history)().to_pandas()) == 0


def test_curves() -> None:
    trained, recorded = histories()
    for history, against, builds in (
        (trained, {}, False),
        (trained, {"against": "lstm"}, True),
        (recorded, {}, True),
        (recorded, {"against": ""}, False),
    ):
        (axes,) = history.plot(**against).axes
        (curve,) = [line for line in axes.lines if line.get_label() == "this run"]
        assert curve.get_xdata().tolist() == [1, 2]
        assert curve.get_ydata().tolist() == history.perplexities
        assert bool(axes.collections) == builds
    with pytest.raises(UsageError, match="against 'gtp': accepted are .*lstm"):
        trained.plot("gtp")


def test_a_loaded_run_has_its_history() -> None:
    history = load_run(KEPT / "gluon").history
    assert history.perplexities == [row["perplexity"] for row in history]
    assert [row["epoch"] for row in history] == [1, 2]


def test_without_pandas_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(D2lRnnError, match="pandas is missing; .* install .*pandas"):
        histories()[1].to_pandas()


def test_a_run_is_used_without_mxnet() -> None:
    """Loading, generating, filling, translating: in one process."""
    code = f"""
import sys
from d2l_rnn.cli import main
import d2l_rnn
kept = {str(KEPT)!r}
assert d2l_rnn.load_run(kept + "/gluon").history.perplexities
for command in (
    ["generate", kept + "/scratch", "--num-preds", "3"],
    ["fill", "the wat_r", "--run", kept + "/cloze"],
    ["translate", kept + "/seq2seq-attention", "go .", "--show-attention"],
    ["translate", kept + "/seq2seq", "go .", "--beam", "2", "--device", "gpu"],
):
    assert main(command) == 0, command
heavy = {{"mxnet", "matplotlib", "pandas", "d2l"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.decode().splitlines()[-1] == (
        "d2l-rnn: --device gpu: NumPy answers, on the CPU"
    )
