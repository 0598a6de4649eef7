"""A checkpoint is used only beside the record of the run that it is of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Callable

import mxnet
import pytest

from d2l_rnn import checkpoint_file
from d2l_rnn.errors import RunError
from d2l_rnn.experiments.trained import load_language_model

KEPT = Path(__file__).parents[1] / "public" / "runs" / "gluon"


def edited(name: str, before: str, after: str) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        text = (run / name).read_text()
        assert before in text
        (run / name).write_text(text.replace(before, after, 1))

    return edit


def noted(key: str, value: object) -> Callable[[Path], None]:
    def note(run: Path) -> None:
        path = run / "checkpoint.safetensors"
        arrays, notes = checkpoint_file.load(path)
        checkpoint_file.save(path, arrays, {**notes, key: value})

    return note


def slower(run: Path) -> None:
    path = run / "epochs.jsonl"
    first, second = map(json.loads, path.read_text().splitlines())
    first["seconds"] += 1
    path.write_text(f"{json.dumps(first)}\n{json.dumps(second)}\n")


@pytest.mark.parametrize(
    "change, reason",
    [
        (slower, "changed after it was written"),
        (edited("result.json", '"status": "finished"', '"status": "x"'), "changed"),
        (noted("seed", 2), "another seed"),
        (noted("experiment", "gru"), "another experiment"),
        (noted("corpus", {"name": "x", "sha1": "0"}), "another corpus"),
        (noted("corpus", "x"), "note corpus .*: accepted is an object"),
        (noted("epoch", 1.5), "note epoch 1.5: accepted is a whole number"),
        (noted("epoch", -1), "note epoch -1: accepted is at least 0"),
        (noted("epoch", 3), "not each of the epochs 1 to 3"),
        (noted("rows_sha256", "0" * 64), "do not have the SHA-256"),
        (noted("vocab", ["<unk>", 5]), "no vocabulary .*no list of texts"),
        (noted("vocab", None), "no vocabulary .*no list of texts"),
    ],
)
def test_what_does_not_belong_together_is_not_used(
    change: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(KEPT, run)
    assert load_language_model(run, mxnet.cpu()).experiment == "lstm"
    change(run)
    with pytest.raises(RunError, match=reason) as error:
        load_language_model(run, mxnet.cpu())
    assert "\n" not in str(error.value)


def test_of_an_unfinished_run_the_rows_behind_the_checkpoint_do_not_count(
    tmp_path: Path,
) -> None:
    run = tmp_path / "run"
    shutil.copytree(KEPT, run)
    (run / "result.json").unlink()
    with open(run / "epochs.jsonl", "a") as file:
        file.write('{"epoch": 3, "loss": 1.0, "tokens": 1}\n')
    load_language_model(run, mxnet.cpu())
