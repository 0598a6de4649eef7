"""Truncation schemes: what they cut, and that the randomised one is unbiased."""

from __future__ import annotations

import itertools
import math
from typing import Any, Iterable, Iterator, List, Tuple

import numpy
import pytest
from mxnet import autograd, cpu, gluon, np

from d2l_rnn.arrays import Floats
from d2l_rnn.errors import UsageError
from d2l_rnn.inference.handwritten import RNNParameters, backward, forward
from d2l_rnn.models.scratch import GRU, LSTM, RNN, Layer
from d2l_rnn.models.scratch_model import RNNModelScratch
from d2l_rnn.models.scratch_stacks import language_model
from d2l_rnn.protocols import Array
from d2l_rnn.training.bptt import (
    forward_segments,
    full_weights,
    randomised_weights,
    regular_weights,
    scale_gradient,
    segments,
)

VOCAB_SIZE, NUM_HIDDENS, BATCH_SIZE, NUM_STEPS = 5, 4, 2, 6


def test_weights_of_the_schemes() -> None:
    assert full_weights(4).tolist() == [1, 1, 1, 1]
    assert regular_weights(7, 3).tolist() == [1, 1, 1, 0, 1, 1, 0]
    assert (regular_weights(7, 7) == full_weights(7)).all()
    rng = numpy.random.default_rng(0)
    weights = randomised_weights(9, 0.25, rng, period=3)
    assert (weights[[0, 1, 2, 4, 5, 7, 8]] == 1).all()
    assert set(weights[[3, 6]]) <= {0, 4}
    assert (randomised_weights(9, 1.0, rng) == full_weights(9)).all()


@pytest.mark.parametrize("probability", [0.3, 0.9])
def test_random_weights_have_mean_one_and_are_independent(probability: float) -> None:
    rng = numpy.random.default_rng(numpy.random.randint(2**31))
    draws = numpy.stack(
        [randomised_weights(4, probability, rng)[1:] for _ in range(4000)]
    )
    assert set(numpy.unique(draws)) == {0, 1 / probability}
    spread = math.sqrt((1 / probability - 1) / len(draws))
    assert (abs(draws.mean(axis=0) - 1) < 5 * spread).all()
    covariance = numpy.cov(draws.T) / (1 / probability - 1)
    assert abs(covariance - numpy.eye(3)).max() < 0.25


@pytest.mark.parametrize("probability", [0, -0.1, 1.1])
def test_unusable_settings_are_refused(probability: float) -> None:
    rng = numpy.random.default_rng()
    with pytest.raises(UsageError, match="probability"):
        randomised_weights(5, probability, rng)
    with pytest.raises(UsageError, match="period 0"):
        randomised_weights(5, 0.5, rng, period=0)
    with pytest.raises(UsageError, match="length 0"):
        regular_weights(5, 0)


def test_segments_cover_all_steps_with_ones_inside() -> None:
    weights = randomised_weights(40, 0.6, numpy.random.default_rng(), period=3)
    weights[0] = 0.5
    cut = segments(weights)
    rebuilt = numpy.concatenate(
        [[weight] + [1.0] * (stop - start - 1) for start, stop, weight in cut]
    )
    assert (rebuilt == weights).all()
    assert segments(full_weights(5)) == [(0, 5, 1.0)]


@pytest.mark.parametrize("weight", [0, 0.3, 1, 2.5])
def test_scale_gradient_changes_the_gradient_only(weight: float) -> None:
    a = np.random.normal(size=(3, 4)) * 1e3
    a.attach_grad()
    with autograd.record():
        scaled = scale_gradient(a, weight)
        loss = (scaled * np.arange(12).reshape(3, 4)).sum() + a.sum()
    loss.backward()
    assert (scaled == a).all()
    expected = weight * numpy.arange(12).reshape(3, 4) + 1
    numpy.testing.assert_allclose(a.grad.asnumpy(), expected, rtol=1e-6)


def make_net(layer: Layer) -> Any:
    net = RNNModelScratch(VOCAB_SIZE, NUM_HIDDENS, cpu(), *language_model(layer))
    for param in net.params:
        param[:] = np.random.normal(scale=0.5, size=param.shape)
    return net


def mean_loss(logits: Array, Y: Array) -> Any:
    return gluon.loss.SoftmaxCrossEntropyLoss()(logits, Y.T.reshape(-1)).mean()


