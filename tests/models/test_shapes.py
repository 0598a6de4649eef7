"""Many to one and one to many: what a label may depend on, and what on a label."""

from __future__ import annotations

from typing import Any

import pytest
from mxnet import autograd, init, np

from d2l_rnn.models.shapes import LineClassifier, LineGenerator

VOCAB_SIZE, NUM_STEPS, BATCH_SIZE, NUM_CLASSES = 7, 6, 5, 3


def made(kind: Any) -> Any:
    net = kind(VOCAB_SIZE, 4, 8, NUM_CLASSES)
    net.initialize(init.Normal(0.5))
    return net


def tokens(*shape: int) -> Any:
    return np.random.randint(0, VOCAB_SIZE, shape)


def close(a: Any, b: Any) -> bool:
    return float(abs(a - b).max()) < 1e-5


def test_the_label_reads_the_valid_steps_and_no_other() -> None:
    net = made(LineClassifier)
    X, valid_len = tokens(BATCH_SIZE, NUM_STEPS), np.array([1, 2, 3, 4, 6])
    logits = net(X, valid_len)
    for row in range(BATCH_SIZE):
        length = int(valid_len[row])
        alone = net(X[row : row + 1, :length], np.array([length]))
        assert close(alone[0], logits[row])
    beyond = np.arange(NUM_STEPS) >= valid_len.reshape(-1, 1)
    assert close(net(np.where(beyond, (X + 1) % VOCAB_SIZE, X), valid_len), logits)
    others = net(np.where(beyond, X, (X + 1) % VOCAB_SIZE), valid_len)
    assert float(abs(others - logits).max(axis=1).min()) > 1e-4


def test_the_generator_goes_on_where_it_stopped_and_never_looks_ahead() -> None:
    net = made(LineGenerator)
    X, labels = tokens(BATCH_SIZE, NUM_STEPS), np.array([0, 1, 2, 0, 1])
    whole, last = net(X, net.begin_state(labels))
    assert whole.shape == (BATCH_SIZE, NUM_STEPS, VOCAB_SIZE)
    state = net.begin_state(labels)
    for t in range(NUM_STEPS):
        logits, state = net(X[:, t : t + 1], state)
        assert close(logits[:, 0], whole[:, t])
    assert close(state[0], last[0])


@pytest.mark.parametrize("step", [0, NUM_STEPS - 1])
def test_the_label_is_felt_at_every_step(step: int) -> None:
    net = made(LineGenerator)
    X = tokens(1, NUM_STEPS)
    weight = net.classes.weight
    with autograd.record():
        logits, _ = net(X, net.begin_state(np.array([1])))
        chosen = logits[0, step, 2]
    chosen.backward()
    grad = abs(weight.grad()).sum(axis=1)
    assert float(grad[1]) > 0 and float(grad[0] + grad[2]) == 0
