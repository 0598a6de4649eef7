"""What ``train_ch8`` leaves behind: the reader's own arrays, in order, at any time."""

from __future__ import annotations

import contextlib
import io
import math
from typing import Any, Callable, List, Tuple

import numpy
import pytest
from mxnet import autograd, cpu, gluon, np
from mxnet import random as mxnet_random
from mxnet.gluon import nn, rnn

import d2l_rnn
from d2l_rnn.acceleration import why_not
from d2l_rnn.training.parameters import Parameters, trainables

from .customising import LR, VOCAB, VOCAB_SIZE, acceleration, wild
from .test_customised_surroundings import batches

MODES = {"default": True, "off": False}


def gluon_net(layer: Callable[[], Any] = lambda: rnn.LSTM(8)) -> Any:
    return wild(d2l_rnn.RNNModel(layer(), VOCAB_SIZE))


def train(net: Any, train_iter: Any, num_epochs: int = 2) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return d2l_rnn.train_ch8(net, train_iter, VOCAB, LR, num_epochs, cpu())


def settle(net: Any) -> List[Any]:
    """All arrays are there; train_ch8 must not be the one to make them."""
    net.initialize(ctx=cpu())
    net(np.zeros((1, 1)), net.begin_state(batch_size=1, ctx=cpu()))
    return list(net.collect_params().values())


