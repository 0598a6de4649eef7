"""Every experiment of the table runs for one tiny step and leaves a sound record."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest
from mxnet import autograd, cpu, np

from d2l_rnn.errors import UsageError
from d2l_rnn.experiments import families, language
from d2l_rnn.experiments.configs import LanguageModelConfig
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.settings import flag_of
from d2l_rnn.experiments.table import EXPERIMENTS, Experiment, find
from d2l_rnn.results.record import read_run

SCRIPTS = Path(__file__).parents[2] / "scripts"

# What makes an experiment tiny, wherever it has such a field.
TINY: Dict[str, Any] = {
    "corpus": "sample",
    "max_tokens": 900,
    "num_epochs": 1,
    "num_hiddens": 4,
    "batch_size": 4,
    "num_steps": 8,
    "num_preds": 3,
}
# These need packages or minutes that the table's test does not have; each has a test of
# its own in the file named here.
ELSEWHERE: Dict[str, str] = {}


def tiny(experiment: Experiment) -> Any:
    names = {field.name for field in dataclasses.fields(experiment.config)}
    changes = {name: value for name, value in TINY.items() if name in names}
    return dataclasses.replace(experiment.config, **changes)


@pytest.mark.parametrize(
    "name",
    [name for name, row in EXPERIMENTS.items() if row.family is families.language],
)
def test_one_tiny_step(name: str, tmp_path: Path) -> None:
    experiment = find(name)
    options = Options(out=str(tmp_path / "run"), quiet=True)
    record = run_experiment(experiment, tiny(experiment), options)
    record.verify()
    assert record.config["experiment"] == name
    assert record.result and record.result["corpus"] == "sample"
    assert record.environment["corpus"]["sha1"] == record.result["corpus_sha1"]
    assert record.environment["d2l_rnn"] and record.environment["engine"]
    assert (record.directory / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert read_run(record.directory) == record


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_has_a_script_with_its_help(name: str) -> None:
    script = SCRIPTS / f"{name.replace('-', '_')}.py"
    assert len(script.read_text().splitlines()) <= 10
    assert f'"{name}"' in script.read_text()


def test_scripts_are_reached_from_anywhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "bilstm.py"), "--help"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert "--num-hiddens" in done.stdout.decode()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_configuration_is_frozen_plain_and_has_flags(name: str) -> None:
    config = EXPERIMENTS[name].config
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 2
    assert json.loads(json.dumps(dataclasses.asdict(config))) == dataclasses.asdict(
        config
    )
    flags = [flag_of(field) for field in dataclasses.fields(config)]
    assert len(set(flags)) == len(flags)
    assert all(field.metadata["text"] for field in dataclasses.fields(config))
    run_flags = {"--out", "--resume", "--quiet", "--json", "--no-plot"}
    assert not run_flags & set(flags)


def test_unknown_experiment_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean bilstm"):
        find("bilsm")
    with pytest.raises(UsageError, match="see 'd2l-rnn list'"):
        find("qqqqqq")


def test_contradiction_names_both_fields() -> None:
    with pytest.raises(
        UsageError, match="--cell lstm-peephole.*--implementation gluon"
    ):
        LanguageModelConfig(cell="lstm-peephole")
    with pytest.raises(UsageError, match="--dropout 0.5.*--implementation scratch"):
        LanguageModelConfig(dropout=0.5, num_layers=2, implementation="scratch")
    with pytest.raises(UsageError, match="--dropout 0.5.*--num-layers 1"):
        LanguageModelConfig(dropout=0.5)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_dropout_reaches_the_layers(cell: str) -> None:
    """In training two passes differ where there is dropout, and only there."""
    for dropout in (0.0, 0.5):
        config = LanguageModelConfig(
            cell=cell, num_layers=2, num_hiddens=16, dropout=dropout
        )
        net = language.build(config, 5, cpu())
        X, state = np.zeros((2, 6)), net.begin_state(batch_size=2)
        with autograd.train_mode():
            first, second = [net(X, state)[0].asnumpy() for _ in range(2)]
        assert (first == second).all() == (not dropout)
        first, second = [net(X, state)[0].asnumpy() for _ in range(2)]
        assert (first == second).all()


def test_heldout_text_is_not_trained_on(tmp_path: Path) -> None:
    """A text whose second half contradicts the first cannot be predicted from it."""
    corpus = tmp_path / "text.txt"
    corpus.write_text("ab" * 600 + "\n" + "ba" * 10 + "bbaa" * 300)
    config = dataclasses.replace(
        find("rnn").config,
        corpus=str(corpus),
        clean="none",
        max_tokens=1200,
        num_epochs=40,
        num_hiddens=8,
        batch_size=4,
        num_steps=8,
        prefixes="ab",
        num_preds=4,
    )
    options = Options(out=str(tmp_path / "run"), quiet=True, plot=False)
    result: Any = run_experiment(find("rnn"), config, options).result
    assert result["perplexity"] < 1.1
    assert result["texts"] == ["ababab"]
    assert result["heldout_perplexity"] > 2
    assert result["heldout_tokens"] == 1222  # with both line ends


@pytest.mark.parametrize("token", ["char", "word"])
def test_another_language_by_characters_or_words(token: str, tmp_path: Path) -> None:
    text = "昨日は雨が降った。今日は晴れた。明日は分からない。" * 40
    corpus = tmp_path / "nihongo.txt"
    corpus.write_text(text if token == "char" else " ".join(text), encoding="utf-8")
    config = dataclasses.replace(
        tiny(find("gru")),
        corpus=str(corpus),
        clean="none",
        token=token,
        prefixes="昨日は" if token == "char" else "昨 日 は",
    )
    options = Options(out=str(tmp_path / "run"), quiet=True, plot=False)
    result = run_experiment(find("gru"), config, options).result
    assert result is not None and result["corpus"] == "nihongo.txt"
    assert result["texts"][0].replace(" ", "").startswith("昨日は")
