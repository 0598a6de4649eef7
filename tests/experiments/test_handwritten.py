"""The NumPy net trains as the net from scratch does, in either form; any text."""

from __future__ import annotations

import dataclasses
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
from d2l_rnn.experiments.configs_sequences import (
    HandwrittenConfig,
    HandwrittenGatedConfig,
)
from d2l_rnn.experiments.handwritten import (
    AsLanguageModel,
    as_columns,
    as_rows,
    build,
    train_handwritten,
)
from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.inference.handwritten_language_model import HandwrittenLanguageModel
from d2l_rnn.inference.handwritten_model import HandwrittenRNN
from d2l_rnn.models.scratch import GRU, LSTM, RNN
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


def assert_trains_as(net: Any, scratch: Any) -> None:
    """The same losses in eight epochs, the state carried on; the same evaluation."""
    data = loader()
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


def losses(net: Any, data: SequenceLoader, num_epochs: int) -> List[float]:
    rows = train_handwritten(net, data, 1.0, num_epochs, theta=0.5, seed=2)
    return [row.loss / row.tokens for row in rows]


def test_the_same_losses_as_the_net_from_scratch() -> None:
    net = handwritten()
    scratch: Any = RNNModelScratch(VOCAB_SIZE, NUM_HIDDENS, cpu(), *language_model(RNN))
    U, W, b, V, c = net.params
    for array, value in zip(scratch.params, (U.T, W.T, b[:, 0], V.T, c[:, 0])):
        array[:] = mx_np.array(value)
    assert_trains_as(net, scratch)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_fast_nets_train_as_the_nets_from_scratch(cell: str) -> None:
    rng = np.random.default_rng(5)
    net = HandwrittenLanguageModel(cell, VOCAB_SIZE, NUM_HIDDENS, rng)
    functions: Any = language_model({"rnn": RNN, "gru": GRU, "lstm": LSTM}[cell])
    scratch: Any = RNNModelScratch(VOCAB_SIZE, NUM_HIDDENS, cpu(), *functions)
    for array, value in zip(scratch.params, net.params.values()):
        array[:] = mx_np.array(value)
    assert_trains_as(net, scratch)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_an_rnn_is_the_same_in_all_its_forms(activation: str) -> None:
    """Fast, term by term, and concatenated: from the same weights, the same curve."""
    config = HandwrittenConfig(num_hiddens=NUM_HIDDENS, activation=activation)
    plain = handwritten(hidden=activation)
    fast = build(config, VOCAB_SIZE)
    assert isinstance(fast, HandwrittenLanguageModel)
    fast.put(as_rows(plain.params))
    for a, b in zip(as_columns(fast.params), plain.params):
        assert (a == b).all()
    data = loader()
    one, other = losses(plain, data, 5), losses(fast, data, 5)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=0)
    drawn: Any = build(config, VOCAB_SIZE)
    form: Any = build(dataclasses.replace(config, concatenated=True), VOCAB_SIZE)
    for a, b in zip(as_columns(drawn.params), form.params):
        assert (a == b).all()


def test_a_gated_net_begins_as_the_book_draws() -> None:
    net: Any = build(HandwrittenGatedConfig(cell="gru", num_hiddens=64), VOCAB_SIZE)
    for name, array in net.params.items():
        scale = 0.01 if name.startswith("W") else 0.0
        assert array.std() == pytest.approx(scale, rel=0.2)


def test_concatenated_is_the_same() -> None:
    data = loader()
    one = losses(handwritten(), data, 5)
    other = losses(handwritten(concatenated=True), data, 5)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=0)


def test_divergence_is_an_error() -> None:
    fast = HandwrittenLanguageModel("lstm", VOCAB_SIZE, 4, np.random.default_rng(5))
    nets: List[Any] = [handwritten(dtype="float64"), fast]
    for net in nets:
        lr = 1e308 if net.begin_state(1)[0].dtype == "float64" else 1e38
        rows = train_handwritten(net, loader(), lr, 50, theta=float("inf"), seed=1)
        with pytest.raises(DivergenceError, match="--theta"):
            list(rows)


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("token", ["char", "word"])
def test_another_script_by_characters_or_words(
    name: str, token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "雨停了，我去河边走走。桥上没有人，水很慢。" * 30
    corpus = tmp_path / "zh.txt"
    corpus.write_text(text if token == "char" else " ".join(text), encoding="utf-8")
    prefix = "桥上" if token == "char" else "桥 上"
    lr = 0.5 if name == "rnn" else 2
    settings = f"--clean none --max-tokens 300 --epochs 40 --lr {lr} --no-plot"
    sizes = "--batch-size 4 --num-steps 10 --num-preds 4 --num-hiddens 24"
    arguments = f"{sizes} {settings}"
    experiment = f"{name}-handwritten"
    command = ["run", experiment, "--corpus", str(corpus), "--token", token]
    assert main([*command, "--prefixes", prefix, *arguments.split()]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.replace(" ", "") == "桥上没有人，"
    run = read_run(Path(f"runs/{experiment}/seed-1"))
    run.verify()
    result: Any = run.result
    assert result["perplexity"] < 1.5 and result["heldout_perplexity"] < 1.5
    # Loaded, it steps in NumPy and writes on as it did.
    loaded = load_run(f"runs/{experiment}/seed-1")
    written = loaded.generate(loaded.prefixes()[0], 4).replace(" ", "")
    assert written == "桥上没有人，"
