"""Resume never lies: it goes on exactly, or refuses in one line that tells how."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest

from d2l_rnn import checkpoint_file
from d2l_rnn.cli import main
from d2l_rnn.errors import RunError
from d2l_rnn.experiments import runner
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find
from d2l_rnn.files import digests
from d2l_rnn.results.record import CHECKPOINT, RESULT, RunRecord, digest, read_run

TINY: Dict[str, Any] = {
    "max_tokens": 300,
    "num_hiddens": 4,
    "batch_size": 4,
    "num_steps": 8,
    "num_preds": 3,
    "num_epochs": 5,
    "num_states": 2,
    "num_restarts": 2,
    "trial_epochs": 2,
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short text lies there too; the state is saved after every epoch."""
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("the time traveller went on and on by itself. " * 20)
    monkeypatch.setattr(runner, "_CHECKPOINT_EVERY_SECONDS", -1.0)


class Stopped(Exception):
    """What a machine that stops is played by."""


def configured(name: str, **changes: Any) -> Any:
    config = find(name).config
    names = {field.name for field in dataclasses.fields(config)}
    wanted = {**TINY, "corpus": "text.txt", **changes}
    return dataclasses.replace(
        config, **{key: value for key, value in wanted.items() if key in names}
    )


def run(name: str, out: str, resume: bool = False, **changes: Any) -> RunRecord:
    options = Options(out, resume, quiet=True, plot=False)
    return run_experiment(find(name), configured(name, **changes), options)


def stop(name: str, out: str, after: int, **changes: Any) -> None:
    """A run that its machine leaves after that many epochs, all saved but the last."""
    save = runner._Running._save

    def saving(self: Any, epoch: int) -> None:
        if epoch == after:
            raise Stopped
        save(self, epoch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner._Running, "_save", saving)
        with pytest.raises(Stopped):
            run(name, out, **changes)
    assert len(read_run(out).epochs) == after
    assert not Path(out, "result.json").exists()


def told(record: RunRecord) -> Any:
    """All that two equal runs agree in."""
    rows = [
        {key: row[key] for key in row if key not in ("seconds", "tokens_per_sec")}
        for row in record.epochs
    ]
    result = dict(record.result or {})
    for key in ("seconds", "wall_seconds", "tokens_per_sec", "digest", "files"):
        result.pop(key)
    return record.config, rows, result


def rows_of(out: str) -> List[str]:
    return Path(out, "epochs.jsonl").read_text().splitlines(keepends=True)


def write_rows(out: str, rows: List[str]) -> None:
    Path(out, "epochs.jsonl").write_text("".join(rows))


def edit(out: str) -> None:
    rows = rows_of(out)
    row = json.loads(rows[0])
    row["loss"] *= 0.5
    write_rows(out, [json.dumps(row) + "\n", *rows[1:]])


