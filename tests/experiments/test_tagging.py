"""The tagging experiment: labels in step with words, scores counted by hand."""

from __future__ import annotations

import random
from pathlib import Path
from typing import List

import numpy as np
import pytest
from mxnet import cpu, gluon

from d2l_rnn.cli import main
from d2l_rnn.experiments.configs_bidirectional import TaggingConfig
from d2l_rnn.experiments.tagging import Labelled, commonest_labels, f1_scores
from d2l_rnn.experiments.two_directions import BIDIRECTIONAL, LEFT_TO_RIGHT, build_both
from d2l_rnn.generation.asking import probabilities
from d2l_rnn.models.both_sides import Tagger
from d2l_rnn.results.record import read_run
from d2l_rnn.training.loop import train
from d2l_rnn.training.objectives import NextToken
from d2l_rnn.training.optimisers import Adam
from d2l_rnn.training.parameters import Parameters


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_words_and_labels_stay_together() -> None:
    config = TaggingConfig(batch_size=2, num_steps=5)
    words = [random.randrange(100) for _ in range(70)]
    labels = [word * 7 % 11 for word in words]
    count = 0
    for X, Y in Labelled(words, labels, config, cpu()):
        np.testing.assert_array_equal(Y.asnumpy(), X.asnumpy() * 7 % 11)
        flat = X.asnumpy().astype(int)
        text = " ".join(map(str, words))
        assert all(" ".join(map(str, row)) in text for row in flat)
        count += 1
    assert count >= 6


def test_a_label_that_the_next_word_decides() -> None:
    """Label 1 before a word of the upper half: chance for who reads to the right."""

    def text(length: int) -> List[int]:
        return [random.randrange(8) for _ in range(length)]

    def answers(words: List[int]) -> List[int]:
        return [int(after >= 4) for after in words[1:]] + [0]

    config = TaggingConfig(
        batch_size=8, num_steps=16, num_hiddens=12, embed_size=8, dropout=0.0
    )
    nets = build_both(Tagger, config, 8, 2, cpu())
    words = text(3000)
    train_iter = Labelled(words, answers(words), config, cpu())
    for net in nets.values():
        objective = NextToken(net, gluon.loss.SoftmaxCrossEntropyLoss(), cpu())
        adam = Adam(Parameters.of(net), 0.02)
        for _ in train(objective, train_iter, adam, 5, seed=1):
            pass
    words = text(2000)
    right = {
        name: (
            probabilities(net, np.array([words]), cpu())[0].argmax(-1)
            == np.array(answers(words))
        )[:-1].mean()
        for name, net in nets.items()
    }
    assert right[BIDIRECTIONAL] > 0.99
    assert 0.44 < right[LEFT_TO_RIGHT] < 0.56  # five standard deviations about 1/2


def test_commonest_labels() -> None:
    training = [("a", ""), ("a", ","), ("a", ","), ("b", "A"), ("c", ""), ("d", "")]
    assert commonest_labels(training, ["a", "b", "c", "z"]) == [",", "A", "", ""]


def test_f1_by_hand() -> None:
    truth = ["A,", "", "A.", ",", ""]
    found = ["A", ",", "A.", ",", "<unk>"]
    scores = f1_scores(truth, found)
    assert scores["accuracy"] == 2 / 5
    classes = scores["classes"]
    assert classes["capital"]["f1"] == 1
    # Two commas are there, two were set, one of them rightly.
    assert classes[","]["f1"] == 0.5 and classes[","]["support"] == 2
    assert classes["."]["f1"] == 1 and classes["?"]["support"] == 0
    assert scores["macro_f1"] == pytest.approx((1 + 0.5 + 1) / 3)


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--corpus", "sample", "--num-hiddens", "6", "--embed-size", "4"]
    flags += ["--batch-size", "4", "--num-steps", "8", "--epochs", "2", "--quiet"]
    assert main(["run", "tagging", *flags, "--max-tokens", "600"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("F1") and "as it was: " in printed
    record = read_run("runs/tagging/seed-1")
    record.verify()
    assert record.result is not None
    scores = record.result["scores"]
    assert set(scores) == {"bidirectional", "left_to_right", "lookup"}
    supports = {
        name: [numbers["support"] for numbers in score["classes"].values()]
        for name, score in scores.items()
    }
    assert supports["lookup"] == supports["bidirectional"]
    for arguments in (["--token", "char"], ["--clean", "none"]):
        assert main(["run", "tagging", *flags, *arguments]) == 2
