"""The NumPy net trains as the net from scratch does, in either form; any text."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, List

import numpy as np
import pytest
from mxnet import cpu, gluon
from mxnet import np as mx_np

from d2l_rnn.cli import main
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.errors import DivergenceError
from d2l_rnn.experiments.handwritten import AsLanguageModel, train_handwritten
from d2l_rnn.inference.handwritten_model import HandwrittenRNN
from d2l_rnn.models.scratch import RNN
from d2l_rnn.models.scratch_model import RNNModelScratch
from d2l_rnn.models.scratch_stacks import language_model
from d2l_rnn.results.record import read_run
from d2l_rnn.seeding import set_seed
from d2l_rnn.training.loop import evaluate, train
from d2l_rnn.training.objectives import NextToken
from d2l_rnn.training.optimisers import Sgd
from d2l_rnn.training.parameters import Parameters

VOCAB_SIZE, NUM_HIDDENS = 6, 8


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loader() -> SequenceLoader:
    ids = [random.randrange(VOCAB_SIZE) for _ in range(40)] * 6
    return SequenceLoader(ids, 3, 9)


def handwritten(**settings: Any) -> HandwrittenRNN:
    return HandwrittenRNN(VOCAB_SIZE, NUM_HIDDENS, np.random.default_rng(5), **settings)


def losses(net: Any, data: SequenceLoader, num_epochs: int) -> List[float]:
    rows = train_handwritten(net, data, 1.0, num_epochs, theta=0.5, seed=2)
    return [row.loss / row.tokens for row in rows]


def test_the_same_losses_as_the_net_from_scratch() -> None:
    data, net = loader(), handwritten()
    scratch: Any = RNNModelScratch(VOCAB_SIZE, NUM_HIDDENS, cpu(), *language_model(RNN))
    U, W, b, V, c = net.params
    for array, value in zip(scratch.params, (U.T, W.T, b[:, 0], V.T, c[:, 0])):
        array[:] = mx_np.array(value)
    objective = NextToken(scratch, gluon.loss.SoftmaxCrossEntropyLoss(), cpu())
    sgd = Sgd(Parameters.of(scratch), 1.0, 0.5)
    rows = train(objective, data, sgd, 8, seed=2)
    expected = [row.loss / row.tokens for row in rows]
    np.testing.assert_allclose(losses(net, data, 8), expected, rtol=1e-4, atol=0)
    assert expected[-1] < expected[0]
    evaluated = []
    models: List[Any] = [AsLanguageModel(net), scratch]
    for model in models:
        set_seed(1)  # of the offset at which the windows begin
        evaluated.append(evaluate(model, data, cpu()))
    np.testing.assert_allclose(evaluated[0], evaluated[1], rtol=1e-4, atol=0)


def test_concatenated_is_the_same() -> None:
    data = loader()
    one = losses(handwritten(), data, 5)
    other = losses(handwritten(concatenated=True), data, 5)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=0)


def test_divergence_is_an_error() -> None:
    net = handwritten(dtype="float64")
    rows = train_handwritten(net, loader(), 1e308, 50, theta=float("inf"), seed=1)
    with np.errstate(all="ignore"), pytest.raises(DivergenceError, match="--theta"):
        list(rows)


@pytest.mark.parametrize("token", ["char", "word"])
def test_another_script_by_characters_or_words(
    token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "雨停了，我去河边走走。桥上没有人，水很慢。" * 30
    corpus = tmp_path / "zh.txt"
    corpus.write_text(text if token == "char" else " ".join(text), encoding="utf-8")
    prefix = "桥上" if token == "char" else "桥 上"
    settings = "--clean none --max-tokens 300 --epochs 40 --lr 0.5 --no-plot"
    sizes = "--batch-size 4 --num-steps 10 --num-preds 4 --num-hiddens 24"
    arguments = f"{sizes} {settings}"
    command = ["run", "rnn-handwritten", "--corpus", str(corpus), "--token", token]
    assert main([*command, "--prefixes", prefix, *arguments.split()]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.replace(" ", "") == "桥上没有人，"
    run = read_run(Path("runs/rnn-handwritten/seed-1"))
    run.verify()
    result: Any = run.result
    assert result["perplexity"] < 1.5 and result["heldout_perplexity"] < 1.5