# What may happen to a directory in between: how, and what the refusal says; or
# nothing, where the run goes on exactly.
DAMAGES: Dict[str, Any] = {
    "nothing": (lambda out: None, ""),
    "a row short": (lambda out: write_rows(out, rows_of(out)[:1]), "1 to 2 once"),
    "rows deleted": (lambda out: Path(out, "epochs.jsonl").unlink(), "1 to 2 once"),
    "a row doubled": (
        lambda out: write_rows(out, [rows_of(out)[0], *rows_of(out)]),
        "1 to 2 once",
    ),
    "a number edited": (edit, "not what was written"),
    "another text": (
        lambda out: Path("text.txt").write_text("a quite other time traveller, " * 30),
        "began with another text",
    ),
    "a row behind doubled": (
        lambda out: write_rows(out, [*rows_of(out), rows_of(out)[-1]]),
        "",
    ),
    "a row behind cut": (
        lambda out: write_rows(out, [*rows_of(out)[:-1], rows_of(out)[-1][:20]]),
        "",
    ),
    "a row behind lost": (lambda out: write_rows(out, rows_of(out)[:-1]), ""),
    "the checkpoint lost": (
        lambda out: Path(out, "checkpoint.safetensors").unlink(),
        "",
    ),
    "temporaries left": (
        lambda out: [
            Path(out, f".{name}-abcdef0{number}").write_bytes(b"half")
            for number, name in enumerate(["checkpoint.safetensors", "result.json"])
        ],
        "",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["rnn-scratch", "hmm"])
def test_exact_or_refused(
    name: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    how, words = DAMAGES[damage]
    whole = run(name, "whole")
    stop(name, "parts", 3)
    how("parts")
    before = {path: path.read_bytes() for path in Path("parts").iterdir()}
    arguments = ["run", name, "--out", "parts", "--resume", "--no-plot", "--quiet"]
    status = main([*arguments, *flags(name)])
    lines = capsys.readouterr().err.splitlines()
    if not words:
        assert status == 0, lines
        assert told(read_run("parts")) == told(whole)
        assert [path.name for path in Path("parts").glob(".*")] == []
        return
    assert status == 4
    (line,) = lines
    assert words in line and "move it away and the same command begins anew" in line
    assert {path: path.read_bytes() for path in Path("parts").iterdir()} == before


def flags(name: str) -> List[str]:
    from d2l_rnn.experiments.settings import flag_of

    config = configured(name)
    found = []
    for field in dataclasses.fields(config):
        if getattr(config, field.name) != getattr(find(name).config, field.name):
            found += [flag_of(field), str(getattr(config, field.name))]
    return found


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"seed": 2}, "began with seed 1, not 2"),
        ({"num_hiddens": 5}, "began with num_hiddens 4, not 5"),
        ({"num_epochs": 4}, "began with num_epochs 5, not 4"),
    ],
)
def test_other_settings_are_refused(changes: Dict[str, Any], words: str) -> None:
    stop("rnn-scratch", "parts", 3)
    with pytest.raises(RunError, match=words):
        run("rnn-scratch", "parts", resume=True, **changes)


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("experiment", "gru", "another experiment, 'gru'"),
        ("seed", 7, "another seed, 7"),
        ("vocab", ["<unk>", "a"], "another vocab"),
        ("corpus", {"name": "text.txt", "sha1": "0" * 40}, "another corpus"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(
    key: str, value: Any, words: str
) -> None:
    stop("rnn-scratch", "parts", 3)
    path = "parts/checkpoint.safetensors"
    arrays, notes = checkpoint_file.load(path)
    checkpoint_file.save(path, arrays, {**notes, key: value})
    with pytest.raises(RunError, match=words):
        run("rnn-scratch", "parts", resume=True)


def as_of_version_0_1_0(out: str) -> None:
    path = Path(out, "checkpoint.safetensors")
    arrays, notes = checkpoint_file.load(path)
    kept = ("vocab", "token", "corpus", "epoch")
    checkpoint_file.save(path, arrays, {key: notes[key] for key in kept})
    environment = json.loads(Path(out, "environment.json").read_text())
    del environment["starts"]
    Path(out, "environment.json").write_text(json.dumps(environment))


def test_a_run_of_version_0_1_0_goes_on_where_its_rows_agree() -> None:
    whole = run("rnn-scratch", "whole")
    stop("rnn-scratch", "parts", 3)
    as_of_version_0_1_0("parts")
    assert told(run("rnn-scratch", "parts", resume=True)) == told(whole)
    starts = read_run("parts").environment["starts"]
    assert [start["first_epoch"] for start in starts] == [1, 3]
    stop("rnn-scratch", "short", 3)
    as_of_version_0_1_0("short")
    write_rows("short", rows_of("short")[:1])
    with pytest.raises(RunError, match="1 to 2 once"):
        run("rnn-scratch", "short", resume=True)


def test_every_start_is_kept() -> None:
    stop("rnn-scratch", "parts", 2)
    environment = read_run("parts").environment
    (start,) = environment["starts"]
    assert start["first_epoch"] == 1 and start["python"] == environment["python"]
    assert "corpus" not in start and "sha1" in environment["corpus"]
    run("rnn-scratch", "parts", resume=True)
    after = read_run("parts").environment
    assert after["starts"][0] == start
    assert [s["first_epoch"] for s in after["starts"]] == [1, 2]
    assert after["started"] == after["starts"][1]["started"]


@pytest.mark.parametrize(
    "name", ["rnn-scratch", "hmm", "rnn-handwritten", "gru-handwritten"]
)
def test_extended_is_as_if_asked_for_in_full(name: str) -> None:
    whole = run(name, "whole", num_epochs=7)
    shorter = run(name, "parts")
    assert told(run(name, "parts", resume=True)) == told(shorter)
    longer = run(name, "parts", resume=True, num_epochs=7)
    longer.verify()
    assert told(longer) == told(whole)
    assert sorted(os.listdir("parts")) == sorted(os.listdir("whole"))
    starts = [start["first_epoch"] for start in longer.environment["starts"]]
    assert starts == [1, 6]
    stop(name, "other", 3)
    assert told(run(name, "other", resume=True, num_epochs=7)) == told(whole)


def test_the_finished_result_stays_until_the_longer_one_is_complete() -> None:
    whole = run("rnn-scratch", "whole", num_epochs=8)
    finished = run("rnn-scratch", "parts")

    def stopped(after: int) -> None:
        save = runner._Running._save

        def saving(self: Any, epoch: int) -> None:
            if epoch == after:
                raise Stopped
            save(self, epoch)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runner._Running, "_save", saving)
            with pytest.raises(Stopped):
                run("rnn-scratch", "parts", resume=True, num_epochs=8)

    for after in (6, 7):  # the second goes on from the first's sixth epoch
        stopped(after)
        assert read_run("parts") == finished
        read_run("parts").verify()
    # Killed while the longer run takes the place: what is left is moved later.
    with pytest.MonkeyPatch.context() as patch:
        replace, moved = os.replace, []

        def replacing(source: Any, target: Any) -> None:
            if ".longer" in str(source) and Path(source).name[0] != ".":
                moved.append(source)
                if len(moved) == 3:
                    raise Stopped
            replace(source, target)

        patch.setattr(os, "replace", replacing)
        with pytest.raises(Stopped):
            run("rnn-scratch", "parts", resume=True, num_epochs=8)
    record = run("rnn-scratch", "parts", resume=True, num_epochs=8)
    assert told(record) == told(whole)
    assert sorted(os.listdir("parts")) == sorted(os.listdir("whole"))
    assert [s["first_epoch"] for s in record.environment["starts"]] == [1, 6, 7]


