"""Losses of padded sentences: what they are, and that padding is no part of them."""

from __future__ import annotations

from typing import Tuple

import numpy
import pytest
from mxnet import autograd, np

from d2l_rnn.arrays import Floats
from d2l_rnn.training.losses import (
    MaskedSoftmaxCELoss,
    book_loss,
    coverage,
    coverage_penalty,
)

LENGTHS = (4, 2, 1)


def make_batch(num_steps: int = 4, vocab_size: int = 5) -> Tuple[Floats, ...]:
    pred = numpy.random.normal(size=(3, num_steps, vocab_size)).astype("float32")
    label = numpy.random.randint(0, vocab_size, size=(3, num_steps))
    return pred, label.astype("float32")


def nats(pred: Floats, label: Floats) -> Floats:
    """-log softmax(pred)[label] of each step, in float64."""
    pred = pred.astype("float64")
    log_probs = pred - numpy.log(numpy.exp(pred).sum(axis=-1, keepdims=True))
    return -numpy.take_along_axis(log_probs, label.astype(int)[..., None], -1)[..., 0]


def test_the_books_check() -> None:
    loss = MaskedSoftmaxCELoss()
    values = loss(np.ones((3, 4, 10)), np.ones((3, 4)), np.array([4, 2, 0]))
    numpy.testing.assert_allclose(
        values.asnumpy(), [2.3025851, 1.1512926, 0], rtol=1e-5, atol=0
    )


@pytest.mark.parametrize("hybrid", [False, True])
def test_values_and_gradients_are_those_of_the_valid_steps(hybrid: bool) -> None:
    pred, label = make_batch()
    loss = MaskedSoftmaxCELoss()
    if hybrid:
        loss.hybridize()
    logits = np.array(pred)
    logits.attach_grad()
    with autograd.record():
        values = loss(logits, np.array(label), np.array(LENGTHS))
    values.backward()
    per_step = nats(pred, label)
    expected = [per_step[n, :length].sum() / 4 for n, length in enumerate(LENGTHS)]
    numpy.testing.assert_allclose(values.asnumpy(), expected, rtol=1e-5, atol=0)
    probs = numpy.exp(pred) / numpy.exp(pred).sum(axis=-1, keepdims=True)
    gradient = (probs - numpy.eye(5)[label.astype(int)]) / 4
    for n, length in enumerate(LENGTHS):
        gradient[n, length:] = 0
    numpy.testing.assert_allclose(logits.grad.asnumpy(), gradient, rtol=1e-4, atol=1e-6)
    assert (logits.grad.asnumpy()[2, 1:] == 0).all()


def test_padding_never_changes_the_loss_of_a_token() -> None:
    pred, label = make_batch()
    loss = MaskedSoftmaxCELoss()
    sums = []
    for num_padding in (0, 1, 6):
        padded_pred = numpy.concatenate(
            (pred, numpy.random.normal(size=(3, num_padding, 5))), axis=1
        )
        padded_label = numpy.concatenate((label, numpy.ones((3, num_padding))), axis=1)
        values = loss(
            np.array(padded_pred, dtype="float32"),
            np.array(padded_label, dtype="float32"),
            np.array(LENGTHS),
        )
        sums.append(values.asnumpy() * padded_pred.shape[1])
    numpy.testing.assert_allclose(sums[1], sums[0], rtol=1e-5, atol=0)
    numpy.testing.assert_allclose(sums[2], sums[0], rtol=1e-5, atol=0)


def test_the_books_number_is_a_tenth_of_the_loss_a_token() -> None:
    label = np.ones((3, 10))
    lens = np.array([10, 3, 6])
    values = MaskedSoftmaxCELoss()(np.zeros((3, 10, 7)), label, lens)
    tokens = int(lens.sum())
    book = float(values.sum()) / tokens  # as the book accumulates it
    per_token = float(values.sum()) * 10 / tokens
    assert per_token == pytest.approx(numpy.log(7), rel=1e-6)
    assert book_loss(per_token * tokens, tokens, 10) == pytest.approx(book, rel=1e-12)
    assert book == pytest.approx(0.195, abs=5e-4)


def make_weights(batch_size: int = 3, num_steps: int = 4, num_keys: int = 5) -> Floats:
    weights = numpy.random.dirichlet(numpy.ones(num_keys), (batch_size, num_steps))
    return weights.astype("float32")


def test_coverage_is_the_sum_over_valid_target_steps() -> None:
    weights = make_weights()
    covered = coverage(np.array(weights), np.array(LENGTHS)).asnumpy()
    for n, length in enumerate(LENGTHS):
        numpy.testing.assert_allclose(
            covered[n], weights[n, :length].sum(axis=0), rtol=1e-5, atol=1e-7
        )
    numpy.testing.assert_allclose(covered.sum(axis=1), LENGTHS, rtol=1e-5, atol=0)


def test_the_penalty_is_its_equation_and_its_gradient() -> None:
    weights, source_lens, tau = make_weights(), (5, 3, 2), 0.8
    array = np.array(weights)
    array.attach_grad()
    with autograd.record():
        penalties = coverage_penalty(
            array, np.array(LENGTHS), np.array(source_lens), tau
        )
    penalties.backward()
    expected, gradient = numpy.zeros(3), numpy.zeros_like(weights)
    for n, (steps, keys) in enumerate(zip(LENGTHS, source_lens)):
        stray = tau - weights[n, :steps, :keys].sum(axis=0)
        expected[n] = (stray**2).sum()
        gradient[n, :steps, :keys] = -2 * stray
    numpy.testing.assert_allclose(penalties.asnumpy(), expected, rtol=1e-5, atol=0)
    numpy.testing.assert_allclose(array.grad.asnumpy(), gradient, rtol=1e-4, atol=1e-6)


def test_even_coverage_costs_nothing() -> None:
    weights = np.full((1, 6, 4), 0.25)
    lens = np.array([6]), np.array([4])
    assert float(coverage_penalty(weights, *lens, tau=1.5).sum()) == 0
    assert float(coverage_penalty(weights, *lens, tau=1).sum()) == 1
