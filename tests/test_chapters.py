"""The book's own snippets, and what the book promises of its functions."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mxnet import cpu, gluon, np
from mxnet.gluon import rnn

import d2l_rnn as d2l
from d2l_rnn.data.corpora import SampleCorpusWarning
from d2l_rnn.errors import UsageError

from .numpys import mxnet_alone_imports


class Counter:
    """A "net" whose right answers are countable: after i comes i + 1."""

    def begin_state(self, batch_size: int, ctx: Any) -> Any:
        return [np.zeros((1, batch_size, 1))]

    def __call__(self, X: Any, state: Any) -> Any:
        follows = (X.T.reshape(-1) + 1) % 5
        return np.eye(5)[follows.astype("int32")], state


def test_predict_goes_on_where_the_prefix_ends() -> None:
    vocab = d2l.Vocab(list("aaaabbbccd"))
    assert vocab.idx_to_token == ["<unk>", "a", "b", "c", "d"]
    assert d2l.predict_ch8("ab", 3, Counter(), vocab, cpu()) == "abcd<unk>"
    assert d2l.predict_ch8("b", 0, Counter(), vocab, cpu()) == "b"
    assert d2l.predict_ch8(["a", "b"], 1, Counter(), vocab, cpu()) == "a b c"
    with pytest.raises(UsageError, match="prefix is empty"):
        d2l.predict_ch8("", 3, Counter(), vocab, cpu())


def test_prediction_is_the_book_s_step_by_step() -> None:
    vocab = d2l.Vocab(list("abcdefg "))
    for layer in (rnn.LSTM(8), rnn.GRU(6, 2), rnn.LSTM(5, 2, bidirectional=True)):
        net = d2l.RNNModel(layer, len(vocab))
        net.initialize(init="xavier", force_reinit=True)
        state = net.begin_state(batch_size=1, ctx=cpu())
        ids = [vocab["a"]]
        for token in "bead":
            _, state = net(np.array([[ids[-1]]]), state)
            ids.append(vocab[token])
        for _ in range(12):
            logits, state = net(np.array([[ids[-1]]]), state)
            ids.append(int(logits.argmax(axis=1).reshape(1)))
        expected = "".join(vocab.to_tokens(ids))
        assert d2l.predict_ch8("abead", 12, net, vocab, cpu()) == expected


def test_the_book_s_loader(book_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("D2L_RNN_DATA", str(book_data.resolve()))
    train_iter, vocab = d2l.load_data_time_machine(32, 35)
    assert len(vocab) == 28 and len(train_iter.corpus) == 10000
    for _ in range(5):
        batches = list(train_iter)
        assert len(batches) == 8  # at every offset, as REFERENCE derives
        assert batches[0][0].shape == (32, 35)


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_the_loader_gives_the_book_s_minibatches(
    use_random_iter: bool, no_network: Path
) -> None:
    with pytest.warns(SampleCorpusWarning):
        loader, vocab = d2l.load_data_time_machine(2, 5, use_random_iter, 200)
    assert loader.vocab is vocab and len(loader.corpus) == 200
    kind = "random" if use_random_iter else "sequential"
    iterate = getattr(d2l, f"seq_data_iter_{kind}")
    for attempt in range(2):  # anew at each iteration
        random.seed(attempt)
        found = [(X.tolist(), Y.tolist()) for X, Y in loader]
        random.seed(attempt)
        expected = [(X.tolist(), Y.tolist()) for X, Y in iterate(loader.corpus, 2, 5)]
        assert found == expected and found
    loader.num_steps = 4  # its attributes are read anew
    assert next(iter(loader))[0].shape == (2, 4)


def test_train_ch8_returns_its_history(capsys: pytest.CaptureFixture[str]) -> None:
    from d2l_rnn.data.sequences import SequenceLoader

    vocab = d2l.Vocab(list("time traveller"))
    loader = SequenceLoader(vocab[list("time traveller " * 20)], 2, 5)
    net = d2l.RNNModel(rnn.RNN(8), len(vocab))
    history = d2l.train_ch8(net, loader, vocab, 1, 3, d2l.try_gpu())
    assert history.path == "packed"
    assert [row.epoch for row in history] == [1, 2, 3]
    assert repr(history).startswith("History(3 epochs, perplexity ")
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("perplexity ")
    assert printed[0].endswith(" tokens/sec on cpu(0)")
    assert printed[1].startswith("time traveller") and len(printed[1]) >= 64
    with pytest.raises(UsageError, match="num_epochs 0"):
        d2l.train_ch8(net, loader, vocab, 1, 0, d2l.try_gpu())


def test_train_epoch_ch8_with_the_book_s_updater() -> None:
    from d2l_rnn.data.sequences import SequenceLoader

    loader = SequenceLoader([i % 5 for i in range(300)], 2, 5)
    net = d2l.RNNModel(rnn.RNN(8), 5)
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1})
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    values = [
        d2l.train_epoch_ch8(
            net, loader, loss, lambda batch_size: trainer.step(batch_size), cpu(), False
        )
        for _ in range(8)
    ]
    assert values[-1][0] < 1.5 < values[0][0]
    assert all(speed > 0 for _, speed in values)


def test_devices() -> None:
    from d2l_rnn.devices import device_from

    assert d2l.try_gpu() == d2l.try_gpu(5) == cpu()
    assert d2l.try_all_gpus() == [cpu()]
    assert device_from("auto") == device_from("cpu") == cpu()
    for name, message in (("gpu", "sees 0 GPU"), ("tpu", "accepted are auto, cpu")):
        with pytest.raises(UsageError, match=message):
            device_from(name)


BOOK = """
import d2l_rnn as d2l
from mxnet import npx
from mxnet.gluon import rnn
npx.set_np()

