"""The command ``generate``: what it prints, and what it refuses."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, List, Tuple

import pytest

from d2l_rnn.cli import main
from d2l_rnn.results import record

KEPT = Path(__file__).parent / "public" / "runs"


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run of lstm, and a newer one of seq2seq."""
    monkeypatch.chdir(tmp_path)
    for age, (kept, name) in enumerate([("gluon", "lstm"), ("seq2seq", "seq2seq")]):
        run = Path("runs") / name / "seed-1"
        shutil.copytree(KEPT / kept, run)
        os.utime(run / "result.json", (1000 + age, 1000 + age))
    return Path("runs")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Tuple[int, str, str]:
    status = main(["generate", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_newest_run_that_continues_texts_is_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = said(capsys, "--num-preds", "8")
    recorded = json.loads((KEPT / "gluon" / "result.json").read_text("utf-8"))
    assert status == 0 and err == "d2l-rnn: run runs/lstm/seed-1, the newest\n"
    assert out.splitlines() == recorded["texts"]


def test_a_named_run_is_read_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, paths = record.read_run, []

    def noted(path: Path) -> record.RunRecord:
        paths.append(str(path))
        return read(path)

    monkeypatch.setattr(record, "read_run", noted)
    assert said(capsys, "runs/lstm/seed-1", "--num-preds", "1")[0] == 0
    assert paths == ["runs/lstm/seed-1"]


def test_several_prefixes_and_samples(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--prefix", "the ", "--prefix", "a", "--temperature", "1", "--seed", "3"]
    flags += ["--num-preds", "20"]
    _, out, _ = said(capsys, "runs/lstm/seed-1", *flags, "--num-samples", "2")
    lines = out.splitlines()
    assert [line[:4] for line in lines[:2]] == ["the ", "the "]
    assert lines[0] != lines[1] and [line[0] for line in lines[2:]] == ["a", "a"]
    _, again, _ = said(capsys, "runs/lstm/seed-1", *flags)
    assert again.splitlines() == [lines[0], lines[2]]
    _, streamed, _ = said(capsys, "runs/lstm/seed-1", *flags, "--stream")
    assert streamed == again


def test_prefixes_from_stdin_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"the\r\nhe\r\n")))
    flags = ["--prefix", "-", "--json", "--num-preds", "3", "--show-probabilities"]
    _, out, _ = said(capsys, "runs/lstm/seed-1", *flags)
    answers: List[Any] = [json.loads(line) for line in out.splitlines()]
    assert [answer["prefix"] for answer in answers] == ["the", "he"]
    for answer in answers:
        assert len(answer["text"]) == len(answer["prefix"]) + 3
        assert answer["log_prob"] < 0 and len(answer["best"]) == 3
        for best in answer["best"]:
            probabilities = [probability for _, probability in best]
            assert probabilities == sorted(probabilities, reverse=True)


def test_probabilities_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--prefix", "the", "--num-preds", "2", "--show-probabilities"]
    _, out, _ = said(capsys, "runs/lstm/seed-1", *flags)
    text, *places = out.splitlines()
    assert text.startswith("the") and len(places) == 2
    token, chance = places[0].split(" of ")[0].rsplit(" ", 1)
    assert places[0].split(" of ")[1].startswith(f"{token} {chance}")  # the likeliest


@pytest.mark.parametrize(
    "arguments, status, words",
    [
        (["runs/lstm/seed-1", "--temperature", "0"], 2, "temperature 0.0"),
        (["runs/lstm/seed-1", "--temperature", "nan"], 2, "temperature nan"),
        (["runs/lstm/seed-1", "--top-k", "x"], 2, "'x' is not a whole number"),
        (["runs/lstm/seed-1", "--prefix", "Hé"], 2, "'H', 'é' not among the 27"),
        (["runs/lstm/seed-1", "--num-samples", "2"], 2, "would be the same text"),
        (["runs/lstm/seed-1", "--num-samples", "0"], 2, "--num-samples 0: at least 1"),
        (["runs/lstm/seed-1", "--seed", "2"], 2, "no draws"),
        (["runs/lstm/seed-1", "--num-preds", "-1"], 2, "--num-preds -1: at least 0"),
        (["runs/lstm/seed-1", "--class", "x"], 2, "lstm knows no classes"),
        (["runs/lstm/seed-1", "--beam", "2", "--show-probabilities"], 2, "contradicts"),
        (["runs/seq2seq/seed-1"], 4, "seq2seq continues no texts"),
        (["nowhere"], 4, "no such directory"),
    ],
)
def test_bad_usage_is_one_line(
    arguments: List[str],
    status: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, out, err = said(capsys, *arguments)
    assert found == status and out == ""
    assert err.count("\n") == 1 and words in err


def cut(run: Path) -> None:
    (run / "checkpoint.safetensors").unlink()


def unfinished(run: Path) -> None:
    (run / "result.json").unlink()


def tampered(run: Path) -> None:
    path = run / "config.json"
    path.write_text(path.read_text().replace('"seed": 1', '"seed": 2'))


def flipped(run: Path) -> None:
    path = run / "checkpoint.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize(
    "change, words",
    [
        (cut, "no such file"),
        (unfinished, "not finished"),
        (tampered, "changed after it was written"),
        (flipped, "its SHA-256 does not agree"),
    ],
)
def test_a_run_that_is_not_whole_is_one_line(
    change: Callable[[Path], None],
    words: str,
    runs: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(runs / "lstm" / "seed-1")
    status, out, err = said(capsys, "runs/lstm/seed-1")
    assert status == 4 and out == ""
    assert words in err and err.count("\n") == 1


def test_an_unknown_class_names_those_that_are(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(KEPT / "one-to-many", runs / "one-to-many" / "seed-1")
    status, out, err = said(capsys, "runs/one-to-many/seed-1", "--class", "Klingon")
    assert status == 2 and out == "" and err.count("\n") == 1
    assert "class 'Klingon' is unknown; accepted are English, French" in err


def test_without_a_run_it_says_how_to_make_one(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(runs / "lstm")
    status, _, err = said(capsys)
    assert status == 4 and "d2l-rnn run lstm" in err


def test_no_mxnet_is_needed() -> None:
    code = (
        "import sys\n"
        "from d2l_rnn.cli import main\n"
        "assert main(['generate', 'runs/lstm/seed-1', '--num-preds', '3']) == 0\n"
        "heavy = {'mxnet', 'matplotlib', 'pandas', 'd2l'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert done.returncode == 0 and done.stdout