@pytest.mark.parametrize(
    "name, changes, words",
    [
        ("cloze", {"embed_size": 4}, "learning rate falls over all epochs"),
        ("hmm", {"trial_epochs": 9}, "trials would have been longer"),
        ("bilstm-audit", {"audit_tokens": 50}, "an audit is of one model"),
    ],
)
def test_what_cannot_be_extended_is_refused(
    name: str, changes: Dict[str, Any], words: str
) -> None:
    changes = {"num_epochs": 2, **changes}
    finished = run(name, "parts", **changes)
    with pytest.raises(RunError, match=f"cannot be extended to 3: .*{words}"):
        run(name, "parts", resume=True, **{**changes, "num_epochs": 3})
    assert read_run("parts") == finished


def test_nothing_to_resume_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "rnn", *flags("rnn"), "--no-plot", "--resume"]
    assert main([*arguments, "--out", "here"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "d2l-rnn: nothing to resume in here: the run begins"
    assert main([*arguments, "--out", "there", "--quiet"]) == 0
    assert capsys.readouterr().err == "d2l-rnn: recorded in there\n"


def test_the_digest_is_that_of_version_0_1_0() -> None:
    record = run("rnn-scratch", "run")
    assert record.result is not None
    result = {k: v for k, v in record.result.items() if k != "files"}
    assert digest(record.config, record.epochs, result) == record.result["digest"]
    assert record.result["files"] == digests("run", (RESULT, CHECKPOINT))
    assert sorted(record.result["files"]) == [
        "config.json",
        "environment.json",
        "epochs.jsonl",
    ]


def test_pictures_are_covered_by_the_record() -> None:
    config = configured("hmm", num_epochs=2)
    record = run_experiment(find("hmm"), config, Options("run", quiet=True))
    assert record.result is not None
    assert {"curve.png", "emission.png"} < set(record.result["files"])


@pytest.mark.parametrize(
    "moment, number",
    [
        ("import mxnet", signal.SIGTERM),
        ("training", signal.SIGINT),
        # That both signals are handled alike is shown in tests/test_signals.py.
        pytest.param("import mxnet", signal.SIGINT, marks=pytest.mark.slow),
        pytest.param("training", signal.SIGTERM, marks=pytest.mark.slow),
    ],
)
def test_a_signal_before_anything_is_saved_is_one_line(
    moment: str, number: int
) -> None:
    """It comes as MXNet is imported, or in the midst of the first epoch."""
    hooks = {
        "import mxnet": "sys.meta_path.insert(0, Send())",
        "training": "import d2l_rnn.training.loop as loop; loop.set_seed = send",
    }
    code = f"""
import os, sys
def send(*rest):
    os.kill(os.getpid(), {int(number)})
class Send:
    def find_spec(self, name, path, target=None):
        if name == "mxnet":
            send()
{hooks[moment]}
from d2l_rnn.cli import main
sys.exit(main({["run", "rnn", *flags("rnn"), "--out", "run", "--quiet"]!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 128 + number
    (line,) = done.stderr.splitlines()
    assert line.startswith("d2l-rnn: interrupted")
    assert told(run("rnn", "run", resume=True)) == told(run("rnn", "whole"))


def test_a_signal_in_the_result_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from d2l_rnn import signals
    from d2l_rnn.experiments.language import LanguageModelRun

    def interrupted(self: Any, epochs: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch, signals.heard():
        patch.setattr(LanguageModelRun, "result", interrupted)
        with pytest.raises(signals.Interrupted, match="after epoch 5 is saved") as stop:
            run("rnn", "run")
    assert stop.value.exit_status == 143
    assert told(run("rnn", "run", resume=True)) == told(run("rnn", "whole"))
