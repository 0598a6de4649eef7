"""The backward pass by hand: finite differences, autograd, and laws of the forms."""

from __future__ import annotations

import math
from typing import Any, Callable, List, Tuple

import numpy as np
import pytest

from d2l_rnn.arrays import Floats, Integers
from d2l_rnn.errors import UsageError
from d2l_rnn.inference.handwritten import (
    HIDDEN,
    OUTPUT,
    RNNParameters,
    backward,
    forward,
    mean_loss,
    numerical_gradient,
)
from d2l_rnn.inference.handwritten_model import HandwrittenRNN

NUM_STEPS, NUM_INPUTS, NUM_HIDDENS, NUM_OUTPUTS, BATCH_SIZE = 5, 3, 4, 3, 2

Problem = Tuple[RNNParameters, Floats, Floats, Floats]

every_hidden = pytest.mark.parametrize("hidden", HIDDEN)
both_forms = pytest.mark.parametrize("concatenated", [False, True])


def draw(*shape: int, dtype: str = "float64") -> Floats:
    return np.random.normal(scale=0.7, size=shape).astype(dtype)


def draw_params() -> RNNParameters:
    return RNNParameters(
        U=draw(NUM_HIDDENS, NUM_INPUTS),
        W=draw(NUM_HIDDENS, NUM_HIDDENS),
        b=draw(NUM_HIDDENS, 1),
        V=draw(NUM_OUTPUTS, NUM_HIDDENS),
        c=draw(NUM_OUTPUTS, 1),
    )


def draw_problem(output: str = "softmax") -> Problem:
    """Parameters, inputs, first state, targets as the output's loss takes them."""
    x, state = draw(NUM_STEPS, NUM_INPUTS, BATCH_SIZE), draw(NUM_HIDDENS, BATCH_SIZE)
    classes = np.random.randint(NUM_OUTPUTS, size=(NUM_STEPS, BATCH_SIZE))
    target = np.eye(NUM_OUTPUTS)[classes].transpose(0, 2, 1)
    if output == "identity":
        target = draw(*target.shape)
    return draw_params(), x, state, target


def nearest_kink(params: RNNParameters, x: Floats, state: Floats, hidden: str) -> float:
    """Smallest absolute argument of the activation: relu has no derivative at 0."""
    s = forward(params, x, state, hidden).states
    return float(abs(params.U @ x + params.W @ s[:-1] + params.b).min())


@both_forms
@pytest.mark.parametrize("output", OUTPUT)
@every_hidden
def test_gradients_agree_with_finite_differences(
    hidden: str, output: str, concatenated: bool
) -> None:
    params, x, state, target = draw_problem(output)
    while nearest_kink(params, x, state, hidden) < 1e-3:
        params, x, state, target = draw_problem(output)

    def loss() -> float:
        passed = forward(params, x, state, hidden, output, concatenated)
        return mean_loss(passed.scores, target, output)

    passed = forward(params, x, state, hidden, output, concatenated)
    gradients, by_state = backward(params, x, target, passed, hidden, concatenated)
    for array, gradient in zip([*params, state], [*gradients, by_state]):
        numerical = numerical_gradient(loss, array)
        error = np.linalg.norm(gradient - numerical)
        assert error <= 1e-7 * np.linalg.norm(numerical)