def run(net: Any, X: Array, Y: Array, weights: Floats) -> Tuple[Floats, List[Floats]]:
    """Logits, and the gradients, under a scheme."""
    with autograd.record():
        state = net.begin_state(BATCH_SIZE, cpu())
        logits, _ = forward_segments(net, X, state, weights)
        loss = mean_loss(logits, Y)
    loss.backward()
    return logits.asnumpy(), [param.grad.asnumpy() for param in net.params]


def draw_ids() -> List[Any]:
    size = (2, BATCH_SIZE, NUM_STEPS)
    return [np.array(ids) for ids in numpy.random.randint(VOCAB_SIZE, size=size)]


def assert_agree(found: List[Floats], expected: Iterable[Floats]) -> None:
    """Within 3e-5 of the largest entry of all: float32 sums whose terms cancel."""
    expected = list(expected)
    atol = 3e-5 * max(abs(b).max() for b in expected)
    for a, b in zip(found, expected):
        numpy.testing.assert_allclose(a, b, rtol=1e-5, atol=atol)


@pytest.mark.parametrize("layer", [RNN, GRU, LSTM], ids=["rnn", "gru", "lstm"])
def test_segments_compute_the_net_and_stop_the_gradient(layer: Layer) -> None:
    net, (X, Y) = make_net(layer), draw_ids()
    with autograd.record():
        whole, _ = net(X, net.begin_state(BATCH_SIZE, cpu()))
        loss = mean_loss(whole, Y)
    loss.backward()
    full = [param.grad.asnumpy() for param in net.params]
    logits, gradients = run(net, X, Y, full_weights(NUM_STEPS))
    assert_agree([logits, *gradients], [whole.asnumpy(), *full])

    logits, truncated = run(net, X, Y, regular_weights(NUM_STEPS, 2))
    assert_agree([logits], [whole.asnumpy()])
    state, total = (
        net.begin_state(BATCH_SIZE, cpu()),
        [numpy.zeros(())] * len(net.params),
    )
    for start in range(0, NUM_STEPS, 2):
        state = [array.detach() for array in state]
        with autograd.record():
            part, state = net(X[:, start : start + 2], state)
            loss = mean_loss(part, Y[:, start : start + 2]) * 2 / NUM_STEPS
        loss.backward()
        total = [a + p.grad.asnumpy() for a, p in zip(total, net.params)]
    assert_agree(truncated, total)
    assert abs(truncated[1] - full[1]).max() > 1e-3 * abs(full[1]).max()


def by_hand(net: Any, X: Array, Y: Array, weights: Floats) -> List[Floats]:
    """The same gradients from the backward pass in NumPy (float64)."""
    params = RNNParameters(
        *(numpy.atleast_2d(p.asnumpy().astype("float64")).T for p in net.params)
    )
    ids = numpy.eye(VOCAB_SIZE)
    x, target = (ids[a.asnumpy().T].transpose(0, 2, 1) for a in (X, Y))
    passed = forward(params, x, numpy.zeros((NUM_HIDDENS, BATCH_SIZE)))
    gradients, _ = backward(params, x, target, passed, gradient_weights=weights)
    return [g.T.reshape(p.shape) for g, p in zip(gradients, net.params)]


def test_autograd_and_the_pass_by_hand_agree_under_random_truncation() -> None:
    net, (X, Y) = make_net(RNN), draw_ids()
    rng = numpy.random.default_rng(numpy.random.randint(2**31))
    for _ in range(5):
        weights = randomised_weights(NUM_STEPS, 0.6, rng)
        _, found = run(net, X, Y, weights)
        assert_agree(found, by_hand(net, X, Y, weights))


def patterns(
    num_steps: int, probability: float, period: int = 1
) -> Iterator[Tuple[Floats, float]]:
    """Every row of weights that can be drawn, with its probability."""
    drawn = [t for t in range(1, num_steps) if t % period == 0]
    for passes in itertools.product([0, 1], repeat=len(drawn)):
        weights = numpy.ones(num_steps)
        weights[drawn] = numpy.array(passes) / probability
        chance = [probability if passed else 1 - probability for passed in passes]
        yield weights, math.prod(chance)


def linear_terms(w: float, h: Floats, weights: Floats) -> Floats:
    """Terms of dh_T/dw in h_t = w h_{t-1} + x_t: entry k went back k steps.

    ``dh_T/dw = sum_k w^k h_{T-1-k}``, and under a scheme each term carries the product
    of the k weights that it has passed.
    """
    num_steps = len(h) - 1
    passed = numpy.cumprod(numpy.concatenate([[1.0], weights[:0:-1]]))
    return passed * w ** numpy.arange(num_steps) * h[-2::-1]


