"""The command ``export`` on the kept runs: what it writes, prints and refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, List, Tuple

import numpy
import pytest

from d2l_rnn.cli import main
from d2l_rnn.errors import D2lRnnError
from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.files import write_bytes

KEPT = Path(__file__).parents[1] / "public" / "runs"
SUFFIX = {"onnx": ".onnx", "pytorch": ".safetensors", "gluon": "", "numpy": ".npz"}
TARGETS = {
    "gluon": ("onnx", "pytorch", "gluon", "numpy"),
    "handwritten": ("onnx", "pytorch", "gluon", "numpy"),
    "handwritten-gated": ("onnx", "pytorch", "gluon", "numpy"),
    "edition-v1": ("onnx", "pytorch", "gluon", "numpy"),
    "scratch": ("onnx", "numpy"),
    "cloze": ("onnx", "numpy"),
    "tagging": ("onnx", "numpy"),
    "many-to-one": ("onnx", "numpy"),
    "one-to-many": ("onnx", "numpy"),
    "seq2seq": ("onnx", "numpy"),
    "seq2seq-attention": ("onnx", "numpy"),
    "hmm": ("numpy",),
}
NONE = ("bptt", "sequence", "text-stats", "bilstm-audit")


def said(
    capsys: pytest.CaptureFixture[str], *arguments: object
) -> Tuple[int, str, str]:
    status = main(["export", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def needs(target: str) -> None:
    if target == "onnx":
        pytest.importorskip("onnx", reason="onnx is not installed here")


@pytest.mark.parametrize("target", SUFFIX)
@pytest.mark.parametrize("name", [*TARGETS, *NONE])
def test_each_kind_goes_where_it_can(
    name: str, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs(target)
    out = tmp_path / f"net{SUFFIX[target]}"
    status, text, err = said(capsys, KEPT / name, "--to", target, "--out", out)
    assert err.count("\n") == 1
    files = sorted(path.name for path in tmp_path.iterdir())
    if target in TARGETS.get(name, ()):
        assert status == 0 and files and text
        assert all(str(tmp_path / file) in err for file in files)
        assert (
            len(files) == 2
            or name not in ("seq2seq", "one-to-many")
            or (target == "numpy")
        )
    else:
        assert status == (4 if name in NONE else 2) and files == [] and text == ""
        named = "numpy" if name == "hmm" else "onnx and numpy"
        assert named in err or name in NONE


@pytest.mark.parametrize("name", ["gluon", "scratch", "handwritten", "edition-v1"])
def test_onnxruntime_writes_what_generate_writes(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """200 characters, the greedy ones, by the vocabulary that the file carries."""
    needs("onnx")
    onnxruntime = pytest.importorskip(
        "onnxruntime", reason="onnxruntime is not installed here"
    )
    out = tmp_path / "net.onnx"
    assert said(capsys, KEPT / name, "--to", "onnx", "--out", out)[0] == 0
    by = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    vocab = json.loads(by.get_modelmeta().custom_metadata_map["vocab"])
    state: Any = {
        own.name: numpy.zeros([1 if size == "batch" else size for size in own.shape])
        for own in by.get_inputs()[1:]
    }
    text, read = "the", [vocab.index(token) for token in "the"]
    for _ in range(200):
        given = {key: array.astype("float32") for key, array in state.items()}
        logits, *after = by.run(None, {"tokens": [read], **given})
        state = dict(zip(state, after))
        read = [int(logits[0, -1].argmax())]
        text += vocab[read[0]]
    assert text == load_run(KEPT / name).generate("the", 200)


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "net.npz"
    flags = ["--to", "numpy", "--out", str(out), "--json"]
    status, text, _ = said(capsys, KEPT / "gluon", *flags)
    answer = json.loads(text)
    assert status == 0 and answer["files"] == [str(out)] and answer["to"] == "numpy"
    assert answer["experiment"] == "lstm" and answer["token"] == "char"


def damaged(folder: Path, how: str) -> Path:
    """A copy of a kept run that is not as it was written."""
    run = folder / "run"
    shutil.copytree(KEPT / "gluon", run)
    checkpoint, result = run / "checkpoint.safetensors", run / "result.json"
    if how == "tampered":
        path = run / "epochs.jsonl"
        path.write_text(path.read_text().replace('"tokens": ', '"tokens": 1'))
    elif how == "unfinished":
        result.unlink()
    elif how == "without a checkpoint":
        checkpoint.unlink()
    elif how == "of another run":
        shutil.copy(KEPT / "scratch" / checkpoint.name, checkpoint)
    elif how == "a flipped bit":
        content = bytearray(checkpoint.read_bytes())
        content[-1] ^= 1
        checkpoint.write_bytes(content)
    elif how == "of other sizes":
        from d2l_rnn import checkpoint_file

        arrays, notes = checkpoint_file.load(checkpoint)
        arrays["dense.weight"] = arrays["dense.weight"][:, :-1].copy()
        checkpoint_file.save(checkpoint, arrays, notes)
    return run


@pytest.mark.parametrize(
    "how, words",
    [
        ("tampered", "changed after it was written"),
        ("unfinished", "not finished"),
        ("without a checkpoint", "no such file"),
        ("of another run", "does not fit its settings (no array rnn.l0_i2h_weight)"),
        ("a flipped bit", "damaged"),
        ("of other sizes", "array dense.weight has the shape (27, 7), not (27, 8)"),
    ],
)
@pytest.mark.parametrize("target", ["onnx", "numpy"])
def test_a_run_that_is_not_whole_leaves_no_file(
    how: str,
    words: str,
    target: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    needs(target)
    run, out = damaged(tmp_path, how), tmp_path / f"net{SUFFIX[target]}"
    status, text, err = said(capsys, run, "--to", target, "--out", out)
    assert status == 4 and text == "" and err.count("\n") == 1 and words in err
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--to", "tensorflow", "--out", "x"], "invalid choice: 'tensorflow'"),
        (["--out", "x.npz"], "--to"),
        (["--to", "numpy"], "--out"),
        (["--to", "numpy", "--out", "x.onnx"], "NAME.npz or NAME.safetensors"),
        (["--to", "pytorch", "--out", "x.pt"], "NAME.safetensors"),
        (["--to", "numpy", "--out", "folder"], "a directory"),
        (["--to", "numpy", "--out", "folder/"], "a directory"),
        (["--to", "numpy", "--out", "."], "a directory"),
        (["--to", "numpy", "--out", ""], "a directory"),
        (["--to", "gluon", "--out", "folder"], "a directory"),
        (["--to", "numpy", "--out", "nowhere/x.npz"], "No such file or directory"),
        (["--to", "numpy", "--out", "pipe.npz"], "a named pipe, not a regular file"),
    ],
)
def test_bad_usage_is_one_line(
    flags: List[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    os.mkfifo("pipe.npz")
    status, text, err = said(capsys, KEPT / "gluon", *flags)
    assert status == 2 and text == "" and err.count("\n") == 1 and words in err
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "pipe.npz"]


def test_a_file_that_is_there_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "net.npz"
    out.write_text("an earlier one")
    assert said(capsys, KEPT / "gluon", "--to", "numpy", "--out", out)[0] == 0
    assert "dense.bias" in numpy.load(out, allow_pickle=False)
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]


def test_the_run_s_own_files_are_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(KEPT / "gluon", run)
    out = run / "checkpoint.safetensors"
    before = out.read_bytes()
    status, _, err = said(capsys, run, "--to", "numpy", "--out", out)
    assert status == 2 and "a file of the run itself" in err
    assert out.read_bytes() == before


def test_of_two_files_both_or_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs("onnx")
    (tmp_path / "net-decoder.onnx").mkdir()
    out = tmp_path / "net.onnx"
    status, _, err = said(capsys, KEPT / "seq2seq", "--to", "onnx", "--out", out)
    assert status == 2 and "net-decoder.onnx" in err and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["net-decoder.onnx"]


def test_a_second_file_that_fails_takes_the_first_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("onnx")

    def full(path: Path, content: bytes) -> None:
        if "decoder" in path.name:
            raise OSError(28, "No space left on device")
        write_bytes(path, content)

    monkeypatch.setattr("d2l_rnn.export.writing.write_bytes", full)
    out = tmp_path / "net.onnx"
    status, _, err = said(capsys, KEPT / "seq2seq", "--to", "onnx", "--out", out)
    assert status == 2 and "No space left on device" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o555)
    out = tmp_path / "net.npz"
    status, _, err = said(capsys, KEPT / "gluon", "--to", "numpy", "--out", out)
    assert status == 2 and "Permission denied" in err


def test_a_file_system_that_takes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    out = "/proc/net.npz"
    status, _, err = said(capsys, KEPT / "gluon", "--to", "numpy", "--out", out)
    assert status == 2 and err.startswith(f"d2l-rnn: error: --out {out}: ")
    assert err.count("\n") == 1


def test_without_onnx_the_extra_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.startswith("d2l_rnn.export.to_onnx")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    out = tmp_path / "net.onnx"
    status, _, err = said(capsys, KEPT / "gluon", "--to", "onnx", "--out", out)
    assert status == 2 and "pip install 'd2l_rnn[onnx]'" in err
    assert list(tmp_path.iterdir()) == []


def test_the_help_names_the_targets(capsys: pytest.CaptureFixture[str]) -> None:
    status, text, err = said(capsys, "--help")
    assert status == 0 and err == ""
    for words in (*SUFFIX, "--out PATH", "docs/export.md", "exit status"):
        assert words in text


@pytest.mark.parametrize("target", ["onnx", "numpy"])
def test_no_mxnet_is_needed(target: str, tmp_path: Path) -> None:
    needs(target)
    out = str(tmp_path / f"net{SUFFIX[target]}")
    flags = ["export", str(KEPT / "gluon"), "--to", target, "--out", out]
    code = (
        "import sys\n"
        "from d2l_rnn.cli import main\n"
        f"assert main({flags!r}) == 0\n"
        "heavy = {'mxnet', 'matplotlib', 'pandas', 'd2l', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert done.returncode == 0 and done.stdout


def test_an_error_is_ours() -> None:
    from d2l_rnn.experiments.exported import load_trained

    with pytest.raises(D2lRnnError, match="no such directory"):
        load_trained("nowhere")