@every_hidden
def test_separate_and_concatenated_forms_are_equal(hidden: str) -> None:
    params, x, state, target = draw_problem()
    one = forward(params, x, state, hidden)
    other = forward(params, x, state, hidden, concatenated=True)
    for a, b in zip(one, other):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    gradients, by_state = backward(params, x, target, one, hidden)
    same, same_by_state = backward(params, x, target, other, hidden, concatenated=True)
    for a, b in zip([*gradients, by_state], [*same, same_by_state]):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "output, inverse",
    [
        ("softmax", np.log),
        ("sigmoid", lambda y: np.log(y / (1 - y))),
        ("identity", lambda y: y),
    ],
)
def test_loss_is_smallest_where_the_output_is_the_target(
    output: str, inverse: Callable[..., Any]
) -> None:
    target = np.random.dirichlet(np.ones(NUM_OUTPUTS), (NUM_STEPS, BATCH_SIZE))
    target = target.transpose(0, 2, 1)
    scores = inverse(target)
    np.testing.assert_allclose(OUTPUT[output].function(scores), target, rtol=1e-9)
    best = mean_loss(scores, target, output)
    for _ in range(20):
        moved = scores + 0.1 * draw(*target.shape)
        assert mean_loss(moved, target, output) > best


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_loss_stays_exact_where_the_output_saturates(output: str) -> None:
    """A sure and wrong answer costs its score in nats, in float32 too."""
    scores = np.array([500, 0], "float32").reshape(1, 2, 1)
    target = np.array([0, 1], "float32").reshape(1, 2, 1)
    extra = {"softmax": 0, "sigmoid": math.log(2)}[output]
    assert mean_loss(scores, target, output) == pytest.approx(500 + extra)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_zero_weights_truncate(length: int) -> None:
    """The gradient is that of segments whose first states are constants."""
    params, x, state, target = draw_problem()
    passed = forward(params, x, state)
    weights = np.where(np.arange(NUM_STEPS) % length == 0, 0.0, 1.0)
    found, by_state = backward(params, x, target, passed, gradient_weights=weights)
    assert (by_state == 0).all()
    total = [np.zeros_like(param) for param in params]
    for start in range(0, NUM_STEPS, length):
        part = slice(start, min(start + length, NUM_STEPS))
        segment = forward(params, x[part], passed.states[start])
        gradients, _ = backward(params, x[part], target[part], segment)
        for sum_, gradient in zip(total, gradients):
            sum_ += gradient * len(x[part]) / NUM_STEPS
    for a, b in zip(found, total):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_unknown_activations_are_refused() -> None:
    params, x, state, _ = draw_problem()
    with pytest.raises(UsageError, match="'swish': not one of tanh, relu"):
        forward(params, x, state, hidden="swish")
    with pytest.raises(UsageError, match="'swish': not one of softmax"):
        forward(params, x, state, output="swish")
    with pytest.raises(UsageError, match="'swish'"):
        HandwrittenRNN(3, 4, np.random.default_rng(), hidden="swish")


def make_net(**settings: Any) -> HandwrittenRNN:
    """A net with weights large enough for every gradient to matter."""
    rng = np.random.default_rng(np.random.randint(2**31))
    net = HandwrittenRNN(7, NUM_HIDDENS, rng, **settings)
    for param in net.params:
        param[:] = rng.normal(scale=0.5, size=param.shape)
    return net


def draw_ids(net: HandwrittenRNN, num_steps: int = NUM_STEPS) -> Integers:
    size = (2, BATCH_SIZE, num_steps)
    return np.random.randint(net.vocab_size, size=size)


@both_forms
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_is_kept_throughout(dtype: str, concatenated: bool) -> None:
    net = make_net(dtype=dtype, concatenated=concatenated)
    X, Y = draw_ids(net)
    logits, state = net(X, net.begin_state(BATCH_SIZE))
    _, gradients, _ = net.loss_and_gradients(X, Y, state)
    net.update(gradients, lr=0.1)
    arrays = [logits, *state, *gradients, *net.params]
    assert {array.dtype.name for array in arrays} == {dtype}