@pytest.mark.parametrize("period", [1, 2])
def test_randomised_truncation_is_unbiased_term_by_term_in_a_linear_rnn(
    period: int,
) -> None:
    w, x = 1.1, numpy.random.normal(size=NUM_STEPS)
    h = numpy.array([0.5])
    for x_t in x:
        h = numpy.append(h, w * h[-1] + x_t)
    full = linear_terms(w, h, full_weights(NUM_STEPS))

    # The terms do add up to the backward pass' gradient, under every pattern: the loss
    # (h_T - target)^2 / 2 of the last step alone has the derivative 1 by h_T.
    one, none = numpy.ones((1, 1)), numpy.zeros((1, 1))
    params = RNNParameters(U=one, W=w * one, b=none, V=one, c=none)
    inputs = x[:, None, None]
    passed = forward(params, inputs, h[:1, None], "identity", "identity")
    target = passed.outputs.copy()
    target[-1] -= NUM_STEPS  # the loss is a mean over the steps
    expected = numpy.zeros(NUM_STEPS)
    for weights, chance in patterns(NUM_STEPS, 0.6, period):
        terms = linear_terms(w, h, weights)
        gradients, _ = backward(
            params, inputs, target, passed, "identity", gradient_weights=weights
        )
        assert gradients.W[0, 0] == pytest.approx(terms.sum(), rel=1e-9, abs=1e-9)
        expected += chance * terms
    numpy.testing.assert_allclose(expected, full, rtol=1e-12)

    rng = numpy.random.default_rng(numpy.random.randint(2**31))
    draws = numpy.stack(
        [
            linear_terms(w, h, randomised_weights(NUM_STEPS, 0.6, rng, period))
            for _ in range(5000)
        ]
    )
    error = draws.std(axis=0, ddof=1) / math.sqrt(len(draws))
    assert (abs(draws.mean(axis=0) - full) <= 5 * error + 1e-12).all()


@pytest.mark.parametrize("period", [1, 2])
def test_expected_gradient_is_the_full_gradient_exactly(period: int) -> None:
    """Of a tanh network, over all patterns; no regular truncation has that property."""
    net, (X, Y) = make_net(RNN), draw_ids()
    full = by_hand(net, X, Y, full_weights(NUM_STEPS))
    expected = [numpy.zeros_like(gradient) for gradient in full]
    for weights, chance in patterns(NUM_STEPS, 0.7, period):
        for total, gradient in zip(expected, by_hand(net, X, Y, weights)):
            total += chance * gradient
    for a, b in zip(expected, full):
        numpy.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    regular = by_hand(net, X, Y, regular_weights(NUM_STEPS, 2))
    assert abs(regular[1] - full[1]).max() > 1e-3 * abs(full[1]).max()


def variance(net: Any, X: Array, Y: Array, probability: float, period: int) -> float:
    """Of the recurrent weights' gradient, summed over its entries, exactly."""
    full = by_hand(net, X, Y, full_weights(NUM_STEPS))[1]
    return sum(
        chance * ((by_hand(net, X, Y, weights)[1] - full) ** 2).sum()
        for weights, chance in patterns(NUM_STEPS, probability, period)
    )


def test_mean_over_draws_is_the_full_gradient_within_its_standard_error() -> None:
    net, (X, Y) = make_net(RNN), draw_ids()
    full = numpy.concatenate(
        [g.ravel() for g in by_hand(net, X, Y, full_weights(NUM_STEPS))]
    )
    rng = numpy.random.default_rng(numpy.random.randint(2**31))
    draws = numpy.stack(
        [
            numpy.concatenate([g.ravel() for g in by_hand(net, X, Y, weights)])
            for weights in (
                randomised_weights(NUM_STEPS, 0.7, rng) for _ in range(2000)
            )
        ]
    )
    error = draws.std(axis=0, ddof=1) / math.sqrt(len(draws))
    # Entries are many and correlated: five standard errors for each.
    assert (abs(draws.mean(axis=0) - full) <= 5.5 * error + 1e-12).all()


def test_variance_falls_with_the_probability_to_pass_and_is_none_at_one() -> None:
    net, (X, Y) = make_net(RNN), draw_ids()
    spreads = [variance(net, X, Y, p, 1) for p in (0.3, 0.6, 0.9)]
    assert spreads[0] > spreads[1] > spreads[2] > 0
    assert variance(net, X, Y, 1.0, 1) == pytest.approx(0, abs=1e-20)
