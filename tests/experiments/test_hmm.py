"""The hmm experiment: it records what the model says, and goes on exactly."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest

from d2l_rnn import checkpoint_file
from d2l_rnn.cli import main
from d2l_rnn.experiments.corpus import read_split, rows_of, score_of
from d2l_rnn.experiments.hmm import best_trial, iterations, learn
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find
from d2l_rnn.inference.hmm import HiddenMarkovModel, predict_missing, score
from d2l_rnn.inference.hmm_learning import random_model
from d2l_rnn.results.record import read_run

SMALL: Dict[str, Any] = {
    "corpus": "sample",
    "max_tokens": 3000,
    "num_states": 4,
    "num_restarts": 3,
    "trial_epochs": 2,
    "num_epochs": 6,
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(out: str, resume: bool = False, **changes: Any) -> Any:
    experiment = find("hmm")
    config = dataclasses.replace(experiment.config, **{**SMALL, **changes})
    return run_experiment(experiment, config, Options(out, resume, True, False))


def test_the_record_is_what_the_saved_model_says() -> None:
    record = run("a")
    record.verify()
    losses = [row["loss"] for row in record.epochs]
    assert len(losses) == 6 and losses[-1] < losses[0]
    assert min(record.result["trial_perplexities"]) == pytest.approx(
        record.epochs[1]["perplexity"]
    )
    arrays, notes = checkpoint_file.load(Path("a/checkpoint.safetensors"))
    trials = arrays.pop("trial_perplexities").tolist()
    assert trials == record.result["trial_perplexities"]
    model = HiddenMarkovModel(**arrays)
    config = dataclasses.replace(find("hmm").config, **SMALL)
    _, training, heldout, vocab, _ = read_split(config)
    assert notes["vocab"] == vocab.idx_to_token
    total, count = score(model, np.array(training))
    assert count == 3000 and -total == pytest.approx(losses[-1], rel=1e-9)
    rows = rows_of(heldout, config.batch_size)
    total, count = score(model, rows)
    assert record.result["heldout_perplexity"] == pytest.approx(np.exp(-total / count))
    cloze = score_of(predict_missing(model, rows), rows)
    assert record.result["cloze_perplexity"] == pytest.approx(cloze["perplexity"])
    # It has learned something, and both sides tell more than one.
    assert record.result["heldout_perplexity"] < record.result["unigram_perplexity"]
    assert cloze["perplexity"] < record.result["heldout_perplexity"]


def test_a_resumed_run_is_the_uninterrupted_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from d2l_rnn.experiments import hmm

    whole = run("whole")

    def breaking(*arguments: Any) -> Any:
        for step in iterations(*arguments):
            if step.row.epoch == 5:
                raise KeyboardInterrupt
            yield step

    with monkeypatch.context() as patch:
        patch.setattr(hmm, "iterations", breaking)
        # Save after every epoch, as a slow run does.
        patch.setattr("d2l_rnn.experiments.runner._CHECKPOINT_EVERY_SECONDS", -1.0)
        with pytest.raises(KeyboardInterrupt):
            run("broken")
    assert len(read_run("broken").epochs) == 4
    resumed = run("broken", resume=True)
    assert [r["loss"] for r in resumed.epochs] == [r["loss"] for r in whole.epochs]
    for key in ("heldout_perplexity", "cloze_accuracy", "texts", "states"):
        assert resumed.result[key] == whole.result[key]


def test_the_best_trial_goes_on() -> None:
    ids = np.random.default_rng(0).integers(0, 5, 400)
    steps, perplexities = best_trial(ids, 3, 5, 4, 3, 0.0, seed=1)
    assert len(perplexities) == 4 and len(steps) == 3
    assert np.exp(steps[-1].row.loss / 400) == pytest.approx(min(perplexities))
    learned = learn(ids, 3, 5, 4, 3, 8, 0.0, seed=1)
    *_, (row, expected, _) = iterations(steps[-1].model, ids, 4, 8, 0.0)
    np.testing.assert_array_equal(learned.emission, expected.emission)
    assert row.epoch == 8


def test_iterations_are_baum_welch_without_its_start() -> None:
    ids = np.random.default_rng(0).integers(0, 5, 400)
    start = random_model(3, 5, np.random.default_rng(1))
    models = [start] + [model for _, model, _ in iterations(start, ids, 1, 3, 0.0)]
    likelihoods = [score(model, ids).log_likelihood for model in models]
    assert len(models) == 4 and likelihoods == sorted(likelihoods)


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--corpus", "sample", "--max-tokens", "3000", "--num-states", "3"]
    flags += ["--epochs", "3", "--num-restarts", "1", "--quiet"]
    assert main(["run", "hmm", *flags]) == 0
    assert "P(x_j | x_-j) held out: perplexity" in capsys.readouterr().out
    assert (Path("runs/hmm/seed-1") / "emission.png").exists()
    assert main(["run", "hmm", *flags, "--max-tokens", "999999"]) == 3
    assert "leaves none to hold out" in capsys.readouterr().err
