"""Blanks: what can be known from which side, exact resumption, and the fill command."""

from __future__ import annotations

import dataclasses
import json
import math
import random
import shutil
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
from mxnet import cpu, gluon

from d2l_rnn.cli import main
from d2l_rnn.data.corpora import load_text
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.experiments.cloze import ClozeRun, OwnAnswers
from d2l_rnn.experiments.configs_bidirectional import ClozeConfig
from d2l_rnn.experiments.corpus import score_of
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find
from d2l_rnn.experiments.trained import load, load_filler
from d2l_rnn.experiments.two_directions import BIDIRECTIONAL, LEFT_TO_RIGHT, build_both
from d2l_rnn.generation.asking import probabilities
from d2l_rnn.generation.filling import Filler, fill
from d2l_rnn.inference.ngrams import cloze_model, neighbour_probabilities
from d2l_rnn.models.both_sides import ClozeModel
from d2l_rnn.results.record import read_run
from d2l_rnn.training.loop import train
from d2l_rnn.training.objectives import NextToken
from d2l_rnn.training.optimisers import Adam
from d2l_rnn.training.parameters import Parameters

TINY: Dict[str, Any] = {
    "max_tokens": 900,
    "num_hiddens": 6,
    "embed_size": 4,
    "batch_size": 4,
    "num_steps": 8,
    "num_epochs": 3,
    "num_states": 2,
    "num_restarts": 1,
    "num_iterations": 2,
    "ngram_width": 1,
}
FLAGS: List[str] = []
for _name, _value in TINY.items():
    _flag = "--epochs" if _name == "num_epochs" else "--" + _name.replace("_", "-")
    FLAGS += [_flag, str(_value)]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a text short enough to be evaluated quickly."""
    path = tmp_path_factory.mktemp("corpus") / "text.txt"
    path.write_text("\n".join(load_text("sample").lines[:60]))
    return str(path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, corpus: str) -> Path:
    """A folder with a finished run of cloze and one of cloze-word."""
    folder = tmp_path_factory.mktemp("cloze")
    for name, size in (("cloze", "900"), ("cloze-word", "400")):
        out = ["--out", str(folder / "runs" / name / "seed-1")]
        flags = [*FLAGS, "--corpus", corpus, "--max-tokens", size]
        assert main(["run", name, *flags, "--quiet", "--no-plot", *out]) == 0
    return folder


def mirrored_pairs(length: int) -> List[int]:
    """a A b B ...: the first of each pair is chance, the second follows from it."""
    return [t for _ in range(length) for a in [random.randrange(4)] for t in (a, a + 4)]


def test_what_follows_tells_the_blank_and_the_left_cannot() -> None:
    config = ClozeConfig(num_hiddens=16, embed_size=8, dropout=0.0)
    nets = build_both(ClozeModel, config, 8, 8, cpu())
    loader = OwnAnswers(SequenceLoader(mirrored_pairs(1500), 8, 16))
    for net in nets.values():
        objective = NextToken(net, gluon.loss.SoftmaxCrossEntropyLoss(), cpu())
        for _ in train(objective, loader, Adam(Parameters.of(net), 0.02), 6, seed=1):
            pass
    rows = np.array(mirrored_pairs(400)).reshape(4, -1)
    scores = {
        name: score_of(probabilities(net, rows, cpu()), rows)
        for name, net in nets.items()
    }
    assert scores[BIDIRECTIONAL]["accuracy"] > 0.99
    # Half of the tokens are one of four by chance, whatever came before: no model of
    # the past can have a perplexity below exp(log(4) / 2) but by luck.
    assert scores[LEFT_TO_RIGHT]["perplexity"] > 0.95 * math.sqrt(4)
    assert scores[BIDIRECTIONAL]["perplexity"] < 1.1


@pytest.mark.parametrize("match", ["parameters", "hiddens"])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_the_left_to_right_net_is_not_the_smaller_one(
    match: str, num_layers: int
) -> None:
    config = ClozeConfig(match=match, num_layers=num_layers)
    nets = build_both(ClozeModel, config, 28, 28, cpu())
    sizes = {name: net.num_parameters() for name, net in nets.items()}
    ratio = sizes[LEFT_TO_RIGHT] / sizes[BIDIRECTIONAL]
    if match == "parameters":
        assert ratio == pytest.approx(1, abs=0.01)
    else:
        assert ratio < 0.6


def test_neighbours_are_those_that_the_model_counts() -> None:
    ids = [random.randrange(5) for _ in range(200)]
    model = cloze_model(2, 5).fit(ids)
    rows = np.array([random.randrange(5) for _ in range(60)]).reshape(3, 20)
    given = neighbour_probabilities(model, rows)
    np.testing.assert_allclose(given.sum(-1), 1, rtol=1e-6)
    for row, distributions in zip(rows, given):
        expected = np.exp(model.log_probabilities(row))
        np.testing.assert_allclose(
            distributions[np.arange(20), row], expected, rtol=1e-5
        )


def test_a_resumed_run_is_the_uninterrupted_one(
    monkeypatch: pytest.MonkeyPatch, corpus: str
) -> None:
    experiment = find("cloze")
    config = dataclasses.replace(experiment.config, corpus=corpus, **TINY)
    whole = run_experiment(experiment, config, Options("whole", False, True, False))

    rows = ClozeRun.rows

    def broken(self: Any, first_epoch: int) -> Any:
        for row in rows(self, first_epoch):
            if row.epoch == 3:
                raise KeyboardInterrupt
            yield row

    with monkeypatch.context() as patch:
        patch.setattr(ClozeRun, "rows", broken)
        patch.setattr("d2l_rnn.experiments.runner._CHECKPOINT_EVERY_SECONDS", -1.0)
        with pytest.raises(KeyboardInterrupt):
            run_experiment(experiment, config, Options("broken", False, True, False))
    assert len(read_run("broken").epochs) == 2
    resumed = run_experiment(experiment, config, Options("broken", True, True, False))
    assert resumed.result is not None and whole.result is not None
    for key in ("perplexity", "scores", "sentences"):
        assert resumed.result[key] == whole.result[key]
    for mine, theirs in zip(resumed.epochs, whole.epochs):
        for key in ("loss", "left_to_right_perplexity"):
            assert mine[key] == theirs[key]


def test_the_record(runs: Path) -> None:
    record = read_run(runs / "runs/cloze/seed-1")
    record.verify()
    assert record.result is not None
    scores = record.result["scores"]
    assert set(scores) == {"unigram", "left_to_right", "hmm", "ngrams", "bidirectional"}
    assert len({score["tokens"] for score in scores.values()}) == 1
    assert all(1 <= score["perplexity"] < 30 for score in scores.values())
    words = read_run(runs / "runs/cloze-word/seed-1").result
    assert words is not None
    assert [s["text"] for s in words["sentences"]] == [
        "I am ___",
        "I am ___ hungry",
        "I am ___ hungry, and I can eat half a pig",
    ]
    best = words["sentences"][1]["bidirectional"]
    assert len(best) == 5 and all(token != "<unk>" for token, _ in best)


def test_several_blanks_are_each_best_given_the_others(runs: Path) -> None:
    filler = load_filler(runs / "runs/cloze/seed-1")
    ids = filler.vocab[list("the water was high")]
    filled = fill(filler.probabilities, ids, [4, 6, 14], filler.vocab)
    for blank in filled:
        ids[blank.position] = filler.vocab[blank.best[0][0]]
    given = filler.probabilities(np.array([ids]))[0]
    for blank in filled:
        asked = given[blank.position].copy()
        asked[filler.vocab.unk] = 0
        assert int(asked.argmax()) == ids[blank.position]
        assert blank.best == sorted(blank.best, key=lambda pair: -pair[1])


@pytest.mark.parametrize("name", ["cloze", "cloze-word"])
def test_numpy_s_probabilities_are_mxnet_s(runs: Path, name: str) -> None:
    run = runs / "runs" / name / "seed-1"
    numpy_s, mxnet_s = load_filler(run), load(run, Filler, cpu(), "")
    assert numpy_s.vocab.idx_to_token == mxnet_s.vocab.idx_to_token
    for shape in ((1, 1), (3, 11)):
        rows = np.random.randint(len(numpy_s.vocab), size=shape)
        given, expected = (f.probabilities(rows) for f in (numpy_s, mxnet_s))
        np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-6)


def test_a_run_that_lies_elsewhere_is_the_newest_or_named(
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(runs / "runs/cloze/seed-1", tmp_path / "runs/mine/book-3")
    monkeypatch.chdir(tmp_path)
    assert main(["fill", "the wat_r"]) == 0
    printed = capsys.readouterr()
    assert "run runs/mine/book-3, the newest" in printed.err
    shutil.move("runs/mine/book-3", "elsewhere")
    assert main(["fill", "the wat_r", "--run", "elsewhere"]) == 0
    assert capsys.readouterr() == (printed.out, "")


def test_what_stands_in_a_blank_does_not_matter(runs: Path) -> None:
    filler = load_filler(runs / "runs/cloze/seed-1")
    answers = {
        str(fill(filler.probabilities, filler.vocab[list(text)], [4], filler.vocab))
        for text in ("the water", "the later", "the _ater")
    }
    assert len(answers) == 1


def test_fill_takes_the_newest_run_for_such_blanks(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(runs)
    capsys.readouterr()
    assert main(["fill", "The wat_r w_s high"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "d2l-rnn: run runs/cloze/seed-1, the newest\n"
    text, *blanks = printed.out.splitlines()
    assert text.startswith("the wat") and len(text) == len("the water was high")
    assert [line.split(":")[0] for line in blanks] == ["blank 1", "blank 2"]
    assert main(["fill", "the ___ was high", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["blanks"][0]["position"] == 1
    assert "cloze-word" in answer["run"]
    probabilities = [p for _, p in answer["blanks"][0]["best"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1 + 1e-6


def test_fill_tells_of_words_that_the_model_does_not_know(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(runs)
    capsys.readouterr()
    assert main(["fill", "the ___ zyzzyva"]) == 0
    printed = capsys.readouterr()
    newest, warning = printed.err.splitlines()
    assert newest == "d2l-rnn: run runs/cloze-word/seed-1, the newest"
    assert warning == "d2l-rnn: warning: the model does not know 'zyzzyva'"
    # What the user wrote stays as it is.
    assert printed.out.splitlines()[0].endswith(" zyzzyva")
    named = ["--run", "runs/cloze-word/seed-1"]
    assert main(["fill", "the ___ water", *named]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "arguments, status, message",
    [
        (["no blank"], 2, "holds no blank"),
        (["wat_r", "--run", "nowhere"], 4, "No such file"),
        (["wat_r", "--run", "empty"], 4, "no such file"),
        (["___"], 2, "nothing but blanks"),
        ([], 2, "TEXT"),
        (["wat_r ___", "--run", "runs/cloze-word/seed-1"], 2, "blank in part"),
        (["wat_r", "--device", "abacus"], 2, "abacus"),
    ],
)
def test_bad_usage_is_one_line(
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: List[str],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(runs)
    Path("empty").mkdir(exist_ok=True)
    capsys.readouterr()
    assert main(["fill", *arguments]) == status
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_without_a_trained_model_the_cure_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["fill", "the wat_r"]) == 4
    assert "d2l-rnn run cloze'" in capsys.readouterr().err
    assert main(["fill", "the ___ water"]) == 4
    assert "d2l-rnn run cloze-word'" in capsys.readouterr().err


def test_a_run_of_another_experiment_fills_nothing(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = ["--corpus", "sample", "--max-tokens", "500", "--num-hiddens", "4"]
    tiny += ["--batch-size", "4", "--num-steps", "8", "--epochs", "1", "--quiet"]
    assert main(["run", "gru", *tiny, "--no-plot"]) == 0
    assert main(["fill", "wat_r", "--run", "runs/gru/seed-1"]) == 4
    assert "of gru; blanks are filled by a run of cloze" in capsys.readouterr().err