# Load data
batch_size, num_steps, device = 32, 35, d2l.try_gpu()
train_iter, vocab = d2l.load_data_time_machine(batch_size, num_steps)
# Define the bidirectional LSTM model by setting `bidirectional=True`
vocab_size, num_hiddens, num_layers = len(vocab), {hiddens}, 2
lstm_layer = rnn.LSTM(num_hiddens, num_layers, bidirectional=True)
model = d2l.RNNModel(lstm_layer, len(vocab))
# Train the model
num_epochs, lr = {epochs}, 1
d2l.train_ch8(model, train_iter, vocab, lr, num_epochs, device)
"""


@pytest.mark.parametrize(
    "mxnet_first",
    [
        False,
        pytest.param(True, marks=mxnet_alone_imports),
    ],
)
def test_the_book_s_snippet(mxnet_first: bool, tmp_path: Path, book_data: Path) -> None:
    code = BOOK.format(hiddens=16, epochs=2)
    if mxnet_first:
        code = "from mxnet import npx\n" + code
    script = tmp_path / "book.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        env={**os.environ, "D2L_RNN_DATA": str(book_data.resolve())},
    )
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith("perplexity ") and len(lines) == 3


def test_names_of_d2l_are_found_and_unknown_ones_are_not() -> None:
    assert set(d2l.__all__) <= set(dir(d2l))
    for name in d2l.__all__:
        if not name.startswith("DATA_"):  # plain values, which know no module
            assert getattr(d2l, name).__module__.startswith("d2l_rnn")
    with pytest.raises(AttributeError, match="has no attribute '_private'"):
        d2l._private
    pytest.importorskip("d2l", reason="d2l is not installed here")
    for name in ("Timer", "Accumulator", "Animator", "plot", "tensor"):
        assert getattr(d2l, name) is not None
    with pytest.raises(AttributeError, match="nobody_has_this"):
        d2l.nobody_has_this


def test_without_d2l_its_names_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "d2l", None)
    with pytest.raises(ImportError, match="'its_name' is not one of d2l_rnn's own"):
        d2l.its_name
