"""The audit of trained models: verdicts, laws, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, List

import pytest
from mxnet import cpu

from d2l_rnn.cli import main
from d2l_rnn.data.corpora import load_text
from d2l_rnn.data.sequences import sequential_partition
from d2l_rnn.errors import RunError
from d2l_rnn.experiments.audit import audit, verdict
from d2l_rnn.experiments.trained import load_language_model
from d2l_rnn.results.metrics import perplexity
from d2l_rnn.results.record import read_run
from d2l_rnn.training.loop import evaluate

TINY = ["--max-tokens", "800", "--batch-size", "4"]
TINY += ["--num-steps", "8", "--num-hiddens", "8", "--quiet", "--num-preds", "3"]
TINY += ["--epochs", "2"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> List[str]:
    """Flags for a text short enough to be evaluated quickly."""
    path = tmp_path_factory.mktemp("corpus") / "text.txt"
    path.write_text("\n".join(load_text("sample").lines[:40]))
    return ["--corpus", str(path)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, corpus: List[str]) -> Path:
    """Run directories of a causal and a bidirectional model."""
    folder = tmp_path_factory.mktemp("trained")
    for name in ("gru", "bilstm"):
        out = ["--out", str(folder / name), "--no-plot"]
        assert main(["run", name, *TINY, *corpus, *out]) == 0
    return folder


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def audited(capsys: pytest.CaptureFixture[str], *arguments: Any) -> Any:
    capsys.readouterr()
    flags = ["--tokens", "300", "--json"]
    assert main(["audit", *map(str, arguments), *flags]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_causal_model(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = audited(capsys, runs / "gru")
    assert result["causal"] is True and result["gradient_of_future"] == 0
    assert result["verdict"].startswith("this model is causal: ")
    for text in ("training", "heldout"):
        numbers = result[text]
        assert numbers["by_right_context"] == pytest.approx(
            [numbers["perplexity"]] * 8, rel=1e-6
        )
    assert all(result["gradient"][t][s] > 0 for t in range(8) for s in range(t + 1))


def test_a_bidirectional_model(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = audited(capsys, runs / "bilstm" / "checkpoint.safetensors")
    assert result["causal"] is False and result["gradient_of_future"] > 0
    assert result["verdict"].startswith("this model sees the future: ")
    numbers = result["training"]
    assert numbers["by_right_context"][0] == numbers["honest"]
    assert numbers["by_right_context"][-1] == numbers["perplexity"]
    assert numbers["honest"] != pytest.approx(numbers["perplexity"], rel=1e-6)
    assert min(v for row in result["gradient"] for v in row) > 0


@pytest.mark.parametrize("name", ["gru", "bilstm"])
def test_whole_windows_have_the_ordinary_perplexity(runs: Path, name: str) -> None:
    trained = load_language_model(runs / name, cpu())
    result = audit(trained, 300, cpu())
    _, training, heldout = trained.texts()
    for ids, text in ((training, "training"), (heldout, "heldout")):
        batches = sequential_partition(ids[:300], 4, 8)
        loss, tokens = evaluate(trained.net, batches, cpu())
        assert result[text]["tokens"] == tokens
        assert result[text]["perplexity"] == pytest.approx(
            perplexity(loss, int(tokens)), rel=1e-6
        )


def test_verdicts() -> None:
    numbers = {"perplexity": 1.16, "honest": 19.44}
    assert (
        verdict(numbers, causal=False)
        == "this model sees the future: 1.2 with it, 19.4 without"
    )
    assert verdict(numbers, causal=True).startswith("this model is causal: 1.2")


def test_the_experiment_trains_its_model_and_draws(
    corpus: List[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "bilstm-audit", *TINY, *corpus, "--audit-tokens", "300"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("this model sees the future: ")
    folder = Path("runs/bilstm-audit/seed-1")
    record = read_run(folder)
    record.verify()
    assert record.result is not None
    assert record.result["audited"]["num_hiddens"] == 8
    assert record.result["verdict"] == lines[0]
    assert (folder / "right_context.png").exists()
    assert (folder / "gradient.png").exists()
    assert read_run(folder / "model").result is not None
    # The command says the same of the model that was trained.
    result = audited(capsys, folder / "model")
    assert result["training"] == record.result["training"]


def test_the_experiment_takes_a_checkpoint(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "bilstm-audit", "--checkpoint", str(runs / "gru")]
    arguments += ["--no-plot", "--audit-tokens", "100"]
    assert main([*arguments, "--num-hiddens", "8"]) == 0
    assert capsys.readouterr().out.startswith("this model is causal")
    result = read_run("runs/bilstm-audit/seed-1").result
    assert result is not None and result["audited"]["experiment"] == "gru"
    assert main([*arguments, "--num-hiddens", "9"]) == 2
    error = capsys.readouterr().err
    assert "--num-hiddens 9 and --checkpoint" in error and "made with 8" in error


def damage(folder: Path, kind: str) -> List[str]:
    if kind == "no record":
        (folder / "config.json").unlink()
    elif kind == "flipped bit":
        content = bytearray((folder / "checkpoint.safetensors").read_bytes())
        content[-5] ^= 1
        (folder / "checkpoint.safetensors").write_bytes(content)
    elif kind in ("hmm", "nonsense"):
        config = json.loads((folder / "config.json").read_text())
        config["experiment"] = kind
        (folder / "config.json").write_text(json.dumps(config))
    elif kind == "other size":
        config = json.loads((folder / "config.json").read_text())
        config["num_hiddens"] = 16
        (folder / "config.json").write_text(json.dumps(config))
    elif kind == "bad field":
        config = json.loads((folder / "config.json").read_text())
        config["num_steps"] = 0
        (folder / "config.json").write_text(json.dumps(config))
    return ["audit", str(folder)]


@pytest.mark.parametrize(
    "kind, message",
    [
        ("no record", "not a run directory"),
        ("flipped bit", "damaged"),
        ("hmm", "changed after it was written"),
        ("nonsense", "changed after it was written"),
        ("other size", "changed after it was written"),
        ("bad field", "changed after it was written"),
    ],
)
def test_unusable_checkpoints_are_refused(
    runs: Path, capsys: pytest.CaptureFixture[str], kind: str, message: str
) -> None:
    shutil.copytree(runs / "gru", "copy")
    capsys.readouterr()
    assert main(damage(Path("copy"), kind)) == RunError.exit_status
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_another_corpus_than_trained_on_is_refused(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(runs / "gru", "copy")
    Path("other.txt").write_text("another text, of other letters. " * 50)
    config = json.loads(Path("copy/config.json").read_text())
    config["corpus"] = "other.txt"
    Path("copy/result.json").unlink()  # a finished run would be refused as changed
    Path("copy/config.json").write_text(json.dumps(config))
    assert main(["audit", "copy"]) == RunError.exit_status
    assert "trained on text.txt, and the corpus in reach is other.txt" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "arguments, status",
    [
        ([], 2),
        (["nowhere"], 4),
        (["--tokens", "0", "."], 2),
        (["--tokens", "many", "."], 2),
        (["--plots", "nowhere", "."], 2),
        (["--device", "abacus", "."], 2),
        (["."], 4),
    ],
)
def test_bad_usage_is_one_line(
    arguments: List[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", *arguments]) == status
    error = capsys.readouterr().err
    assert error.startswith("d2l-rnn: error: ") and error.count("\n") == 1


def test_pictures_on_demand(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pictures").mkdir()
    audited(capsys, runs / "bilstm", "--plots", "pictures")
    assert {path.name for path in Path("pictures").iterdir()} == {
        "right_context.png",
        "gradient.png",
    }
