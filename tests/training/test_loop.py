from __future__ import annotations

import math
import random
from pathlib import Path
from types import ModuleType
from typing import Any, List

import mxnet
import numpy as onp
import pytest
from mxnet import cpu, gluon, np
from mxnet.gluon import rnn

from d2l_rnn.acceleration.epochs import next_token, parameters_of
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.errors import DataError, DivergenceError
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training.initialisation import initialize
from d2l_rnn.training.loop import EpochRow, evaluate, train
from d2l_rnn.training.objectives import NextToken
from d2l_rnn.training.optimisers import Sgd
from d2l_rnn.training.parameters import Parameters

from ..reference import d2l_0_17

VOCAB = 11
CORPUS = [(i * i + i // 7) % VOCAB for i in range(700)]
DEVICE = cpu()


def make(seed: int = 3) -> RNNModel:
    mxnet.random.seed(seed)
    net = RNNModel(rnn.LSTM(16), VOCAB)
    initialize(net, DEVICE)
    return net


def rows_of(
    net: Any,
    batches: Any,
    num_epochs: int,
    lr: float = 1.0,
    theta: float = 1.0,
    fresh_state: bool = False,
    fast: bool = True,
    **named: Any,
) -> Any:
    """Epochs of gradient descent, on the fast path or on the plain one."""
    if fast:
        parameters = parameters_of(net, batches)
        objective = next_token(net, parameters, DEVICE, fresh_state)
    else:
        parameters = Parameters.of(net)
        loss = gluon.loss.SoftmaxCrossEntropyLoss()
        objective = NextToken(net, loss, DEVICE, fresh_state)
    return train(objective, batches, Sgd(parameters, lr, theta), num_epochs, **named)


def curve(
    net: RNNModel, num_epochs: int = 6, lr: float = 1.0, **named: Any
) -> List[Any]:
    loader = SequenceLoader(CORPUS, 4, 10)
    return [row.loss for row in rows_of(net, loader, num_epochs, lr, **named)]


def test_seeds() -> None:
    one, again = curve(make(), seed=1), curve(make(), seed=1)
    assert one == again
    assert one != curve(make(), seed=2)
    assert one != curve(make(seed=4), seed=1)


def test_going_on_at_any_epoch_is_never_having_stopped() -> None:
    whole = curve(make(), 6, seed=1)
    net = make()
    first = curve(net, 2, seed=1)
    random.random()  # what a new process would differ in
    mxnet.np.random.uniform(size=3)
    second = curve(net, 6, seed=1, first_epoch=3)
    assert first + second == whole


def test_learns_one_batch_by_heart() -> None:
    for seed in range(3):
        net, X = make(seed), np.array([CORPUS[:10], CORPUS[40:50]])
        Y = np.array([CORPUS[1:11], CORPUS[41:51]])
        rows = list(rows_of(net, [(X, Y)], 400, 2.0, fresh_state=True))
        assert rows[0].loss / rows[0].tokens == pytest.approx(math.log(VOCAB), rel=0.02)
        assert rows[-1].loss / rows[-1].tokens < 0.05


@pytest.mark.parametrize("fast", [False, True])
def test_divergence_stops_with_epoch_step_and_advice(fast: bool) -> None:
    net = make()
    with pytest.raises(DivergenceError, match=r"epoch 1, step \d+ .*smaller learning"):
        curve(net, 3, lr=1e38, theta=math.inf, fast=fast)


@pytest.mark.parametrize("fast", [False, True])
def test_an_infinite_gradient_is_not_clipped_in_silence(fast: bool) -> None:
    net = make()
    net.dense.weight.set_data(np.ones((VOCAB, 16)) * 1e38)
    with pytest.raises(DivergenceError, match="epoch 1, step 1"):
        curve(net, 1, fast=fast)


def test_an_iterator_that_is_used_up_is_no_data() -> None:
    net = make()
    batches = iter(list(SequenceLoader(CORPUS, 4, 10)))
    rows = rows_of(net, batches, 2)
    assert next(rows).epoch == 1
    with pytest.raises(DataError, match="no minibatch in epoch 2.*iterates"):
        next(rows)


def test_evaluate_is_the_training_loss_without_training() -> None:
    net = make()
    loader = SequenceLoader(CORPUS, 4, 10)
    random.seed(0)
    total, tokens = evaluate(net, loader, DEVICE)
    random.seed(0)
    (row,) = rows_of(net, loader, 1, 1e-30)
    assert (row.tokens, row.loss) == (tokens, pytest.approx(total, rel=1e-6))


@pytest.fixture(scope="module")
def old(request: pytest.FixtureRequest) -> ModuleType:
    """The book's own code (d2l 0.17.6)."""
    assert request.config.cache
    return d2l_0_17.load(Path(str(request.config.cache.mkdir("d2l-0.17.6"))))


def follows_the_book(old: ModuleType, layer: Any, seed: int, corpus: Any) -> None:
    from d2l_rnn.chapters import train_ch8
    from d2l_rnn.data.text import Vocab

    vocab = Vocab(list("abcdefghijklmnopqrstuvwxyz "))
    curves = []
    for module in (None, old):
        random.seed(seed)
        mxnet.random.seed(seed)
        net = (RNNModel if module is None else old.RNNModel)(layer(), len(vocab))
        loader = SequenceLoader(corpus, 32, 35)
        arguments = (net, loader, vocab, 1, 20, DEVICE)
        if module is None:
            history: List[EpochRow] = train_ch8(*arguments)
            curves.append([math.exp(row.loss / row.tokens) for row in history])
        else:
            curves.append(d2l_0_17.training_curve(old, *arguments))
    assert len(curves[0]) == 20 and curves[0][-1] < 0.95 * curves[0][0]
    onp.testing.assert_allclose(curves[0], curves[1], rtol=1e-3)


def sample_corpus() -> List[int]:
    from d2l_rnn.data.corpora import load_text
    from d2l_rnn.data.text import clean, corpus_from_lines

    return corpus_from_lines(clean(load_text("sample").lines), max_tokens=10000)[0]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_follows_the_book_s_own_train_ch8(
    old: ModuleType, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = sample_corpus()[:4000]
    follows_the_book(old, lambda: rnn.LSTM(24), seed, corpus)
    follows_the_book(old, lambda: rnn.LSTM(16, 2, bidirectional=True), seed, corpus)
    printed = capsys.readouterr().out.splitlines()
    # Ours and the book's print the same three lines, speed aside.
    for ours, theirs in ((printed[0:3], printed[3:6]), (printed[6:9], printed[9:12])):
        assert ours[1:] == theirs[1:]
        assert ours[0].split(",")[0] == theirs[0].split(",")[0]
        assert ours[0].split()[3:] == theirs[0].split()[3:]


@pytest.mark.slow
@pytest.mark.parametrize(
    "layer",
    [lambda: rnn.LSTM(256), lambda: rnn.LSTM(256, 2, bidirectional=True)],
    ids=["lstm", "bilstm"],
)
def test_follows_the_book_at_full_size(old: ModuleType, layer: Any) -> None:
    follows_the_book(old, layer, 1, sample_corpus())
