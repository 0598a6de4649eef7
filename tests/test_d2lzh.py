"""``import d2l_rnn.d2lzh as d2l``: chapter 6 of the first edition, on nd arrays."""

from __future__ import annotations

import inspect
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import mxnet
import numpy
import pytest
from mxnet import autograd, cpu, init, nd, np, npx
from mxnet.gluon import nn, rnn

import d2l_rnn.d2lzh as d2l
from d2l_rnn.acceleration.epochs import next_token, parameters_of
from d2l_rnn.data.corpora import SampleCorpusWarning
from d2l_rnn.data.first_edition import LYRICS, consecutive_windows, find_lyrics
from d2l_rnn.errors import DataError, UsageError
from d2l_rnn.generation.continuation import generate_ids
from d2l_rnn.models import language_model
from d2l_rnn.models.gluon_layers import named_parameters
from d2l_rnn.results.metrics import perplexity
from d2l_rnn.training.loop import train
from d2l_rnn.training.optimisers import Sgd

from .reference import first_edition

DEVICE = cpu()
TEXT = "风从门里进来问钟现在几点了钟说你先告诉我你从哪里来又记得些什么" * 8
CHARS = sorted(set(TEXT))
INDEX = {char: i for i, char in enumerate(CHARS)}
CORPUS = [INDEX[char] for char in TEXT]
V, H = len(CHARS), 8
BATCH, STEPS, LR, THETA = 4, 7, 10.0, 0.05
PREFIXES = ["钟说", "风"]


@pytest.fixture(autouse=True)
def nd_semantics() -> Iterator[None]:
    """As a reader of the first edition has them, who never calls ``set_np``."""
    npx.reset_np()
    try:
        yield
        assert not mxnet.util.is_np_array() and not mxnet.util.is_np_shape()
    finally:
        npx.set_np()


def train_scratch(
    cell: str, params: List[Any], random_iter: bool, **changes: Any
) -> Any:
    forward, _, arrays = first_edition.CELLS[cell]
    settings: Dict[str, Any] = {
        "num_epochs": 3,
        "num_steps": STEPS,
        "lr": LR,
        "clipping_theta": THETA,
        "batch_size": BATCH,
        "pred_period": 1,
        "pred_len": 5,
        "prefixes": PREFIXES,
        **changes,
    }
    return d2l.train_and_predict_rnn(
        forward,
        lambda: params,
        first_edition.initial_state(arrays),
        H,
        V,
        DEVICE,
        CORPUS,
        CHARS,
        INDEX,
        random_iter,
        **settings,
    )


def train_gluon(model: Any, num_epochs: int = 3, **changes: Any) -> Any:
    settings: Dict[str, Any] = {
        "num_epochs": num_epochs,
        "num_steps": STEPS,
        "lr": LR,
        "clipping_theta": THETA,
        "batch_size": BATCH,
        "pred_period": num_epochs,
        "pred_len": 5,
        "prefixes": PREFIXES,
        **changes,
    }
    return d2l.train_and_predict_rnn_gluon(
        model, H, V, DEVICE, CORPUS, CHARS, INDEX, **settings
    )


def copies(params: List[Any]) -> List[Any]:
    made = [param.copy() for param in params]
    for param in made:
        param.attach_grad()
    return made


def values(history: Any) -> List[float]:
    return [perplexity(row.loss, row.tokens) for row in history]


