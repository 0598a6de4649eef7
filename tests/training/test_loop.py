from __future__ import annotations

import math
import random
from pathlib import Path
from types import ModuleType
from typing import Any, List

import mxnet
import numpy as onp
import pytest
from mxnet import autograd, cpu, gluon, np
from mxnet.gluon import rnn

from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.errors import DivergenceError
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training.loop import (
    EpochRow,
    detach,
    evaluate,
    grad_clipping,
    initialize,
    mean_of,
    train,
    train_epoch,
)
from d2l_rnn.training.parameters import FlatParameters, named_arrays

from ..reference import d2l_0_17

VOCAB = 11
CORPUS = [(i * i + i // 7) % VOCAB for i in range(700)]
DEVICE = cpu()


def make(seed: int = 3, layer: str = "lstm", num_hiddens: int = 16) -> RNNModel:
    mxnet.random.seed(seed)
    layers = {
        "lstm": lambda: rnn.LSTM(num_hiddens),
        "bilstm": lambda: rnn.LSTM(num_hiddens, 2, bidirectional=True),
    }
    net = RNNModel(layers[layer](), VOCAB)
    initialize(net, DEVICE)
    return net


def curve(net: RNNModel, num_epochs: int = 6, lr: float = 1.0, **named: Any) -> List:
    use_random_iter = named.pop("use_random_iter", False)
    loader = SequenceLoader(CORPUS, 4, 10, use_random_iter)
    rows = train(net, loader, lr, num_epochs, DEVICE, use_random_iter, **named)
    return [row.loss for row in rows]


@pytest.mark.parametrize("layer", ["lstm", "bilstm"])
@pytest.mark.parametrize("use_random_iter", [False, True])
def test_fast_and_plain_path_give_the_same_curve(
    layer: str, use_random_iter: bool
) -> None:
    curves = [
        curve(
            make(layer=layer),
            20,
            lr=2.0,
            seed=5,
            flat=flat,
            use_random_iter=use_random_iter,
        )
        for flat in (True, False)
    ]
    onp.testing.assert_allclose(curves[0], curves[1], rtol=1e-4)


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
        rows = list(train(net, [(X, Y)], 2.0, 400, DEVICE, True))
        assert rows[0].loss / rows[0].tokens == pytest.approx(math.log(VOCAB), rel=0.02)
        assert rows[-1].loss / rows[-1].tokens < 0.05


def test_state_is_carried_or_fresh() -> None:
    seen: List[Any] = []

    class Spy:
        def begin_state(self, batch_size: int, ctx: Any) -> Any:
            return [np.zeros((1, batch_size, 1))]

        params = [np.zeros(1)]

        def __call__(self, X: Any, state: Any) -> Any:
            seen.append(float(state[0].sum()))
            logits = np.zeros((X.size, VOCAB)) * self.params[0]
            return logits, [state[0] + 1]

    Spy.params[0].attach_grad()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    batches = [(np.zeros((2, 3)), np.zeros((2, 3)))] * 3
    for use_random_iter, expected in ((False, [0, 2, 4]), (True, [0, 0, 0])):
        seen.clear()
        net = Spy()
        objective = mean_of(net, loss)
        row = train_epoch(
            net, batches, objective, lambda: None, DEVICE, use_random_iter
        )
        assert seen == expected
        assert row.tokens == 18
        assert row.loss == pytest.approx(18 * math.log(VOCAB), rel=1e-5)


def test_detach_cuts_the_graph() -> None:
    w = np.array([2.0])
    w.attach_grad()
    for cut, expected in ((detach, 3.0), (lambda s: s, 12.0)):
        with autograd.record():
            state = [w * 3.0]
            y = cut(state)[0] * w
        y.backward()
        assert float(w.grad) == pytest.approx(6.0 if cut is detach else expected)
    assert isinstance(detach((w,)), tuple)


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("theta", [1e-3, 1e3])
def test_clipping_is_the_book_s(flat: bool, theta: float) -> None:
    net = make()
    with autograd.record():
        logits, _ = net(np.array([CORPUS[:10]]), net.begin_state(batch_size=1))
        (logits**2).sum().backward()
    expected = {
        name: parameter.grad().asnumpy().astype("float64")
        for name, parameter in net._collect_params_with_prefix().items()
    }
    norm = math.sqrt(sum((g**2).sum() for g in expected.values()))
    if flat:
        # Flattening makes new gradients, so the backward pass is done again.
        parameters = FlatParameters(net)
        with autograd.record():
            logits, _ = net(np.array([CORPUS[:10]]), net.begin_state(batch_size=1))
            (logits**2).sum().backward()
        found = float(parameters.clip(theta))
    else:
        found = float(grad_clipping(net, theta))
    assert found == pytest.approx(norm, rel=1e-5)
    for name, parameter in net._collect_params_with_prefix().items():
        onp.testing.assert_allclose(
            parameter.grad().asnumpy(),
            expected[name] * min(1, theta / norm),
            rtol=1e-4,
            atol=1e-9,
        )


@pytest.mark.parametrize("theta", [1e-3, 1e3, math.inf])
def test_a_step_of_clipped_gradient_descent(theta: float) -> None:
    flat = FlatParameters(make())
    random_numbers = onp.random.default_rng(5)
    before = random_numbers.normal(size=flat.data.size).astype("float32")
    gradient = random_numbers.normal(size=flat.data.size).astype("float32")
    flat.data[:], flat.grad[:] = np.array(before), np.array(gradient)
    norm = math.sqrt((gradient.astype("float64") ** 2).sum())
    found = flat.sgd(0.3, theta)
    if math.isinf(theta):
        assert found is None
    else:
        assert float(found) == pytest.approx(norm, rel=1e-5)
    step = 0.3 * min(1, theta / norm) * gradient.astype("float64")
    onp.testing.assert_allclose(flat.data.asnumpy(), before - step, atol=1e-6)
    onp.testing.assert_array_equal(flat.grad.asnumpy(), gradient)


def test_an_infinite_bound_does_not_clip() -> None:
    flat = FlatParameters(make())
    flat.grad[:] = 1e6
    assert flat.clip(math.inf) is None
    assert (flat.grad == 1e6).all()


def test_flat_parameters_share_memory_with_the_net() -> None:
    net = make()
    before = {name: a.asnumpy() for name, a in named_arrays(net).items()}
    flat = FlatParameters(net)
    for name, array in named_arrays(net).items():
        onp.testing.assert_array_equal(array.asnumpy(), before[name])
    assert flat.data.size == sum(a.size for a in before.values())
    flat.data[:] = 7.0
    flat.grad[:] = 5.0
    for parameter in net.collect_params().values():
        assert (parameter.data() == 7).all() and (parameter.grad() == 5).all()


@pytest.mark.parametrize("flat", [False, True])
def test_divergence_stops_with_epoch_step_and_advice(flat: bool) -> None:
    net = make()
    with pytest.raises(DivergenceError, match=r"epoch 1, step \d+ .*smaller learning"):
        curve(net, 3, lr=1e38, theta=math.inf, flat=flat)


def test_an_infinite_gradient_is_not_clipped_in_silence() -> None:
    net = make()
    net.dense.weight.set_data(np.ones((VOCAB, 16)) * 1e38)
    with pytest.raises(DivergenceError, match="epoch 1, step 1"):
        curve(net, 1)


def test_evaluate_is_the_training_loss_without_training() -> None:
    net = make()
    loader = SequenceLoader(CORPUS, 4, 10)
    random.seed(0)
    total, tokens = evaluate(net, loader, DEVICE)
    random.seed(0)
    (row,) = train(net, loader, 1e-30, 1, DEVICE)
    assert (row.tokens, row.loss) == (tokens, pytest.approx(total, rel=1e-6))


def test_initialise_draws_normal_weights_and_zero_biases() -> None:
    net = make(num_hiddens=128)
    for name, array in named_arrays(net).items():
        values = array.asnumpy()
        if name.endswith("bias"):
            assert (values == 0).all()
        else:  # 5 standard errors of mean and standard deviation
            slack = 5 / math.sqrt(values.size)
            assert abs(values.mean()) < 0.01 * slack
            assert values.std() == pytest.approx(0.01, rel=slack)


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


@pytest.mark.parametrize("seed", [1, 2])
def test_follows_the_book_s_own_train_ch8(
    old: ModuleType, seed: int, capsys: pytest.CaptureFixture
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
