"""Runs on several devices: recorded, resumed and used as those on one; or refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
from mxnet import cpu

from d2l_rnn import checkpoint_file
from d2l_rnn.cli import main
from d2l_rnn.errors import UsageError
from d2l_rnn.experiments import runner
from d2l_rnn.experiments.language import build
from d2l_rnn.experiments.placing import devices_of
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.sizes import check_sizes
from d2l_rnn.experiments.table import EXPERIMENTS, find
from d2l_rnn.results.record import CHECKPOINT, RunRecord, read_run

ONE, TWO, THREE = "cpu", "cpu:0,cpu:1", "cpu:0,cpu:1,cpu:2"
TINY = {
    "corpus": "text.txt",
    "max_tokens": 400,
    "num_hiddens": 6,
    "batch_size": 5,
    "num_steps": 8,
    "num_preds": 3,
}
PAIRS = {
    "corpus": "sample",
    "num_examples": 60,
    "num_hiddens": 6,
    "embed_size": 6,
    "num_layers": 1,
    "batch_size": 19,
    "dropout": 0.0,
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short text lies there too; the state is saved after every epoch."""
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("the time traveller went on and on by itself. " * 20)
    monkeypatch.setattr(runner, "_CHECKPOINT_EVERY_SECONDS", -1.0)


def run(name: str, out: str, resume: bool = False, **changes: Any) -> RunRecord:
    settings = PAIRS if name.startswith("seq2seq") else TINY
    config = dataclasses.replace(find(name).config, **{**settings, **changes})
    options = Options(out, resume, quiet=True, plot=False)
    return run_experiment(find(name), config, options)


def losses(record: RunRecord) -> List[float]:
    return [row["loss"] for row in record.epochs]


def same_numbers(one: RunRecord, other: RunRecord) -> None:
    """Bit for bit, rows and weights."""
    assert losses(one) == losses(other)
    pairs = [checkpoint_file.load(r.directory / CHECKPOINT)[0] for r in (one, other)]
    assert pairs[0].keys() == pairs[1].keys()
    for name, array in pairs[0].items():
        np.testing.assert_array_equal(array, pairs[1][name])


