"""Edition 1.0: the numbers are those that d2l itself would draw."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest

from d2l_rnn.data.corpora import SAMPLE_TEXT
from d2l_rnn.errors import D2lRnnError, DataError
from d2l_rnn.experiments.configs_sequences import EditionV1Config
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find
from d2l_rnn.seeding import epoch_seed, set_seed

MODULE = "d2l_rnn.experiments.edition_v1"
SIZES: Dict[str, Any] = {"num_hiddens": 4, "batch_size": 16, "num_steps": 5}
SIZES.update({"num_train": 40, "num_val": 24})


@pytest.fixture
def edition() -> Any:
    pytest.importorskip("d2l", reason="d2l is not installed here")
    return importlib.import_module(MODULE)


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    """The beginning of the sample: d2l makes a subsequence of every character."""
    path = tmp_path / "text.txt"
    path.write_text(SAMPLE_TEXT.read_text("utf-8")[:2000], encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("cell", ["rnn-scratch", "rnn", "lstm", "gru", "birnn"])
def test_a_tiny_run(edition: Any, corpus: str, tmp_path: Path, cell: str) -> None:
    config = EditionV1Config(cell=cell, corpus=corpus, num_epochs=2, **SIZES)
    options = Options(out=str(tmp_path / "run"), quiet=True)
    record = run_experiment(find(f"{cell}-v1"), config, options)
    record.verify()
    result: Any = record.result
    last: Any = record.epochs[-1]
    assert last["tokens"] == 40 * 5 and result["heldout_tokens"] == 24 * 5
    assert result["heldout_perplexity"] == last["heldout_perplexity"] < 40
    assert last["heldout_mean_perplexity"] <= last["heldout_perplexity"]
    assert result["texts"][0].startswith("it has")
    assert len(result["texts"][0]) == len("it has") + 20
    assert (record.directory / "curve.png").exists()
    assert edition.EditionV1Run.text(result).startswith("validation perplexity ")


@pytest.mark.parametrize("cell", ["rnn-scratch", "gru"])
def test_the_number_is_the_point_that_d2l_draws(
    edition: Any, corpus: str, tmp_path: Path, cell: str
) -> None:
    from d2l import mxnet as d2l

    config = EditionV1Config(cell=cell, corpus=corpus, num_epochs=1, lr=2.0, **SIZES)
    options = Options(out=str(tmp_path / "run"), quiet=True, plot=False)
    ours: Any = run_experiment(find(f"{cell}-v1"), config, options).epochs[0]

    text = Path(corpus).read_text("utf-8")
    data = edition.TimeMachine(text, 16, 5, 40, 24)
    set_seed(epoch_seed(1, 0))
    if cell == "gru":
        model = d2l.RNNLM(d2l.GRU(4, num_layers=1), len(data.vocab), lr=2.0)
    else:
        scratch = d2l.RNNScratch(len(data.vocab), 4)
        model = d2l.RNNLMScratch(scratch, len(data.vocab), lr=2.0)
    model.board.display = False
    model(data.X[:1])
    set_seed(epoch_seed(1, 1))
    d2l.Trainer(max_epochs=1, gradient_clip_val=1).fit(model, data)
    (point,) = model.board.data["val_ppl"]
    np.testing.assert_allclose(
        ours["heldout_perplexity"], float(point.y), rtol=1e-5, atol=0
    )


def test_the_lstm_takes_its_state_along(edition: Any) -> None:
    from mxnet import np as mx_np

    layer = edition.LSTM(3)
    layer.initialize()
    X = mx_np.random.normal(size=(6, 2, 4))
    whole, _ = layer(X)
    first, state = layer(X[:2])
    second, _ = layer(X[2:], state)
    parts = np.concatenate([first.asnumpy(), second.asnumpy()])
    np.testing.assert_allclose(parts, whole.asnumpy(), rtol=1e-5, atol=1e-6)


def test_the_corpus_is_the_editions(edition: Any, book_data: Path) -> None:
    text = "\n".join((book_data / "timemachine.txt").read_text("utf-8").split("\n"))
    data = edition.TimeMachine(text, 16, 32, 400, 24)
    corpus, vocab = edition.d2l.TimeMachine.build(data, text)
    assert (len(corpus), len(vocab)) == (173428, 28)  # printed in edition 1.0
    # Of the subsequences only those that are read are made, of the same vocabulary.
    assert data.vocab.idx_to_token == vocab.idx_to_token
    windows = [corpus[i : i + 32] for i in range(424)]
    np.testing.assert_array_equal(data.X.asnumpy(), windows)


def test_too_short_a_text_is_refused(edition: Any, corpus: str, tmp_path: Path) -> None:
    config = EditionV1Config(corpus=corpus)
    options = Options(out=str(tmp_path / "run"), quiet=True)
    with pytest.raises(DataError, match="--num-train 10000 and --num-val 5000"):
        run_experiment(find("rnn-v1"), config, options)


def test_without_d2l_the_message_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "d2l", None)
    for module in (MODULE, "d2l_rnn.models.edition_one"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(D2lRnnError, match="edition 1.0 need the package d2l 1.0.3"):
        importlib.import_module(MODULE)
