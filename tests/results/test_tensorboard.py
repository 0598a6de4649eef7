"""What TensorBoard shows is what the record holds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from d2l_rnn.cli import main
from d2l_rnn.results.record import read_run
from d2l_rnn.results.tensorboard import FOLDER, Scalars

TINY = ["--corpus", "sample", "--num-hiddens", "4", "--max-tokens", "1500"]
TINY += ["--num-preds", "1", "--epochs", "2", "--no-plot", "--quiet"]

ROWS = [
    {
        "epoch": epoch,
        "loss": 100.0 / epoch,
        "tokens": 50,
        "seconds": 1.0,
        "perplexity": float(np.exp(2.0 / epoch)),
        "tokens_per_sec": 50.0,
        "bleu": 0.1 * epoch,
    }
    for epoch in (1, 2, 3)
]


def shown(directory: Path) -> Dict[str, List[Tuple[int, float]]]:
    """Scalars by name in the event files of a run."""
    proto = pytest.importorskip(
        "tensorboardX.proto.event_pb2", reason="needs the extra [tensorboard]"
    )
    found: Dict[str, List[Tuple[int, float]]] = {}
    for path in (directory / FOLDER).glob("events*"):
        data = path.read_bytes()
        while data:  # length (8 bytes), its check (4), the event, its check (4)
            length = int.from_bytes(data[:8], "little")
            event: Any = proto.Event.FromString(data[12 : 12 + length])
            for value in event.summary.value:
                pair = (event.step, value.simple_value)
                found.setdefault(value.tag, []).append(pair)
            data = data[16 + length :]
    return found


def test_rows_are_shown_and_a_resumed_run_shows_none_twice(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="needs the extra [tensorboard]")
    first = Scalars(tmp_path)
    for row in ROWS:
        first.write(row)
    first.close()
    again = Scalars(tmp_path, ROWS[:1])  # its checkpoint was of epoch 1
    again.write(ROWS[1])
    again.finish({"heldout_perplexity": 7.5})
    again.close()
    found = shown(tmp_path)
    assert set(found) == {
        "perplexity",
        "tokens_per_sec",
        "bleu",
        "loss_per_token",
        "heldout_perplexity",
    }
    assert [epoch for epoch, _ in found["perplexity"]] == [1, 2]
    np.testing.assert_allclose(
        [value for _, value in found["loss_per_token"]], [2.0, 1.0], rtol=1e-6, atol=0
    )
    assert found["heldout_perplexity"] == [(2, 7.5)]


def test_a_run_with_the_flag(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="needs the extra [tensorboard]")
    out = tmp_path / "run"
    assert main(["run", "rnn", *TINY, "--tensorboard", "--out", str(out)]) == 0
    recorded = [row["perplexity"] for row in read_run(out).epochs]
    values = [value for _, value in shown(out)["perplexity"]]
    np.testing.assert_allclose(values, recorded, rtol=1e-6, atol=0)


def test_without_tensorboardx_nothing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    out = tmp_path / "run"
    assert main(["run", "rnn", *TINY, "--tensorboard", "--out", str(out)]) == 2
    assert "pip install tensorboardX" in capsys.readouterr().err
    assert not out.exists()


def test_pandas_reads_the_epochs_in_one_line(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="comes with d2l, not on Python 3.12")
    out = tmp_path / "run"
    assert main(["run", "rnn", *TINY, "--out", str(out)]) == 0
    frame = pandas.read_json(out / "epochs.jsonl", lines=True)
    assert list(frame["epoch"]) == [1, 2]
    mean = frame["loss"] / frame["tokens"]
    np.testing.assert_allclose(np.exp(mean), frame["perplexity"], rtol=1e-12, atol=0)