@both_forms
@pytest.mark.parametrize("hidden", ["tanh", "relu"])
def test_agrees_with_autograd_and_with_gluon(hidden: str, concatenated: bool) -> None:
    """The net from scratch (tanh) and Gluon's fused layer, by mxnet's autograd."""
    from mxnet import autograd, cpu, gluon
    from mxnet import np as mnp

    from d2l_rnn.models.language_model import RNNModel
    from d2l_rnn.models.scratch_model import RNNModelScratch
    from d2l_rnn.models.scratch_stacks import get_rnn_params, init_rnn_state, rnn

    net = make_net(hidden=hidden, concatenated=concatenated)
    X, Y = draw_ids(net)
    start = draw(NUM_HIDDENS, BATCH_SIZE, dtype="float32")
    loss, gradients, (end,) = net.loss_and_gradients(X, Y, (start,))
    logits, _ = net(X, (start,))
    U, W, b, V, c = net.params

    layer = gluon.rnn.RNN(NUM_HIDDENS, activation=hidden)
    concise = RNNModel(layer, net.vocab_size)
    concise.initialize()
    concise(mnp.array(X), concise.begin_state(batch_size=BATCH_SIZE))
    owners = [layer.l0_i2h_weight, layer.l0_h2h_weight, layer.l0_i2h_bias]
    owners += [concise.dense.weight, concise.dense.bias]
    for owner, value in zip(owners, (U, W, b.ravel(), V, c.ravel())):
        owner.set_data(mnp.array(value))
    # For each: the net, its gradients as ours, and a state's shape.
    twins: List[Tuple[Any, Callable[[], List[Any]], Tuple[int, ...]]] = [
        (
            concise,
            lambda: [owner.grad() for owner in owners],
            (1, BATCH_SIZE, NUM_HIDDENS),
        )
    ]
    if hidden == "tanh":
        scratch: Any = RNNModelScratch(
            net.vocab_size, NUM_HIDDENS, cpu(), get_rnn_params, init_rnn_state, rnn
        )
        for param, value in zip(scratch.params, (U.T, W.T, b.ravel(), V.T, c.ravel())):
            param[:] = mnp.array(value)
        twins.append(
            (
                scratch,
                lambda: [param.grad.T for param in scratch.params],
                (BATCH_SIZE, NUM_HIDDENS),
            )
        )

    for twin, grads, shape in twins:
        state = [mnp.array(start.T).reshape(shape)]
        with autograd.record():
            scores, (new_state,) = twin(mnp.array(X), state)
            losses = gluon.loss.SoftmaxCrossEntropyLoss()(
                scores, mnp.array(Y.T.ravel())
            )
            mean = losses.mean()
        mean.backward()
        np.testing.assert_allclose(scores.asnumpy(), logits, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(
            new_state.asnumpy().reshape(end.T.shape), end.T, rtol=1e-5, atol=1e-5
        )
        np.testing.assert_allclose(float(mean), loss, rtol=1e-5)
        # MXNet's gradients are off by up to 4e-6 of the largest (ours by 2e-7, beside
        # float64; 60 draws), worst where a bias' sum over all steps nearly cancels:
        # what rounding loses is a share of the terms, not of what is left of them.
        largest = max(abs(gradient).max() for gradient in gradients)
        for found, expected in zip(grads(), gradients):
            np.testing.assert_allclose(
                found.asnumpy().reshape(expected.shape),
                expected,
                rtol=1e-5,
                atol=1e-5 * largest,
            )


def test_initial_perplexity_is_the_vocabulary_s_size() -> None:
    net = HandwrittenRNN(28, 16, np.random.default_rng(0))
    X, Y = draw_ids(net)
    loss, _, _ = net.loss_and_gradients(X, Y, net.begin_state(BATCH_SIZE))
    assert math.exp(loss) == pytest.approx(28, rel=2e-3)


@pytest.mark.parametrize("theta", [math.inf, 1e-3])
def test_update_descends_by_the_clipped_gradient(theta: float) -> None:
    net = make_net(dtype="float64")
    X, Y = draw_ids(net)
    before = [param.copy() for param in net.params]
    _, gradients, _ = net.loss_and_gradients(X, Y, net.begin_state(BATCH_SIZE))
    norm = net.update(gradients, lr=0.5, theta=theta)
    flat = np.concatenate([gradient.ravel() for gradient in gradients])
    assert norm == pytest.approx(np.linalg.norm(flat))
    moved = np.concatenate([(a - b).ravel() for a, b in zip(before, net.params)])
    assert np.linalg.norm(moved) == pytest.approx(0.5 * min(norm, theta))
    assert moved @ flat == pytest.approx(np.linalg.norm(moved) * norm)


@pytest.mark.parametrize("hidden", ["tanh", "relu"])
def test_one_minibatch_is_learnt_by_heart(hidden: str) -> None:
    net = HandwrittenRNN(7, 32, np.random.default_rng(0), hidden)
    for param in net.params:
        param *= 10
    _, Y = draw_ids(net)
    # The examples begin with different tokens: what follows can be told apart.
    X = np.arange(Y.size).reshape(Y.shape) % net.vocab_size
    start = net.begin_state(BATCH_SIZE)
    first, _, _ = net.loss_and_gradients(X, Y, start)
    for _ in range(600):
        loss, gradients, _ = net.loss_and_gradients(X, Y, start)
        net.update(gradients, lr=0.3)
    assert first > 1.8 and loss < 0.2
