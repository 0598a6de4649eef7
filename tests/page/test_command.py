"""The command ``page``: what it writes, and what it refuses."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any, Tuple

import numpy
import pytest

from d2l_rnn import checkpoint_file
from d2l_rnn.cli import main
from d2l_rnn.experiments.exported import load_trained
from d2l_rnn.results import record

KEPT = Path(__file__).parents[1] / "public" / "runs"


def said(
    capsys: pytest.CaptureFixture[str], *arguments: object
) -> Tuple[int, str, str]:
    status = main(["page", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def block(page: str, name: str) -> str:
    match = re.search(rf'<script type="[^"]*" id="{name}">(.*?)</script>', page, re.S)
    assert match is not None
    return match[1]


@pytest.mark.parametrize("flags", [[], ["--float16"]], ids=["float32", "float16"])
def test_the_weights_on_the_page_are_the_runs(
    flags: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    status, text, err = said(
        capsys, KEPT / "gluon", KEPT / "scratch", "--out", out, *flags
    )
    assert status == 0 and text == f"{out}\n" and "2 networks on the page" in err
    page = out.read_text("utf-8")
    runs = json.loads(block(page, "runs"))
    assert [run["name"] for run in runs] == ["lstm", "gru-scratch"]
    for number, (run, name) in enumerate(zip(runs, ("gluon", "scratch"))):
        content = base64.b64decode(block(page, f"weights-{number}"))
        assert hashlib.sha256(content).hexdigest() == run["sha256"]
        dtype = "<f2" if flags else "<f4"
        numbers = numpy.frombuffer(content, dtype)
        arrays = load_trained(KEPT / name).net.named()
        assert [place["name"] for place in run["arrays"]] == list(arrays)
        expected = numpy.concatenate([array.ravel() for array in arrays.values()])
        assert (numbers == expected.astype(dtype)).all()
        assert run["vocabularies"] == load_trained(KEPT / name).vocabularies
        assert not {"data_dir", "corpus", "device"} & set(run["told"]["settings"])


def test_the_policy_knows_the_script_and_the_style_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    assert said(capsys, KEPT / "gluon", "--out", out, "--title", "<b>&")[0] == 0
    page = out.read_text("utf-8")
    assert "<title>&lt;b&gt;&amp;</title>" in page
    policy = dict(
        part.split(" ", 1)
        for part in re.findall(r'Policy" content="([^"]*)"', page)[0].split("; ")
    )
    assert policy["default-src"] == "'none'" and policy["worker-src"] == "blob:"
    for name, text in (
        ("script-src", re.findall(r'<script type="module">(.*?)</script>', page, re.S)),
        ("style-src", re.findall(r"<style>(.*?)</style>", page, re.S)),
    ):
        (one,) = text
        digest = base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()
        assert policy[name] == f"'sha256-{digest}'"
    assert not re.search(r"""(?:src|href)=["']?(?!#)""", re.sub(r"<script.*", "", page))


def forged(folder: Path, how: str) -> Path:
    """A run whose every digest is right, but what it says is not to be believed."""
    run = folder / "run"
    shutil.copytree(KEPT / "gluon", run)
    result = json.loads((run / "result.json").read_text())
    arrays, notes = checkpoint_file.load(run / "checkpoint.safetensors")
    if how == "script":
        notes["vocab"][3] = "</script><script>alert(1)</script>"
    elif how == "truncated":
        arrays["dense.weight"] = arrays["dense.weight"][:, :-1]
    elif how == "huge":
        config = json.loads((run / "config.json").read_text())
        config["num_hiddens"] = 10**6
        (run / "config.json").write_text(json.dumps(config))
    elif how == "no number":
        arrays["dense.bias"][0] = numpy.nan
    checkpoint_file.save(run / "checkpoint.safetensors", arrays, notes)
    read = record.read_run(run)
    result["digest"] = record.digest(read.config, read.epochs, result)
    (run / "result.json").write_text(json.dumps(result))
    return run


@pytest.mark.parametrize("how", ["script", "truncated", "huge", "no number"])
def test_a_forged_run_gives_a_line_and_no_page(
    how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    status, text, err = said(capsys, forged(tmp_path, how), "--out", out)
    assert status == 4 and text == "" and err.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ["flags", "named"],
    [
        (["--title", " "], "--title is empty"),
        (["--out", "."], "--out ."),
        (["--out", "no/such/folder.html"], "--out no/such/folder.html"),
    ],
)
def test_bad_usage_is_told_before_anything_is_read(
    flags: Any, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = said(capsys, "no-such-run", *flags)
    assert status == 2 and named in err and err.count("\n") == 1


@pytest.mark.parametrize("name", ["text-stats", "bptt", "sequence"])
def test_a_run_without_a_net_for_a_page(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = said(capsys, KEPT / name, "--out", tmp_path / "page.html")
    assert status == 4 and err.count("\n") == 1 and name in err
    assert list(tmp_path.iterdir()) == []
