"""Pixels: what is learnt is drawn, and beats what has no memory."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import sys
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from d2l_rnn.cli import main
from d2l_rnn.data.png import read_png
from d2l_rnn.errors import UsageError
from d2l_rnn.experiments.configs_pixels import PixelsConfig
from d2l_rnn.experiments.loaded_pictures import load_pictures
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find
from d2l_rnn.results.record import read_run

HEIGHT, WIDTH = 4, 3
#: Of the two made classes: a first row of chance, then its copies; or its opposites.
NAMES = ("alike", "unlike")


def made(folder: Path) -> str:
    """Images of which everything follows from the first row and the class.

    Neither the left and the upper pixel nor the last two tell the class, but for the
    first pixel of each row: a model needs the row above and the label, so a memory.
    """
    rng = np.random.default_rng(5)
    first = rng.integers(0, 2, (400, WIDTH))
    labels = np.arange(400) % 2
    rows = [first ^ (labels[:, None] * (row % 2)) for row in range(HEIGHT)]
    names = np.array(NAMES)[labels]
    path = folder / "made.npz"
    np.savez(path, images=np.stack(rows, axis=1).astype(np.uint8), labels=names)
    return str(path)


LEARNS: Dict[str, Any] = {
    "levels": 2,
    "num_hiddens": 24,
    "embed_size": 4,
    "batch_size": 16,
    "num_epochs": 12,
    "lr": 0.02,
    "dropout": 0.0,
    "num_samples": 2,
}


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on the made images."""
    folder = tmp_path_factory.mktemp("pixels")
    config = PixelsConfig(images=made(folder), sample_every=6, **LEARNS)
    options = Options(out=str(folder / "run"), quiet=True)
    run_experiment(find("pixels"), config, options)
    return folder / "run"


def test_the_net_finds_what_there_is_to_know(learnt: Path) -> None:
    """Three bits of chance in twelve pixels: the best that can be is a quarter."""
    run = read_run(learnt)
    run.verify()
    result: Any = run.result
    assert 0.25 - 0.03 < result["heldout_bits"] < 0.3
    assert math.isclose(result["heldout_perplexity"], 2 ** result["heldout_bits"])
    others = result["baselines"]
    assert set(others) == {"unigram", "markov", "ngrams", "positions"}
    # Every position is a fair coin; what is above and the class tell all below.
    assert others["unigram"] == pytest.approx(1, abs=0.02)
    assert others["markov"] == pytest.approx(0.25, abs=0.06)
    # One pixel back tells nothing: a net without memory has nothing to go by.
    assert others["positions"] > 0.9
    assert result["heldout_images"] == 80 and result["heldout_tokens"] == 80 * 12


def test_what_it_draws_is_of_the_class(learnt: Path) -> None:
    pictures = load_pictures(learnt)
    assert pictures.classes == list(NAMES) and pictures.shape == (HEIGHT, WIDTH)
    for name in NAMES:
        drawn = pictures.draw(60, name)
        first = drawn[:, :1]
        odd = (np.arange(HEIGHT) % 2)[:, None] * NAMES.index(name)
        assert ((drawn == first ^ odd).all(axis=(1, 2))).mean() > 0.85
        assert len(np.unique(first.reshape(60, -1), axis=0)) == 8  # all first rows
    assert (pictures.draw(4, seed=3) == pictures.draw(4, seed=3)).all()


