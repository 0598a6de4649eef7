"""A reader's own experiment runs as ours do; so does their own call of train_ch8."""

from __future__ import annotations

import dataclasses
import json
import random
import re
import sys
from pathlib import Path
from typing import Any, List

import numpy as np
import pytest
from mxnet import cpu
from mxnet import np as mx_np
from mxnet.gluon import rnn

import d2l_rnn as d2l
from d2l_rnn import recording
from d2l_rnn.cli import main
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.errors import UsageError
from d2l_rnn.experiments import language
from d2l_rnn.experiments.corpus import read_corpus
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find
from d2l_rnn.results.record import read_run

DOCS = Path(__file__).parents[2] / "docs" / "your-own-experiment.md"
TINY = ["--corpus", "text.txt", "--num-hiddens", "4", "--batch-size", "4"]
TINY += ["--num-steps", "8", "--num-preds", "3", "--max-tokens", "300"]


@pytest.fixture(autouse=True)
def my_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The example of the docs as a file, and a short text beside it."""
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("the time machine went on and on by itself. " * 20)
    code, *_ = re.findall("```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert len(code.splitlines()) < 40
    Path("my_cell.py").write_text(code)
    return "my_cell.py:EXPERIMENT"


def lines_of(capsys: pytest.CaptureFixture[str]) -> List[str]:
    return list(capsys.readouterr().err.splitlines())


def test_the_example_keeps_the_contract(
    my_cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", my_cell, *TINY]) == 0
    found = capsys.readouterr().out.splitlines()
    assert "stopped anywhere and resumed: yes" in found and len(found) >= 6


def test_a_breach_is_told_by_the_exit_status(
    my_cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cell that remembers how often it was called, and keeps that to itself."""
    code = Path("my_cell.py").read_text()
    counted = code.replace(
        "            (H,), outputs",
        "            calls.append(0)\n            (H,), outputs",
    )
    counted = counted.replace("(F * H) @ W_hh", "(F * H * len(calls)) @ W_hh")
    Path("my_cell.py").write_text(
        counted.replace("        begin =", "        calls = []\n        begin =")
    )
    assert main(["check", my_cell, *TINY]) == 1
    assert "stopped anywhere and resumed: no: after epoch" in capsys.readouterr().out