@pytest.mark.parametrize("mode", MODES)
def test_arrays_keep_their_identity_between_epochs(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The callback of every tenth epoch finds the same objects, moved, and in order."""
    net = gluon_net()
    seen: List[Tuple[List[Any], List[Any], List[Any], float]] = []

    class Looking:
        def __init__(self, **kwargs: Any) -> None:
            pass

        def add(self, x: Any, y: Any) -> None:
            found = list(net.collect_params().values())
            arrays = [p.data() for p in found], [p.grad() for p in found]
            copies = [array.asnumpy() for array in arrays[0]]
            norm = math.sqrt(sum(float((g**2).sum()) for g in arrays[1]))
            seen.append((*arrays, copies, norm))

    monkeypatch.setattr(d2l_rnn, "Animator", Looking)
    with acceleration(MODES[mode]):
        history = train(net, batches(), 20)
    assert history.path.startswith("packed" if MODES[mode] else "plain")
    assert len(seen) == 2
    for one, other in zip(seen[0][0] + seen[0][1], seen[1][0] + seen[1][1]):
        assert one is other
    for one, other in zip(seen[0][2], seen[1][2]):
        assert abs(one - other).max() > 0
    # the gradients lie there clipped, as in the book
    assert all(0 < norm < 1 + 1e-5 for *_, norm in seen)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed_of_net", range(3))
def test_the_last_step_can_be_followed_by_hand(mode: str, seed_of_net: int) -> None:
    """Arrays, gradients: ``w_after = w_before - lr g``, the clipped g left there."""
    last = batches()[:1]
    ends = []
    for num_epochs in (1, 2):
        mxnet_random.seed(seed_of_net)
        net = gluon_net()
        with acceleration(MODES[mode]):
            train(net, last, num_epochs)
        found = list(net.collect_params().values())
        ends.append([(p.data().asnumpy(), p.grad().asnumpy()) for p in found])
    for (before, _), (after, grad) in zip(*ends):
        numpy.testing.assert_allclose(after, before - LR * grad, 1e-6, 1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_a_trainer_of_the_reader_goes_on(mode: str) -> None:
    """No warning of stale gradients, and every layer moves."""
    net = gluon_net(lambda: rnn.GRU(8, 2, bidirectional=True))
    with acceleration(MODES[mode]):
        train(net, batches())
    found = net.collect_params()
    trainer = gluon.Trainer(found, "sgd", {"learning_rate": 0.1})
    with pytest.raises(UserWarning):  # the gradients there are used up, as in the book
        trainer.step(1)
    before = {name: p.data().asnumpy() for name, p in found.items()}
    X, Y = batches()[0]
    with autograd.record():
        logits, _ = net(X, net.begin_state(batch_size=2, ctx=cpu()))
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(logits, Y.T.reshape(-1)).mean()
    loss.backward()
    trainer.step(1)
    for name, parameter in found.items():
        assert abs(parameter.data().asnumpy() - before[name]).max() > 0, name


@pytest.mark.parametrize("broken", ["a minibatch", "a KeyboardInterrupt"])
def test_after_an_exception_nothing_is_packed(broken: str) -> None:
    """The net is the plain loop's at the step where it was broken off."""
    good = batches()
    ends = []
    for on in (True, False):
        mxnet_random.seed(7)
        net = gluon_net()
        error: Any = TypeError
        third: Any = good[2][:1]
        if broken != "a minibatch":
            error = KeyboardInterrupt

            class Interrupting:
                def __iter__(self) -> Any:
                    raise KeyboardInterrupt

            third = Interrupting()
        with acceleration(on), pytest.raises(error):
            train(net, [*good[:2], third])
        parameters = net.collect_params().values()
        ends.append([(p.data().asnumpy(), p.grad().asnumpy()) for p in parameters])
        with acceleration(on):
            assert bool(why_not(net)) != on
            assert train(net, good).path == ("packed" if on else "plain: " + off())
    for one, other in zip(*ends):
        numpy.testing.assert_array_equal(one[0], other[0])
        numpy.testing.assert_array_equal(one[1], other[1])
        assert abs(one[1]).max() > 0


def off() -> str:
    return "D2L_RNN_ACCELERATION is off"


def test_kept_arrays_are_the_net_s() -> None:
    """A reader who keeps arrays before a training without re-initialisation."""
    from d2l_rnn.acceleration.epochs import next_token, parameters_of
    from d2l_rnn.training.loop import train as loop
    from d2l_rnn.training.optimisers import Sgd

    net = gluon_net()
    found = settle(net)
    data, grads = [p.data() for p in found], [p.grad() for p in found]
    before = [array.asnumpy() for array in data]
    parameters = parameters_of(net, batches())
    objective = next_token(net, parameters, cpu())
    rows: Any = loop(objective, batches(), Sgd(parameters, LR), 3)
    for _ in range(3):
        next(rows)
        assert parameters.path == "packed"
        for parameter, array, grad, old in zip(found, data, grads, before):
            assert parameter.data() is array and parameter.grad() is grad
            assert abs(array.asnumpy() - old).max() > 0
        before = [array.asnumpy() for array in data]
        data[0][:] = before[0] * 0.5  # and what the reader writes is trained from
        before[0] = before[0] * 0.5
    rows.close()


def calls_of(train_ch8: Any) -> List[str]:
    """What a training of two epochs calls of a reader's net and iterator, in order."""
    calls: List[str] = []

    class Net(nn.Block):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.dense = rnn.GRU(8), nn.Dense(VOCAB_SIZE)

        def forward(self, X: Any, state: Any) -> Any:
            calls.append(f"forward {X.shape} {autograd.is_recording()}")
            Y, state = self.rnn(np.expand_dims(X.T, 2), state)
            return self.dense(Y.reshape(-1, 8)), state

        def begin_state(self, batch_size: int, ctx: Any) -> Any:
            calls.append(f"state {batch_size} {autograd.is_recording()}")
            return self.rnn.begin_state(batch_size=batch_size, ctx=ctx)

    class Batches:
        def __iter__(self) -> Any:
            calls.append("iter")
            for X, Y in batches():
                calls.append("next")
                yield X, Y

    with contextlib.redirect_stdout(io.StringIO()):
        train_ch8(Net(), Batches(), VOCAB, LR, 2, cpu())
    return calls


def test_the_plain_path_makes_the_book_s_calls(old: Any) -> None:
    """One forward pass a minibatch, one ``iter`` an epoch, one state an epoch."""
    ours = calls_of(d2l_rnn.train_ch8)
    assert ours == calls_of(old.train_ch8)
    assert ours.count("iter") == 2


def test_frozen_are_left_out_of_norm_and_step() -> None:
    """Only ``null`` is: a gradient under ``lr_mult = 0`` counts in the norm."""
    net = gluon_net()
    found = settle(net)
    for parameter in found:
        parameter.grad()[:] = 1
    size = sum(p.data().size for p in found)
    found[0].lr_mult = 0
    assert float(Parameters.of(net).norm()) == pytest.approx(math.sqrt(size))
    found[1].grad_req = "null"
    assert len(trainables(net)) == len(found) - 1
    rest = size - found[1].data().size
    assert float(Parameters.of(net).norm()) == pytest.approx(math.sqrt(rest))
    before = [p.data().asnumpy() for p in found]
    Parameters.of(net).sgd(0.1, 1.0)
    moved = [bool((p.data().asnumpy() != b).any()) for p, b in zip(found, before)]
    assert moved == [k > 1 for k in range(len(found))]


def test_an_array_listed_twice_is_updated_twice() -> None:
    class Net:
        def __init__(self) -> None:
            self.W = np.ones(4)
            self.W.attach_grad()
            self.params = [self.W, self.W]

    net = Net()
    net.W.grad[:] = 1
    norm = Parameters.of(net).sgd(0.1, math.inf)
    assert float(norm) == pytest.approx(math.sqrt(8))
    numpy.testing.assert_allclose(net.W.asnumpy(), 1 - 2 * 0.1, 1e-6)
    net.W.grad[:] = 1
    Parameters.of(net).clip(1.0)  # as in the book, its gradient is scaled twice
    numpy.testing.assert_allclose(net.W.grad.asnumpy(), 1 / 8, 1e-6)


def test_no_parameters_at_all() -> None:
    """It crashed the process once."""

    class Net:
        params: List[Any] = []

    assert float(Parameters.of(Net()).sgd(0.1, 1.0)) == 0
