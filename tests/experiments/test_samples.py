"""Samples on the way: seen, resumed, shown, and without an effect on the curve."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from d2l_rnn.errors import RunError
from d2l_rnn.experiments import runner
from d2l_rnn.experiments.table import find
from d2l_rnn.results.book import load_book
from d2l_rnn.results.record import read_run
from d2l_rnn.results.report import render_report

from .test_resume import run, stop

SAMPLES = "samples.jsonl"
ODD: Dict[str, Any] = {"num_epochs": 5, "sample_every": 2}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("the time traveller went on and on by itself. " * 20)
    grey = np.random.default_rng(1).integers(0, 4, (30, 3, 3)).astype(np.uint8)
    np.savez("images.npz", images=grey, labels=np.arange(30) % 2)
    monkeypatch.setattr(runner, "_CHECKPOINT_EVERY_SECONDS", -1.0)


def made(name: str) -> Dict[str, Any]:
    """What an experiment's configuration has to be told beside what all are."""
    if name == "pixels":
        return {"images": "images.npz", "levels": 4, "num_samples": 1, "embed_size": 2}
    if name == "one-to-many":
        return {"corpus": "sample", "num_examples": 30, "num_steps": 20}
    if name.endswith("-v1"):
        return {"num_train": 60, "num_val": 20, "batch_size": 20}
    return {}