def test_the_example_is_run_resumed_compared_and_reproduced(
    my_cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*TINY, "--epochs", "3", "--no-plot", "--scale", "0.1"]
    assert main(["run", my_cell, *flags]) == 0
    assert capsys.readouterr().out.startswith("perplexity ")
    record = read_run("runs/my-gru/seed-1")
    record.verify()
    assert record.config["scale"] == 0.1
    assert len(str(record.config["file_sha256"])) == 64
    assert main(["run", my_cell, *flags, "--resume"]) == 0
    assert main(["reproduce", my_cell, "--quiet", "--seeds", "2", "--", *flags]) == 0
    assert read_run("runs/my-gru/seed-1") == record
    assert read_run("runs/my-gru/seed-2").result is not None
    capsys.readouterr()
    assert main(["compare", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["verdict"] for row in rows} == {"not comparable"}
    assert main(["report"]) == 0
    capsys.readouterr()
    # Another file is another experiment.
    Path("my_cell.py").write_text(Path("my_cell.py").read_text() + "# changed\n")
    assert main(["run", my_cell, *flags, "--resume"]) == 4
    assert "began with file_sha256" in lines_of(capsys)[-1]


@pytest.mark.parametrize(
    "reference, before, after, words",
    [
        ("my_cell.py:NOTHING", "", "", "my_cell.py has no experiment 'NOTHING'"),
        ("my_cell.py:Config", "", "", "my_cell.py has no experiment 'Config'"),
        ("nowhere.py:EXPERIMENT", "", "", "nowhere.py: No such file"),
        ("my_cell.py:EXPERIMENT", "my-gru", "gru", "name 'gru': an experiment of"),
        ("my_cell.py:EXPERIMENT", "my-gru", "../gru", "name '../gru': accepted are"),
        ("my_cell.py:EXPERIMENT", "import np", "import nq", "my_cell.py: ImportError"),
        ("my_cell.py:EXPERIMENT", "class Run(", "class (", "my_cell.py: SyntaxError"),
    ],
)
def test_what_is_no_experiment_is_one_line(
    reference: str,
    before: str,
    after: str,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = Path("my_cell.py").read_text()
    Path("my_cell.py").write_text(code.replace(before, after) if before else code)
    for command in ("run", "check"):
        assert main([command, reference]) == 2
        (line,) = lines_of(capsys)
        assert words in line


def install(entry_point: str) -> None:
    """Make the current folder one in which an installed package says this."""
    Path("my_package-1.dist-info").mkdir()
    Path("my_package-1.dist-info/METADATA").write_text("Name: my_package\nVersion: 1\n")
    Path("my_package-1.dist-info/entry_points.txt").write_text(
        f"[d2l_rnn.experiments]\n{entry_point}\n"
    )


def test_an_installed_experiment_is_found_by_its_name(
    my_cell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(Path.cwd()))
    install("my-gru = my_cell:EXPERIMENT")
    assert main(["list"]) == 0
    assert "my_cell:EXPERIMENT" in capsys.readouterr().out
    try:
        named, of_the_file = find("my-gru"), find(my_cell)
    finally:
        sys.modules.pop("my_cell", None)
    assert named.name == "my-gru"
    assert named.file_sha256 == of_the_file.file_sha256 != ""


def test_an_installed_experiment_s_own_net_is_asked_for_texts(
    my_cell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its arrays have the names of ours, and its cell is none of ours."""
    monkeypatch.syspath_prepend(str(Path.cwd()))
    install("my-gru = my_cell:EXPERIMENT")
    try:
        flags = [*TINY, "--epochs", "2", "--no-plot", "--scale", "0.5"]
        assert main(["run", "my-gru", *flags]) == 0
        run = d2l.load_run("runs/my-gru/seed-1")
        recorded: Any = read_run("runs/my-gru/seed-1").result
        written = [run.generate(prefix, 3) for prefix in run.prefixes()]
        assert written == recorded["texts"]
        assert len(run.generate("the", 4, beam=3)) == len("the") + 4
        capsys.readouterr()
        assert main(["fill", "the wat_r", "--run", "runs/my-gru/seed-1"]) == 4
        (line,) = lines_of(capsys)
        assert "of my-gru; blanks are filled by a run of cloze" in line
    finally:
        sys.modules.pop("my_cell", None)


@pytest.mark.parametrize(
    "entry_point, words",
    [
        ("my-gru = my_cell:NOTHING", "AttributeError"),
        ("my-gru = nowhere:EXPERIMENT", "No module named 'nowhere'"),
        ("other = my_cell:EXPERIMENT", "is no Experiment of the name 'other'"),
        ("my-gru = my_cell:Config", "is no Experiment"),
    ],
)
def test_an_entry_point_that_holds_no_experiment_is_one_line(
    my_cell: str,
    entry_point: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.syspath_prepend(str(Path.cwd()))
    install(entry_point)
    assert main(["run", entry_point.partition(" ")[0]]) == 2
    sys.modules.pop("my_cell", None)
    (line,) = lines_of(capsys)
    assert words in line


@pytest.mark.parametrize("name", ["rnn", "gru-scratch"])
def test_train_ch8_leaves_the_curve_of_run(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = dataclasses.replace(
        find(name).config,
        corpus="text.txt",
        num_hiddens=4,
        batch_size=4,
        num_steps=8,
        max_tokens=300,
        num_epochs=3,
    )
    options = Options("theirs", quiet=True, plot=False)
    theirs = run_experiment(find(name), config, options)
    corpus = read_corpus(config)
    train_iter = SequenceLoader(corpus.training, 4, 8)
    with d2l.record("mine", seed=1) as run:
        if name == "rnn":
            net: Any = d2l.RNNModel(rnn.RNN(4), len(corpus.vocab))
        else:
            net = language.build(config, len(corpus.vocab), cpu())
        history = d2l.train_ch8(net, train_iter, corpus.vocab, 1.0, 3, cpu())
    ours = read_run(run.directory)
    ours.verify()
    losses = [row["loss"] for row in ours.epochs]
    assert losses == [row["loss"] for row in theirs.epochs]
    assert losses == [row.loss for row in history]
    assert ours.config["lr"] == 1.0 and len(ours.environment["starts"]) == 1
    assert ours.result is not None
    assert ours.result["texts"] == capsys.readouterr().out.splitlines()[1:]
    assert {path.name for path in run.directory.iterdir()} == {
        "checkpoint.safetensors",
        "config.json",
        "curve.png",
        "environment.json",
        "epochs.jsonl",
        "result.json",
    }


def test_the_reader_s_generators_go_on_as_if_nothing_had_been() -> None:
    drawn = []
    for recorded in (False, True):
        random.seed(5)
        np.random.seed(5)
        if recorded:
            with d2l.record("mine"):
                random.random(), np.random.rand()
        drawn.append((random.random(), np.random.rand()))
    assert drawn[0] == drawn[1]
    of_mxnet = set()
    for _ in range(3):  # its state cannot be read: it goes on, and not in a circle
        with d2l.record("mine"):
            pass
        of_mxnet.add(float(mx_np.random.uniform()))
    assert len(of_mxnet) == 3


def a_training() -> Any:
    """What ``train_ch8`` needs: net, minibatches, vocabulary."""
    train_iter = SequenceLoader([i % 5 for i in range(300)], 4, 8)
    vocab = d2l.Vocab(list("abcd"))
    return d2l.RNNModel(rnn.RNN(4), len(vocab)), train_iter, vocab


def test_an_exception_leaves_an_unfinished_record() -> None:
    net, train_iter, vocab = a_training()

    class Breaking:
        epochs = 0

        def __iter__(self) -> Any:
            self.epochs += 1
            yield from train_iter
            if self.epochs == 3:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), d2l.record("mine"):
        d2l.train_ch8(net, Breaking(), vocab, 1.0, 5, cpu())
    record = read_run("runs/mine/seed-1")
    assert record.result is None and len(record.epochs) == 2
    assert recording.current().seed is None


def test_names_and_second_trainings_are_refused() -> None:
    with pytest.raises(UsageError, match="an experiment of d2l_rnn"):
        d2l.record("lstm")
    net, train_iter, vocab = a_training()
    with d2l.record("mine"):
        d2l.train_ch8(net, train_iter, vocab, 1.0, 1, cpu())
        with pytest.raises(UsageError, match="one training is recorded, not two"):
            d2l.train_ch8(net, train_iter, vocab, 1.0, 1, cpu())
    assert read_run("runs/mine/seed-1").result is not None