def test_the_record_has_its_pictures_and_judgement(learnt: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed here")
    result: Any = read_run(learnt).result
    assert {"samples.png", "completions.png", "samples.jsonl"} <= set(result["files"])
    assert set(result["samples"]) == {"0.5", "0.8", "1"}
    for found in result["samples"].values():
        assert found["images"] == 200
        # There are sixteen images: all that is drawn well is a copy.
        assert found["copies"] > 150 and found["recognised"] > 0.85
    assert result["judge_accuracy"] == 1 and result["heldout_copies"] == 80


def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    status = main(["generate", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_generate_draws(
    learnt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sheet.png"
    flags = [str(learnt), "--class", "unlike", "--num-samples", "7"]
    assert said(capsys, *flags, "--out", str(out)) == (
        0,
        f"{out}\n",
        "d2l-rnn: 7 images on the sheet\n",
    )
    grey = read_png(out.read_bytes(), 10**6, "it")[2::4, 2::4]  # of each four
    expected = load_pictures(learnt).draw(7, "unlike")
    for k, image in enumerate(expected):
        part = grey[:HEIGHT, k * (WIDTH + 1) :][:, :WIDTH]
        assert (part == 255 * (1 - image)).all()
    _, as_json, _ = said(capsys, *flags, "--json")
    assert json.loads(as_json)["images"] == expected.tolist()
    _, text, _ = said(capsys, *flags)
    marks = np.array([list(row.ljust(2 * WIDTH)) for row in text.split("\n")[:HEIGHT]])
    assert ((marks[:, ::2] != " ") == (expected[0] == 1)).all()


@pytest.mark.parametrize(
    "flags, why",
    [
        (["--class", "3"], "class '3' is unknown; accepted are alike, unlike"),
        (["--prefix", "a"], "--prefix: is about texts"),
        (["--beam", "2"], "--beam: is about texts"),
        (["--show-probabilities"], "--show-probabilities: is about texts"),
        (["--temperature", "0"], "temperature 0.0: greater than 0"),
        (["--temperature", "nan"], "temperature nan: greater than 0"),
        (["--num-samples", "0"], "--num-samples 0: at least 1"),
        (["--num-samples", "10001"], "at most 10,000"),
        (["--seed", "-1"], "seed -1: at least 0"),
        (["--out", "no/such/folder.png"], "accepted is a file in a folder"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(
    learnt: Path, flags: List[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = said(capsys, str(learnt), *flags)
    assert (status, out) == (2, "") and why in err and err.count("\n") == 1


def test_texts_have_no_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Path(__file__).parents[1] / "public" / "runs" / "gluon"
    status, _, err = said(capsys, str(kept), "--out", str(tmp_path / "x.png"))
    assert status == 2 and "is for pictures, of a run of pixels" in err
    assert not (tmp_path / "x.png").exists()


def test_a_changed_checkpoint_draws_nothing(
    learnt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(learnt, copy)
    path = copy / "checkpoint.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    status, _, err = said(capsys, str(copy))
    assert status == 4 and err.count("\n") == 1
    (copy / "result.json").unlink()
    status, _, err = said(capsys, str(copy))
    assert status == 4 and "not finished" in err


def test_no_classes_no_condition(tmp_path: Path) -> None:
    path = tmp_path / "plain.npz"
    grey = np.random.default_rng(0).random((20, 2, 2))
    np.savez(path, images=grey)
    tiny = PixelsConfig(
        images=str(path), num_epochs=1, num_hiddens=4, embed_size=2, num_samples=1
    )
    options = Options(out=str(tmp_path / "run"), quiet=True, plot=False)
    with pytest.raises(UsageError, match="plain.npz have no classes.*--no-conditional"):
        run_experiment(find("pixels"), tiny, options)
    plain = dataclasses.replace(tiny, conditional=False, cell="gru")
    result: Any = run_experiment(find("pixels"), plain, options).result
    assert "judge_accuracy" not in result
    assert all("recognised" not in found for found in result["samples"].values())
    with pytest.raises(UsageError, match="--no-conditional and knows no classes"):
        load_pictures(tmp_path / "run").draw(1, "3")


def test_without_scikit_learn_nobody_judges(
    learnt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    config = PixelsConfig(images=made(tmp_path), **{**LEARNS, "num_epochs": 1})
    told: List[str] = []
    options = Options(out=str(tmp_path / "run"), quiet=True, plot=False)
    result = run_experiment(find("pixels"), config, options, told.append).result
    assert result is not None and "judge_accuracy" not in result
    assert [line for line in told if "scikit-learn is missing" in line]


@pytest.mark.parametrize("temperatures", ["", "0", "-1", "warm", "1,,2", "inf", "nan"])
def test_temperatures_are_numbers_above_nothing(temperatures: str) -> None:
    with pytest.raises(UsageError, match="--temperatures.*greater than 0"):
        PixelsConfig(temperatures=temperatures)
    with pytest.raises(UsageError, match="at most 10"):
        PixelsConfig(temperatures=",".join("1" * 11))


def test_a_sheet_of_the_way_is_a_picture(learnt: Path) -> None:
    import base64

    from PIL import Image

    lines = (learnt / "samples.jsonl").read_text().splitlines()
    samples = [json.loads(line) for line in lines]
    assert [sample["epoch"] for sample in samples] == [6, 12]
    picture = Image.open(io.BytesIO(base64.b64decode(samples[1]["png"])))
    assert picture.size == (4 * (10 * (WIDTH + 1) - 1), 4 * HEIGHT)
