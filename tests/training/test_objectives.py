"""What is minimised: where states come from, and what the numbers are sums of."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any, List

import pytest
from mxnet import autograd, cpu, gluon, np

from d2l_rnn.training.loop import train_epoch
from d2l_rnn.training.objectives import Examples, NextToken, detach
from d2l_rnn.training.optimisers import Sgd
from d2l_rnn.training.parameters import Parameters

VOCAB = 11


class Spy:
    """A "net" that counts its calls in its state and answers with zeros."""

    def __init__(self) -> None:
        self.seen: List[float] = []
        self.params = [np.zeros(1)]
        self.params[0].attach_grad()

    def begin_state(self, batch_size: int, ctx: Any) -> Any:
        return [np.zeros((1, batch_size, 1))]

    def __call__(self, X: Any, state: Any) -> Any:
        self.seen.append(float(state[0].sum()))
        logits = np.zeros((X.size, VOCAB)) * self.params[0]
        return logits, [state[0] + 1]


@pytest.mark.parametrize(
    ("fresh_state", "expected"), [(False, [0, 2, 4]), (True, [0, 0, 0])]
)
def test_state_is_carried_or_fresh(fresh_state: bool, expected: List[int]) -> None:
    net, loss = Spy(), gluon.loss.SoftmaxCrossEntropyLoss()
    batches = [(np.zeros((2, 3)), np.zeros((2, 3)))] * 3
    objective = NextToken(net, loss, cpu(), fresh_state)
    optimiser = Sgd(Parameters.of(net), 0.0)
    for _ in range(2):  # each epoch begins with a fresh state
        net.seen.clear()
        row = train_epoch(objective, batches, optimiser)
        assert net.seen == expected
        assert row.tokens == 18
        assert row.loss == pytest.approx(18 * math.log(VOCAB), rel=1e-5)


def test_detach_cuts_the_graph() -> None:
    w = np.array([2.0])
    w.attach_grad()
    for cut, expected in ((detach, 6.0), (lambda s: s, 12.0)):
        with autograd.record():
            state = [w * 3.0]
            y = cut(state)[0] * w
        y.backward()
        assert float(w.grad) == pytest.approx(expected)


def test_detach_keeps_the_kind_of_a_state() -> None:
    kind = namedtuple("kind", "H C")
    w = np.array([2.0])
    state = kind([w], {"C": w, "steps": 3})
    found = detach(state)
    assert type(found) is kind and type(found.H) is list and type(found.C) is dict
    assert found.C["steps"] == 3
    assert found.H[0] is not w and float(found.H[0]) == 2
    assert isinstance(detach((w,)), tuple)


@pytest.mark.parametrize(("batch_size", "divisor"), [(None, 3), (5, 5)])
def test_examples_report_their_sum_and_minimise_their_mean(
    batch_size: Any, divisor: int
) -> None:
    w = np.array([2.0])
    w.attach_grad()
    objective = Examples(lambda X: ((w * X).sum(), len(X)), cpu(), batch_size)
    with autograd.record():
        found = objective(np.array([1.0, 2.0, 4.0]))
    found.objective.backward()
    assert float(found.loss) * found.weight == 14 and found.num_terms == 3
    assert float(w.grad) == pytest.approx(7 / divisor)
    assert found.batch_size == 1