@pytest.mark.parametrize("name", ["lstm", "rnn-scratch", "seq2seq"])
def test_a_run_is_that_of_one_device(name: str) -> None:
    one = run(name, "one", device=ONE, num_epochs=2)
    for out, device, named in (
        ("two", TWO, "cpu(0), cpu(1)"),
        ("three", THREE, "cpu(0), cpu(1), cpu(2)"),
    ):
        several = run(name, out, device=device, num_epochs=2)
        np.testing.assert_allclose(losses(several), losses(one), rtol=1e-5)
        environment = json.loads(Path(out, "environment.json").read_text())
        assert environment["device"] == named == environment["starts"][0]["device"]
        assert several.result is not None and several.result["device"] == named
        assert several.environment["path"] == one.environment["path"]
        arrays, notes = checkpoint_file.load(several.directory / CHECKPOINT)
        expected, their_notes = checkpoint_file.load(one.directory / CHECKPOINT)
        assert notes.keys() == their_notes.keys()
        assert {k: a.shape for k, a in arrays.items()} == {
            k: a.shape for k, a in expected.items()
        }
        for key, array in arrays.items():
            np.testing.assert_allclose(array, expected[key], rtol=1e-3, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lstm", "birnn-scratch", "seq2seq"])
def test_a_run_is_that_of_one_device_over_20_epochs(name: str) -> None:
    one = run(name, "one", device=ONE, num_epochs=20)
    for out, device in (("two", TWO), ("three", THREE)):
        several = run(name, out, device=device, num_epochs=20)
        np.testing.assert_allclose(losses(several), losses(one), rtol=1e-5)


def test_a_large_vocabulary_has_dense_gradients_there() -> None:
    """On one device a table is read, whose gradient is of some rows alone."""
    words = " ".join(f"{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(650))
    Path("text.txt").write_text(f"{words}\n" * 2)
    changes: Dict[str, Any] = {"token": "word", "max_tokens": 1000, "num_epochs": 2}
    one = run("rnn", "one", device=ONE, **changes)
    two = run("rnn", "two", device=TWO, **changes)
    assert one.environment["path"] == "table" and two.environment["path"] == "packed"
    np.testing.assert_allclose(losses(two), losses(one), rtol=1e-5)
    second = run("rnn", "second", device="cpu:1", **changes)
    assert second.environment["path"] == "packed"
    np.testing.assert_allclose(losses(second), losses(one), rtol=1e-5)


@pytest.mark.slow
def test_at_the_books_settings_it_is_that_of_one_device_up_to_rounding() -> None:
    """With 256 hidden units and a rate of 1 a rounding error grows epoch by epoch.

    How much is told by one device: its recurrent weights are nudged by a part in 2^20.
    """
    config = dataclasses.replace(
        find("rnn").config, corpus="sample", max_tokens=4000, num_epochs=20
    )

    def curve(device: str, nudge: float = 0) -> Any:
        own = dataclasses.replace(config, device=device)
        run: Any = find("rnn").family()(own, cpu(), lambda line: None)
        weight = run.nets[""].rnn.l0_h2h_weight.data()
        weight[:] = weight.asnumpy() * np.float32(1 + nudge)
        return np.array([row.loss for row in run.rows(1)])

    one, nudged = curve(ONE), curve(ONE, 2**-20)
    grown = np.maximum.accumulate(np.abs(nudged / one - 1))
    for device in (TWO, THREE):
        apart = np.abs(curve(device) / one - 1)
        assert (apart[:5] < 1e-6).all()
        assert (apart < 1e-6 + 10 * grown).all()


@pytest.mark.parametrize("name", ["gru", "seq2seq"])
def test_it_is_resumed_bit_for_bit_also_from_another_number_of_devices(
    name: str,
) -> None:
    """Seq2seq has Adam's moments, which every device needs."""
    whole = run(name, "whole", device=TWO, num_epochs=3)
    run(name, "parts", device=TWO, num_epochs=1)
    same_numbers(run(name, "parts", True, device=TWO, num_epochs=3), whole)
    run(name, "moved", device=ONE, num_epochs=1)
    moved = run(name, "moved", True, device=THREE, num_epochs=3)
    np.testing.assert_allclose(losses(moved), losses(whole), rtol=1e-5)
    starts = read_run("moved").environment["starts"]
    assert [start["device"] for start in starts] == ["cpu(0)", "cpu(0), cpu(1), cpu(2)"]
    assert starts[1]["first_epoch"] == 2


def test_every_experiment_shares_its_minibatches_or_says_that_it_does_not() -> None:
    can = set()
    for name, experiment in EXPERIMENTS.items():
        config = dataclasses.replace(experiment.config, device=TWO)
        if getattr(config, "dropout", 0.0):
            with pytest.raises(UsageError, match="--dropout 0.* other numbers|trains"):
                devices_of(experiment.family(), config)
            config = dataclasses.replace(config, dropout=0.0)
        try:
            assert len(devices_of(experiment.family(), config)) == 2
            can.add(name)
        except UsageError as error:
            assert "experiment trains on one device; name one device" in str(error)
    assert {"rnn", "lstm-scratch", "deep-lstm", "rnn-zh", "bilstm"} <= can
    assert {"seq2seq", "seq2seq-attention"} <= can
    assert not can & {"hmm", "cloze", "tagging", "sequence", "rnn-handwritten", "bptt"}


@pytest.mark.parametrize(
    "flags, line",
    [
        ("hmm --device cpu:0,cpu:1", "this experiment trains on one device; name one"),
        ("seq2seq --device cpu:0,cpu:1", "--dropout 0.1 draws other numbers on each"),
        (
            "seq2seq --dropout 0 --schedule linear --device cpu:0,cpu:1",
            "--schedule linear draws other numbers",
        ),
        ("rnn --device cpu:0,cpu", "cpu(0) is named twice"),
        ("rnn --device auto,cpu:1", "auto stands for one device, alone"),
        ("rnn --device cpu:0,", "'' is none of auto, cpu, cpu:0 to cpu:15, gpu"),
        ("rnn --device cpu:0,cpu:16", "'cpu:16' is none of auto, cpu"),
        ("rnn --device cpu:0,gpu:0", "sees 0 GPU(s)"),
        ("rnn --batch-size 1 --device cpu:0,cpu:1", "2 devices need at least a row"),
    ],
)
def test_what_cannot_be_is_one_line(
    flags: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", *flags.split(), "--corpus", "sample", "--out", "out"]
    if flags.startswith("rnn"):
        arguments += ["--max-tokens", "400"]
    assert main([*arguments, "--quiet"]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("d2l-rnn: error: --") and line in told
    assert not Path("out").exists()


def test_a_net_that_a_gpu_trained_is_made_again_where_there_is_none() -> None:
    """Its sizes are checked before its weights; the GPU's memory is not asked for."""
    for device in ("gpu", "gpu:1", "gpu:0,gpu:1"):
        config = dataclasses.replace(find("rnn").config, device=device)
        check_sizes(config, 28)
        assert build(config, 28, cpu()).vocab_size == 28


@pytest.mark.parametrize("command", ["audit", "generate"])
def test_commands_that_ask_one_net_want_one_device(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("rnn", "run", device=TWO, num_epochs=1)
    arguments = {
        "audit": ["audit", "run", "--device", TWO],
        "generate": ["generate", "run", "--prefix", "the", "--num-preds", "3"],
    }
    status = main(arguments[command])
    out, err = capsys.readouterr()
    if command == "generate":  # what two devices have trained is used as any other
        assert status == 0 and out.startswith("the")
    else:
        assert status == 2 and f"--device {TWO}: accepted are auto" in err