@pytest.mark.parametrize(
    "cell, random_iter",
    [("rnn", False), ("rnn", True), ("gru", False), ("lstm", False)],
)
def test_from_scratch_follows_the_books_loop(
    cell: str, random_iter: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sections 6.4, 6.7, 6.8: the same perplexities, weights and continued text."""
    forward, gates, arrays = first_edition.CELLS[cell]
    params = first_edition.gates(gates, V, H)
    slow, begin = copies(params), first_edition.initial_state(arrays)

    def step(X: Any, state: Any) -> Tuple[Any, Any]:
        outputs, state = forward(d2l.to_onehot(X, V), state, slow)
        return nd.concat(*outputs, dim=0), state

    windows = [d2l.data_iter_consecutive, d2l.data_iter_random][random_iter]
    random.seed(3)
    expected = first_edition.perplexities(
        step,
        lambda: begin(BATCH, H, DEVICE),
        lambda: slow,
        lambda: windows(CORPUS, BATCH, STEPS, DEVICE),
        LR,
        THETA,
        3,
        fresh=random_iter,
    )
    random.seed(3)
    history = train_scratch(cell, params, random_iter)
    numpy.testing.assert_allclose(values(history), expected, rtol=1e-4)
    assert expected[-1] < expected[0]  # it learns: the comparison says something
    for ours, theirs in zip(params, slow):
        numpy.testing.assert_allclose(ours.asnumpy(), theirs.asnumpy(), atol=1e-4)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3 * (1 + len(PREFIXES))
    match = re.fullmatch(
        r"epoch 3, perplexity (\d+\.\d{6}), time \d+\.\d\d sec", printed[6]
    )
    assert match and float(match.group(1)) == pytest.approx(
        values(history)[-1], abs=1e-6
    )
    # Each prefix is read one character at a time, then the likeliest goes on.
    state, ids = begin(1, H, DEVICE), [INDEX["钟"], INDEX["说"]]
    for position in range(6):
        one_hot = d2l.to_onehot(nd.array([[ids[position]]]), V)
        (logits,), state = forward(one_hot, state, params)
        if position >= 1:
            ids.append(int(logits.argmax(axis=1).asscalar()))
    assert printed[7] == " - " + "".join(CHARS[i] for i in ids)


LAYERS = {
    "rnn": lambda: rnn.RNN(H),
    "gru": lambda: rnn.GRU(H),
    "lstm": lambda: rnn.LSTM(H),
    "deep": lambda: rnn.LSTM(H, 2),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_gluon_models_are_those_of_the_other_face_bit_for_bit(
    layer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same weights and minibatches under ``mx.np``: losses, weights, text."""
    model, same = (d2l.RNNModel(LAYERS[layer](), V) for _ in range(2))
    mxnet.random.seed(11)
    same.initialize(init.Normal(0.01), ctx=DEVICE)
    same(nd.zeros((BATCH, STEPS)), same.begin_state(batch_size=BATCH, ctx=DEVICE))
    mxnet.random.seed(11)
    history = train_gluon(model)
    assert history.path == "packed"
    said = [line[3:] for line in capsys.readouterr().out.splitlines()[1:]]

    npx.set_np()
    try:
        net = language_model.RNNModel(LAYERS[layer](), V)
        net.initialize(init.Normal(0.01), ctx=DEVICE)
        net(np.zeros((BATCH, STEPS)), net.begin_state(batch_size=BATCH, ctx=DEVICE))
        theirs = named_parameters(net)
        for name, parameter in named_parameters(same).items():
            theirs[name].set_data(np.array(parameter.data().asnumpy()))
        batches = [
            (np.array(X), np.array(Y))
            for X, Y in consecutive_windows(CORPUS, BATCH, STEPS)
        ]
        parameters = parameters_of(net, batches)
        objective = next_token(net, parameters, DEVICE)
        rows = list(train(objective, batches, Sgd(parameters, LR, THETA), 3))
        assert [row.loss for row in rows] == [row.loss for row in history]
        for name, parameter in named_parameters(model).items():
            ours, other = parameter.data(), theirs[name].data()
            assert type(ours) is nd.NDArray
            assert numpy.array_equal(ours.asnumpy(), other.asnumpy()), name
            other_gradient = theirs[name].grad().asnumpy()
            assert numpy.array_equal(parameter.grad().asnumpy(), other_gradient), name
        for prefix, text in zip(PREFIXES, said):
            ids = generate_ids([INDEX[c] for c in prefix], 5, net, DEVICE)
            assert text == "".join(CHARS[i] for i in ids)
    finally:
        npx.reset_np()


class ReadersModel(nn.Block):
    """As the book writes it in section 6.5: not ours, so on the plain path."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.rnn, self.dense = layer, nn.Dense(V)

    def forward(self, inputs: Any, state: Any) -> Any:
        Y, state = self.rnn(nd.one_hot(inputs.T, V), state)
        return self.dense(Y.reshape((-1, Y.shape[-1]))), state

    def begin_state(self, *args: Any, **kwargs: Any) -> Any:
        return self.rnn.begin_state(*args, **kwargs)


def test_a_readers_own_model_takes_the_plain_path_to_the_same_numbers() -> None:
    found: Dict[str, Any] = {}
    models: Dict[str, Any] = {
        "ours": d2l.RNNModel(rnn.LSTM(H), V),
        "reader": ReadersModel(rnn.LSTM(H)),
    }
    for name, model in models.items():
        mxnet.random.seed(5)
        history = train_gluon(model)
        found[name] = values(history)
        assert history.path.startswith("packed" if name == "ours" else "plain: ")
        texts = [
            d2l.predict_rnn_gluon(prefix, 9, model, V, DEVICE, CHARS, INDEX)
            for prefix in PREFIXES
        ]
        found[name + " says"] = texts
    numpy.testing.assert_allclose(found["ours"], found["reader"], rtol=1e-6)
    assert found["ours says"] == found["reader says"]


def test_the_small_functions() -> None:
    X = nd.array([[0, 2, 1], [1, 1, 0]])
    one_hot = d2l.to_onehot(X, 3)
    for t, rows in enumerate(one_hot):
        assert type(rows) is nd.NDArray
        assert numpy.array_equal(
            rows.asnumpy(), numpy.eye(3)[X.asnumpy()[:, t].astype(int)]
        )
    params = [nd.array([3.0, 4.0]), nd.array([[12.0]])]
    for param in params:
        param.attach_grad()
    with autograd.record():
        ((params[0] ** 2).sum() / 2 + (params[1] ** 2).sum() / 2).backward()
    d2l.grad_clipping(params, None, DEVICE)
    d2l.grad_clipping(params, 13.0, DEVICE)  # |(3, 4, 12)| = 13: not longer
    assert params[0].grad.asnumpy().tolist() == [3.0, 4.0]
    d2l.grad_clipping(params, 6.5, DEVICE)
    assert params[0].grad.asnumpy().tolist() == [1.5, 2.0]
    assert params[1].grad.asnumpy().tolist() == [[6.0]]
    d2l.sgd(params, 0.5, 2)
    numpy.testing.assert_allclose(params[0].asnumpy(), [3 - 0.375, 4 - 0.5])
    assert d2l.try_gpu().device_type in ("cpu", "gpu")


def test_who_replaces_a_name_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the book, whose functions look one another up in one module."""
    heard = []
    for name in (
        "grad_clipping",
        "sgd",
        "to_onehot",
        "data_iter_random",
        "predict_rnn",
        "predict_rnn_gluon",
        "data_iter_consecutive",
    ):
        own = getattr(d2l, name)

        def replacement(*args: Any, name: str = name, own: Any = own) -> Any:
            heard.append(name)
            assert not mxnet.util.is_np_array()
            return own(*args)

        monkeypatch.setattr(d2l, name, replacement)
        heard.clear()
        mxnet.random.seed(2)
        if name.endswith("gluon"):
            train_gluon(d2l.RNNModel(rnn.RNN(H), V), 1)
        else:
            params = first_edition.gates(1, V, H)
            train_scratch("rnn", params, name.endswith("random"), num_epochs=1)
        assert name in heard, name
        if name == "grad_clipping":
            history = train_gluon(d2l.RNNModel(rnn.RNN(H), V), 1)
            assert history.path == "plain: grad_clipping was replaced"
        monkeypatch.undo()


def test_what_a_reader_mistypes_is_one_line() -> None:
    params = first_edition.gates(1, V, H)
    with pytest.raises(UsageError, match="prefix '钟z': the corpus has no 'z'"):
        train_scratch("rnn", params, False, prefixes=["钟z"])
    with pytest.raises(UsageError, match="prefix is empty"):
        train_scratch("rnn", params, False, prefixes=[""])
    with pytest.raises(UsageError, match="num_epochs 0: at least 1"):
        train_scratch("rnn", params, False, num_epochs=0)
    with pytest.raises(UsageError, match="pred_period 0: at least 1"):
        train_scratch("rnn", params, False, pred_period=0)
    with pytest.raises(DataError, match="no minibatch"):
        train_scratch("rnn", params, False, num_steps=500)
    with pytest.raises(AttributeError, match="train_ch3.*chapter 6"):
        getattr(d2l, "train_ch3")


def test_loading_gives_the_books_four(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("D2L_RNN_DATA", raising=False)
    with pytest.warns(SampleCorpusWarning):
        corpus, char_to_idx, idx_to_char, vocab_size = d2l.load_data_jay_lyrics()
    assert len(corpus) == 10_000 and vocab_size == len(idx_to_char) == len(char_to_idx)
    assert max(corpus) == vocab_size - 1 and min(corpus) == 0
    text = "".join(idx_to_char[i] for i in corpus)
    assert text.startswith("小镇的钟比别处的慢一刻") and " " in text
    own = tmp_path / "own.txt"
    own.write_text("天地玄黄\n宇宙洪荒", encoding="utf-8")
    corpus, char_to_idx, idx_to_char, _ = d2l.load_data_jay_lyrics(own)
    assert "".join(idx_to_char[i] for i in corpus) == "天地玄黄 宇宙洪荒"
    assert all(char_to_idx[char] == i for i, char in enumerate(idx_to_char))


def test_the_signatures_are_the_books() -> None:
    """Parameter by parameter, as the printed calls of chapter 6 give them."""
    common = "vocab_size ctx corpus_indices idx_to_char char_to_idx"
    numbers = "num_epochs num_steps lr clipping_theta batch_size "
    numbers += "pred_period pred_len prefixes"
    expected = {
        "data_iter_random": "corpus_indices batch_size num_steps ctx",
        "data_iter_consecutive": "corpus_indices batch_size num_steps ctx",
        "to_onehot": "X size",
        "grad_clipping": "params theta ctx",
        "sgd": "params lr batch_size",
        "try_gpu": "",
        "predict_rnn": "prefix num_chars rnn params init_rnn_state num_hiddens "
        "vocab_size ctx idx_to_char char_to_idx",
        "predict_rnn_gluon": "prefix num_chars model vocab_size ctx idx_to_char "
        "char_to_idx",
        "train_and_predict_rnn": "rnn get_params init_rnn_state num_hiddens "
        f"{common} is_random_iter {numbers}",
        "train_and_predict_rnn_gluon": f"model num_hiddens {common} {numbers}",
    }
    for name, parameters in expected.items():
        found = inspect.signature(getattr(d2l, name)).parameters
        assert list(found) == parameters.split(), name
    assert set(expected) | {"RNNModel", "load_data_jay_lyrics"} == set(d2l.__all__)


FIRST_EDITION = """
import mxnet
from mxnet import nd
from mxnet.gluon import nn, rnn
import d2l_rnn.d2lzh as zh
text = "风从门里进来问钟现在几点了" * 12
chars = sorted(set(text)); index = {c: i for i, c in enumerate(chars)}
corpus, V = [index[c] for c in text], len(chars)
def first_edition():
    before = mxnet.util.is_np_array(), mxnet.util.is_np_shape()
    model = zh.RNNModel(rnn.RNN(4), V)
    history = zh.train_and_predict_rnn_gluon(model, 4, V, zh.try_gpu(), corpus, chars,
        index, 1, 5, 1.0, 1.0, 2, 1, 3, ["风"])
    assert history.path == "packed"
    assert before == (mxnet.util.is_np_array(), mxnet.util.is_np_shape())
"""
LATER_EDITION = """
import d2l_rnn as d2l
from mxnet import np
def later_edition():
    net = d2l.RNNModel(rnn.RNN(4), V)
    batches = [(np.zeros((2, 5)), np.ones((2, 5)))]
    vocab = d2l.Vocab([chars])
    d2l.train_ch8(net, batches, vocab, 1.0, 1, d2l.try_gpu())
    assert mxnet.util.is_np_array() and mxnet.util.is_np_shape()
    assert type(net.dense.weight.data()) is np.ndarray
"""
ORDERS = {
    "first edition first": """
first_edition()
assert not mxnet.util.is_np_array() and not mxnet.util.is_np_shape()
layer, dense = rnn.LSTM(3), nn.Dense(2)
layer.initialize(); dense.initialize()
Y = layer(nd.ones((5, 2, 4)))
assert type(dense(Y)) is nd.NDArray and dense(Y).shape == (5, 2)
later_edition()
first_edition()
later_edition()
""",
    "later edition first": """
later_edition()
first_edition()
later_edition()
""",
}


@pytest.mark.parametrize("order", ORDERS)
def test_both_editions_in_one_process(order: str) -> None:
    # The package comes first: where NumPy is 2, mxnet cannot be imported before it.
    first = "import d2l_rnn as d2l\n"
    if order.startswith("later"):
        first += "d2l.try_gpu()\n"
    code = first + FIRST_EDITION + LATER_EDITION + ORDERS[order]
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code],
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.slow
@pytest.mark.skipif(find_lyrics() is None, reason=f"needs the reader's own {LYRICS}")
def test_on_the_books_lyrics_the_published_perplexity_comes_out() -> None:
    """Section 6.5: epoch 50 of the executed notebooks printed 83.73."""
    corpus, char_to_idx, idx_to_char, vocab_size = d2l.load_data_jay_lyrics()
    assert vocab_size == 1027
    found = []
    for seed in (1, 2, 3):
        mxnet.random.seed(seed)
        history = d2l.train_and_predict_rnn_gluon(
            d2l.RNNModel(rnn.RNN(256), vocab_size),
            256,
            vocab_size,
            DEVICE,
            corpus,
            idx_to_char,
            char_to_idx,
            *(50, 35, 1e2, 1e-2, 32, 50, 50),
            ["分开", "不分开"],
        )
        found.append(values(history)[-1])
    assert min(found) < 83.729646 * 1.2 and max(found) > 83.729646 / 1.2


def test_the_code_of_the_chinese_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/zh/first-edition.md, with one epoch of a small net."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("D2L_RNN_DATA", raising=False)
    page = Path(__file__).parents[1] / "docs" / "zh" / "first-edition.md"
    text = page.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"(?s)```python\n(.*?)```", text))
    small = {"256": "8", "250, 35": "1, 35", "32, 50, 50": "32, 1, 3"}
    for number, instead in small.items():
        assert number in code
        code = code.replace(number, instead)
    with pytest.warns(SampleCorpusWarning):
        exec(code, {})
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("epoch 1, perplexity ")
    assert [line[:5] for line in printed[1:]] == [" - 小镇", " - 河水"]
