"""The audit's numbers: exact laws for causal models, brute force for the others."""

from __future__ import annotations

import math
from typing import Any, List, Tuple

import mxnet
import numpy as onp
import pytest
from mxnet import autograd, cpu, gluon, np, npx
from mxnet.gluon import rnn

from d2l_rnn.arrays import Floats
from d2l_rnn.data.sequences import sequential_partition
from d2l_rnn.errors import DataError
from d2l_rnn.models.inputs import logits_of_inputs
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training.loop import evaluate
from d2l_rnn.training.visibility import (
    VisibleLosses,
    input_gradients,
    visible_losses,
)

VOCAB, BATCH, STEPS = 6, 3, 7
DEVICE = cpu()


def make(name: str) -> Any:
    layers = {
        "rnn": lambda: rnn.RNN(8),
        "gru": lambda: rnn.GRU(8, 2),
        "lstm": lambda: rnn.LSTM(8, 2),
        "birnn": lambda: rnn.RNN(8, bidirectional=True),
        "bilstm": lambda: rnn.LSTM(8, 2, bidirectional=True),
    }
    net = RNNModel(layers[name](), VOCAB)
    # Far from zero, so that what a model sees makes a difference.
    net.initialize(mxnet.init.Uniform(0.8), ctx=DEVICE)
    net(np.zeros((1, 1)), net.begin_state(batch_size=1, ctx=DEVICE))
    return net


def batches(num_windows: int = 3) -> List[Tuple[Any, Any]]:
    ids = onp.random.randint(0, VOCAB, BATCH * STEPS * num_windows + 1).tolist()
    found = list(sequential_partition(ids, BATCH, STEPS))
    assert len(found) == num_windows
    return found


CAUSAL, BIDIRECTIONAL = ["rnn", "gru", "lstm"], ["birnn", "bilstm"]


@pytest.mark.parametrize("carry_state", [True, False])
@pytest.mark.parametrize("name", CAUSAL)
def test_a_causal_model_has_one_perplexity_whatever_is_visible(
    name: str, carry_state: bool
) -> None:
    net, windows = make(name), batches()
    losses = visible_losses(net, windows, DEVICE, carry_state)
    loss, tokens = evaluate(net, windows, DEVICE, carry_state)
    assert losses.num_tokens == tokens
    for right_context in [*range(STEPS + 2), None]:
        # Of the mean losses: exp makes their float32 rounding as large as they are.
        mean = math.log(losses.perplexity(right_context))
        assert mean == pytest.approx(loss / tokens, rel=1e-6)


@pytest.mark.parametrize("carry_state", [True, False])
@pytest.mark.parametrize("name", BIDIRECTIONAL)
def test_all_visible_is_what_the_book_prints(name: str, carry_state: bool) -> None:
    net, windows = make(name), batches()
    losses = visible_losses(net, windows, DEVICE, carry_state)
    loss, tokens = evaluate(net, windows, DEVICE, carry_state)
    for right_context in (None, STEPS - 1, STEPS + 5):
        # Of the mean losses: exp makes their float32 rounding as large as they are.
        mean = math.log(losses.perplexity(right_context))
        assert mean == pytest.approx(loss / tokens, rel=1e-6)
    # With less to see a loss is another; one of them may be the same by chance.
    fewer = [math.log(losses.perplexity(k)) for k in range(STEPS - 1)]
    assert max(abs(mean - loss / tokens) for mean in fewer) > 1e-3


@pytest.mark.parametrize("name", ["lstm", "bilstm"])
def test_losses_equal_one_call_for_each_prefix_row_and_position(name: str) -> None:
    net, windows = make(name), batches(2)
    expected = onp.full((STEPS, STEPS), onp.nan)
    cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
    for row in range(BATCH):
        state = net.begin_state(batch_size=1, ctx=DEVICE)
        for X, Y in windows:
            x, y = X[row : row + 1], Y[row : row + 1]
            for v in range(STEPS):
                logits, _ = net(x[:, : v + 1], state)
                for t in range(v + 1):
                    one = float(cross_entropy(logits[t : t + 1], y[0, t : t + 1]))
                    expected[t, v] = onp.nansum([expected[t, v], one])
            _, state = net(x, state)
    losses = visible_losses(net, windows, DEVICE)
    onp.testing.assert_allclose(losses.losses, expected, rtol=1e-5, atol=1e-5)
    assert losses.windows == 2 * BATCH


def test_perplexity_takes_the_right_entries() -> None:
    table = onp.array([[5.0, 4.0, 3.0], [onp.nan, 2.0, 1.0], [onp.nan, onp.nan, 6.0]])
    losses = VisibleLosses(table, 2)
    assert losses.perplexity(0) == pytest.approx(math.exp((5 + 2 + 6) / 6))
    assert losses.perplexity(1) == pytest.approx(math.exp((4 + 1 + 6) / 6))
    assert losses.perplexity(2) == losses.perplexity() == losses.perplexity(9)
    assert losses.perplexity() == pytest.approx(math.exp((3 + 1 + 6) / 6))
    assert VisibleLosses(table * 1e4, 1).perplexity() == math.inf


def test_a_text_without_windows_is_refused() -> None:
    with pytest.raises(DataError, match="too short"):
        visible_losses(make("rnn"), [], DEVICE)


def gradients(net: Any, X: Any, Y: Any) -> Floats:
    return input_gradients(
        net, lambda inputs, state: logits_of_inputs(net, inputs, state), X, Y, VOCAB
    )


@pytest.mark.parametrize("name", CAUSAL + BIDIRECTIONAL)
def test_gradient_with_respect_to_the_future(name: str) -> None:
    (X, Y), *_ = batches(1)
    matrix = gradients(make(name), X, Y)
    future = onp.triu(onp.ones((STEPS, STEPS), bool), 1)
    assert (matrix[~future] > 0).all()
    if name in CAUSAL:
        assert (matrix[future] == 0).all()
    else:
        assert (matrix[future] > 0).all()


@pytest.mark.parametrize("name", ["gru", "bilstm"])
def test_gradients_equal_one_backward_pass_for_each_position(name: str) -> None:
    net = make(name)
    (X, Y), *_ = batches(1)
    expected = onp.zeros((STEPS, STEPS))
    for row in range(BATCH):
        for t in range(STEPS):
            inputs = npx.one_hot(X[row : row + 1].T, VOCAB)
            inputs.attach_grad()
            with autograd.record():
                state = net.begin_state(batch_size=1, ctx=DEVICE)
                logits = logits_of_inputs(net, inputs, state)
                score = logits[t, int(Y[row, t])]
            score.backward()
            norms = np.sqrt((inputs.grad**2).sum(axis=(1, 2))).asnumpy()
            expected[t] += norms / BATCH
    onp.testing.assert_allclose(gradients(net, X, Y), expected, rtol=1e-4, atol=1e-7)