def curve(out: str) -> List[str]:
    """All that is recorded of the epochs but what a clock told, and the weights."""
    lines = Path(out, "epochs.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    timed = ("seconds", "tokens_per_sec")
    return [
        repr({k: v for k, v in row.items() if not k.endswith(timed)}) for row in rows
    ]


def weights(out: str) -> Dict[str, bytes]:
    from d2l_rnn import checkpoint_file

    arrays, _ = checkpoint_file.load(Path(out, "checkpoint.safetensors"))
    return {name: array.tobytes() for name, array in arrays.items()}


def samples(out: str) -> List[Any]:
    return [json.loads(line) for line in Path(out, SAMPLES).read_text().splitlines()]


@pytest.mark.parametrize(
    "name",
    ["lstm", "pixels"]
    + [
        pytest.param(n, marks=pytest.mark.slow)
        for n in (
            "gru-scratch",
            "rnn-handwritten",
            "bilstm",
            "deep-lstm",
            "rnn-scratch-random",
            "one-to-many",
            "gru-v1",
        )
    ],
)
def test_the_curve_is_the_same_bit_for_bit(name: str) -> None:
    if name.endswith("-v1"):
        pytest.importorskip("d2l", reason="d2l is not installed here")
    run(name, "without", **{**ODD, **made(name), "sample_every": 0})
    run(name, "with", **{**ODD, **made(name)})
    assert curve("with") == curve("without") and len(curve("with")) == 5
    assert weights("with") == weights("without")
    assert not Path("without", SAMPLES).exists()
    found = samples("with")
    assert [sample["epoch"] for sample in found] == [2, 4]
    assert all(sample.get("texts") or sample.get("png") for sample in found)


@pytest.mark.slow
def test_dropout_draws_as_it_would_have() -> None:
    config: Dict[str, Any] = {**ODD, "num_layers": 2, "dropout": 0.5}
    run("lstm", "without", **{**config, "sample_every": 0})
    run("lstm", "with", **config)
    assert curve("with") == curve("without") and weights("with") == weights("without")


def test_the_last_sample_is_what_the_run_ends_with() -> None:
    run("gru", "run", num_epochs=4, sample_every=2)
    record = read_run("run")
    assert record.result is not None
    assert samples("run")[-1]["texts"] == record.result["texts"]


@pytest.mark.parametrize(
    "name, after",
    [
        ("gru", 2),
        ("pixels", 3),
        pytest.param("gru", 3, marks=pytest.mark.slow),
        pytest.param("gru", 5, marks=pytest.mark.slow),
        pytest.param("pixels", 5, marks=pytest.mark.slow),
    ],
)
def test_resumed_they_are_those_of_a_run_without_a_break(name: str, after: int) -> None:
    changes = {**ODD, **made(name)}
    run(name, "whole", **changes)
    stop(name, "run", after, **changes)
    run(name, "run", resume=True, **changes)
    assert Path("run", SAMPLES).read_bytes() == Path("whole", SAMPLES).read_bytes()
    assert curve("run") == curve("whole")
    read_run("run").verify()


@pytest.mark.slow
def test_a_longer_run_keeps_those_of_the_shorter() -> None:
    run("gru", "run", **ODD)
    run("gru", "run", resume=True, **{**ODD, "num_epochs": 9})
    run("gru", "whole", **{**ODD, "num_epochs": 9})
    assert Path("run", SAMPLES).read_bytes() == Path("whole", SAMPLES).read_bytes()


@pytest.mark.parametrize(
    "damage, why",
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_text(""), "not one sample after each 2"),
        pytest.param(
            lambda path: path.write_text("[1]\n"),
            "not a JSON object",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            lambda path: path.write_text('{"epoch": 2, "texts": "a"}\n'),
            "texts",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_lost_ones_are_missed(damage: Any, why: str) -> None:
    stop("gru", "run", 4, **ODD)  # saved: three epochs, of which one was shown
    damage(Path("run", SAMPLES))
    rows = Path("run", "epochs.jsonl").read_bytes()
    with pytest.raises(RunError, match=why):
        run("gru", "run", resume=True, **ODD)
    assert Path("run", "epochs.jsonl").read_bytes() == rows


def page(out: str) -> str:
    return render_report([read_run(out)], load_book())


def forge(sample: Dict[str, Any]) -> None:
    """Write a sample, and its SHA-256 into the result: who can write can do that."""
    line = json.dumps(sample) + "\n"
    Path("run", SAMPLES).write_text(line)
    result = json.loads(Path("run", "result.json").read_text())
    result["files"][SAMPLES] = hashlib.sha256(line.encode()).hexdigest()
    Path("run", "result.json").write_text(json.dumps(result))


def test_the_report_shows_texts_beside_the_curve() -> None:
    run("gru", "run", **ODD)
    path = Path("run", SAMPLES)
    shown = page("run")
    strip = re.search("<div class=strip.*?</div>", shown, re.DOTALL)
    assert strip is not None and "class=beside" in shown
    assert strip.group().count("epoch 2<") == strip.group().count("epoch 4<") >= 1
    first = samples("run")[0]["texts"][0]
    assert first in strip.group()
    # what was changed is not shown, and that is said
    path.write_text(path.read_text().replace(first, "forged"))
    shown = page("run")
    assert "forged" not in shown and "class=strip" not in shown
    assert "samples not shown: changed after it was written" in shown


def test_the_report_shows_pictures_and_no_others() -> None:
    run("pixels", "run", **{**ODD, **made("pixels")})
    shown = page("run")
    for sample in samples("run"):
        assert f"data:image/png;base64,{sample['png']}" in shown
    svg = base64.b64encode(b"<svg onload='alert(1)'/>").decode()
    for forged in (svg, "no base 64!", "<script>"):
        forge({"epoch": 2, "png": forged})
        shown = page("run")
        assert forged not in shown and "samples not shown: its png" in shown


def test_texts_are_escaped() -> None:
    run("gru", "run", **ODD)
    forge({"epoch": 2, "texts": ["<script>alert(1)</script>"]})
    shown = page("run")
    assert "<script>" not in shown and "&lt;script&gt;" in shown


def test_no_experiment_is_asked_that_shows_nothing() -> None:
    """Who has the setting has an answer: the flag is no empty promise."""
    from d2l_rnn.experiments.contract import ExperimentRun
    from d2l_rnn.experiments.table import EXPERIMENTS

    for name in EXPERIMENTS:
        config = find(name).config
        if name.endswith(("-v1", "-audit")):
            continue  # needs d2l; hands it on to the run inside it
        answers = find(name).family().sample is not ExperimentRun.sample
        assert answers == hasattr(config, "sample_every"), name
