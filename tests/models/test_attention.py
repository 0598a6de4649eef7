"""Attention against its NumPy twin, and the laws that masks and weights obey."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple, Union

import numpy
import pytest
from mxnet import autograd, init, np

from d2l_rnn.arrays import Floats, Integers
from d2l_rnn.errors import UsageError
from d2l_rnn.models.attention import (
    SCORES,
    attention,
    masked_softmax,
)
from tests.reference import numpy_attention

BATCH_SIZE, NUM_QUERIES, NUM_KEYS, SIZE, VALUE_SIZE = 3, 2, 5, 4, 6
LENGTHS = {
    "a sequence": numpy.array([5, 2, 1]),
    "a query": numpy.array([[5, 1], [2, 3], [1, 4]]),
}


def as_mxnet(values: Union[Floats, Integers, List[List[int]]]) -> np.ndarray:
    """Of float32, whatever NumPy has."""
    return np.array(values, dtype="float32")


def make(score: str, normalise: bool = True) -> Any:
    block = attention(score, SIZE, normalise=normalise)
    block.initialize(init.Normal(0.7))
    if score == "cosine":
        block.sharpen.log_sharpness.set_data(np.full((1, 1, 1), 0.4))
    return block


def make_arrays() -> List[Any]:
    shapes = (
        (BATCH_SIZE, NUM_QUERIES, SIZE),
        (BATCH_SIZE, NUM_KEYS, SIZE),
        (BATCH_SIZE, NUM_KEYS, VALUE_SIZE),
    )
    return [numpy.random.normal(size=shape) for shape in shapes]


def trained(block: Any, score: str) -> List[Any]:
    names = {
        "additive": ("W_q", "W_k", "w_v"),
        "bilinear": ("W",),
    }
    if score == "cosine":
        return [block.sharpen.log_sharpness]
    return [getattr(block, name).weight for name in names.get(score, ())]


@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("score", SCORES)
def test_contexts_weights_and_gradients_are_those_of_the_twin(
    score: str, normalise: bool, lengths: str, hybrid: bool
) -> None:
    block = make(score, normalise)
    if hybrid:
        block.hybridize()
    arrays = make_arrays()
    lens = LENGTHS[lengths]
    inputs = [as_mxnet(a) for a in arrays]
    mixture = numpy.random.normal(size=(BATCH_SIZE, NUM_QUERIES, VALUE_SIZE))
    for array in inputs:
        array.attach_grad()
    block(*inputs, as_mxnet(lens))  # settles the shapes
    with autograd.record():
        contexts = block(*inputs, as_mxnet(lens))
        total = (contexts * as_mxnet(mixture)).sum()
    total.backward()
    parameters = trained(block, score)
    weights = [p.data().asnumpy().astype("float64") for p in parameters]

    def twin() -> Tuple[Any, Any]:
        queries, keys, values = arrays
        return numpy_attention.attend(
            score, queries, keys, values, lens, weights, normalise
        )

    expected_contexts, expected_weights = twin()
    close: Dict[str, Any] = dict(rtol=1e-4, atol=1e-5)
    numpy.testing.assert_allclose(contexts.asnumpy(), expected_contexts, **close)
    numpy.testing.assert_allclose(
        block.attention_weights.asnumpy(), expected_weights, **close
    )
    gradients = [a.grad.asnumpy() for a in inputs]
    gradients += [p.grad().asnumpy() for p in parameters]
    for array, gradient in zip(arrays + weights, gradients):
        expected = numpy_attention.finite_differences(
            lambda: (twin()[0] * mixture).sum(), array
        )
        numpy.testing.assert_allclose(gradient, expected, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("score", SCORES)
def test_rows_sum_to_one_and_what_is_masked_is_exactly_zero(score: str) -> None:
    block = make(score)
    queries, keys, values = map(as_mxnet, make_arrays())
    block(queries, keys, values, as_mxnet(LENGTHS["a sequence"]))
    weights = block.attention_weights.asnumpy()
    numpy.testing.assert_allclose(weights.sum(axis=2), 1, rtol=1e-6, atol=0)
    for n, length in enumerate(LENGTHS["a sequence"]):
        assert (weights[n, :, :length] > 0).all()
        assert (weights[n, :, length:] == 0).all()


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("score", SCORES)
def test_keys_and_values_past_the_valid_length_do_not_matter(
    score: str, normalise: bool
) -> None:
    block = make(score, normalise)
    queries, keys, values = make_arrays()
    lens = as_mxnet(LENGTHS["a sequence"])
    before = block(as_mxnet(queries), as_mxnet(keys), as_mxnet(values), lens)
    for n, length in enumerate(LENGTHS["a sequence"]):
        keys[n, length:], values[n, length:] = 100, -100
    after = block(as_mxnet(queries), as_mxnet(keys), as_mxnet(values), lens)
    numpy.testing.assert_array_equal(after.asnumpy(), before.asnumpy())


@pytest.mark.parametrize("score", SCORES)
def test_no_lengths_means_that_all_keys_are_valid(score: str) -> None:
    block = make(score)
    arrays = [as_mxnet(a) for a in make_arrays()]
    without = block(*arrays)
    full = block(*arrays, np.full((BATCH_SIZE,), NUM_KEYS))
    numpy.testing.assert_allclose(without.asnumpy(), full.asnumpy(), rtol=1e-6, atol=0)


def test_masked_softmax_gives_the_books_example() -> None:
    uniform: Any = masked_softmax(np.zeros((2, 2, 4)), as_mxnet([[1, 3], [2, 4]]))
    third = [1 / 3, 1 / 3, 1 / 3, 0]
    expected: Any = [[[1, 0, 0, 0], third], [[0.5, 0.5, 0, 0], [0.25] * 4]]
    numpy.testing.assert_allclose(uniform.asnumpy(), expected, rtol=1e-6, atol=0)


def test_cosine_does_not_see_lengths_of_vectors_and_bears_zeros() -> None:
    block = make("cosine")
    queries, keys, values = map(as_mxnet, make_arrays())
    contexts = block(queries, keys, values)
    numpy.testing.assert_allclose(
        block(7 * queries, 0.1 * keys, values).asnumpy(),
        contexts.asnumpy(),
        rtol=1e-4,
        atol=1e-6,
    )
    zeros = np.zeros_like(queries)
    zeros.attach_grad()
    with autograd.record():
        uniform = block(zeros, keys, values)
    uniform.backward()
    numpy.testing.assert_allclose(
        uniform.asnumpy()[:, 0], values.asnumpy().mean(axis=1), rtol=1e-4, atol=1e-6
    )
    assert numpy.isfinite(zeros.grad.asnumpy()).all()


def test_scaling_keeps_the_variance_of_scores_at_one() -> None:
    queries, keys = (np.random.normal(size=(1, 200, 64)) for _ in range(2))
    block = attention("dot", 64, normalise=False)
    block(queries, keys, keys)
    scaled = block.attention_weights.asnumpy().var()
    block = attention("dot-unscaled", 64, normalise=False)
    block(queries, keys, keys)
    # 40,000 dependent products: the spread over seeds is about 0.02
    assert abs(scaled - 1) < 0.15
    assert abs(block.attention_weights.asnumpy().var() / 64 - 1) < 0.15


def test_weights_are_dropped_in_training_only() -> None:
    block = attention("dot", SIZE, dropout=0.5)
    values = np.ones((1, 400, 1))
    queries, keys = np.zeros((1, 50, SIZE)), np.zeros((1, 400, SIZE))
    assert (abs(block(queries, keys, values).asnumpy() - 1) < 1e-5).all()
    with autograd.train_mode():
        contexts = block(queries, keys, values).asnumpy()
    # a mean of 400 weights, each 0 or 2: standard deviation 0.05
    assert 0.03 < contexts.std() < 0.08
    assert abs(contexts.mean() - 1) < 0.05


def test_an_unknown_score_is_named() -> None:
    with pytest.raises(UsageError, match="'euclid'.*additive, dot"):
        attention("euclid", 4)
