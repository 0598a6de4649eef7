"""The fast nets by hand: finite differences, MXNet's autograd, truncation, clipping."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from d2l_rnn.arrays import Floats, Integers
from d2l_rnn.errors import UsageError
from d2l_rnn.inference.handwritten import numerical_gradient
from d2l_rnn.inference.handwritten_language_model import (
    HandwrittenLanguageModel,
    parameter_names,
)

CELLS = ("rnn", "gru", "lstm")
VOCAB_SIZE, NUM_HIDDENS, NUM_STEPS, BATCH_SIZE = 7, 4, 5, 3

every_cell = pytest.mark.parametrize("cell", CELLS)


def make_net(cell: str, **settings: Any) -> HandwrittenLanguageModel:
    """A net with weights large enough for every gradient to matter."""
    rng = np.random.default_rng(np.random.randint(2**31))
    net = HandwrittenLanguageModel(cell, VOCAB_SIZE, NUM_HIDDENS, rng, **settings)
    net.vector[:] = rng.normal(scale=0.5, size=net.vector.shape)
    return net


def draw_ids(num_steps: int = NUM_STEPS) -> Integers:
    return np.random.randint(VOCAB_SIZE, size=(2, BATCH_SIZE, num_steps))


def draw_state(net: HandwrittenLanguageModel) -> Tuple[Floats, ...]:
    return tuple(
        np.random.normal(scale=0.5, size=zeros.shape).astype(zeros.dtype)
        for zeros in net.begin_state(BATCH_SIZE)
    )


@pytest.mark.parametrize(
    "cell, settings",
    [("rnn", {}), ("rnn", {"relu": True}), ("gru", {}), ("lstm", {})],
    ids=["rnn", "relu", "gru", "lstm"],
)
def test_gradients_agree_with_finite_differences(
    cell: str, settings: Dict[str, bool]
) -> None:
    net = make_net(cell, dtype="float64", **settings)
    (X, Y), state = draw_ids(), draw_state(net)
    if settings:  # relu has no derivative at 0: farther from it than a difference goes
        net.params["b_h"][:] = np.where(np.arange(NUM_HIDDENS) % 2, 30, -30)

    def loss() -> float:
        return net.loss_and_gradients(X, Y, state)[0]

    gradient = net.loss_and_gradients(X, Y, state)[1].copy()
    numerical = numerical_gradient(loss, net.vector)
    for found, expected in zip(*(net.named(v).values() for v in (gradient, numerical))):
        error = np.linalg.norm(found - expected)
        assert error <= 2e-7 * np.linalg.norm(numerical)
    assert np.linalg.norm(numerical) > 1e-2


def scratch_twin(net: HandwrittenLanguageModel) -> Any:
    from mxnet import cpu
    from mxnet import np as mnp

    from d2l_rnn.models import scratch
    from d2l_rnn.models.scratch_model import RNNModelScratch
    from d2l_rnn.models.scratch_stacks import language_model

    layer = {"rnn": scratch.RNN, "gru": scratch.GRU, "lstm": scratch.LSTM}[net.cell]
    functions: Any = language_model(layer)
    twin = RNNModelScratch(net.vocab_size, net.num_hiddens, cpu(), *functions)
    for param, value in zip(twin.params, net.params.values()):
        param[:] = mnp.array(value)
    return twin


def mean_loss(twin: Any, X: Integers, Y: Integers, state: Any) -> Tuple[Any, Any, Any]:
    """Logits, mean loss and next state under autograd; gradients are made."""
    from mxnet import autograd, gluon
    from mxnet import np as mnp

    with autograd.record():
        logits, state = twin(mnp.array(X), state)
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(logits, mnp.array(Y.T.ravel()))
        mean = loss.mean()
    mean.backward()
    return logits, mean, state


def assert_close(found: Floats, expected: Floats) -> None:
    """Within 1e-5, entries far below the largest beside the largest."""
    atol = 1e-5 * max(1e-3, float(abs(expected).max()))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=atol)


@every_cell
def test_agrees_with_the_net_from_scratch_under_autograd(cell: str) -> None:
    from mxnet import np as mnp

    net = make_net(cell)
    twin, (X, Y), state = scratch_twin(net), draw_ids(), draw_state(net)
    logits, mean, end = mean_loss(twin, X, Y, tuple(map(mnp.array, state)))
    loss, gradient, new_state = net.loss_and_gradients(X, Y, state)
    assert loss == pytest.approx(float(mean), rel=1e-5)
    assert_close(net(X, state)[0], logits.asnumpy())
    for a, b in zip(new_state, end):
        assert_close(a, b.asnumpy())
    for found, param in zip(net.named(gradient).values(), twin.params):
        assert_close(found, param.grad.asnumpy())


@every_cell
def test_agrees_with_gluons_fused_layer(cell: str) -> None:
    """Gluon's GRU resets after the product, as if ``W_hh`` were a diagonal matrix."""
    from mxnet import gluon
    from mxnet import np as mnp

    from d2l_rnn.models.language_model import RNNModel

    net = make_net(cell)
    if cell == "gru":
        net.params["W_hh"][~np.eye(NUM_HIDDENS, dtype=bool)] = 0
    (X, Y), state = draw_ids(), draw_state(net)
    layer = {
        "rnn": lambda: gluon.rnn.RNN(NUM_HIDDENS, activation="tanh"),
        "gru": lambda: gluon.rnn.GRU(NUM_HIDDENS),
        "lstm": lambda: gluon.rnn.LSTM(NUM_HIDDENS),
    }[cell]()
    twin = RNNModel(layer, VOCAB_SIZE)
    twin.initialize()
    twin(mnp.array(X), twin.begin_state(batch_size=BATCH_SIZE))
    gates = {"rnn": "h", "gru": "rzh", "lstm": "ifco"}[cell]  # in Gluon's order

    def joined(arrays: Dict[str, Floats]) -> List[Floats]:
        """The arrays as Gluon has them."""
        own = [[arrays[f"{kind}{g}"] for g in gates] for kind in ("W_x", "W_h", "b_")]
        rows = [np.concatenate(part, axis=-1).T for part in own]
        return [*rows, arrays["W_hq"].T, arrays["b_q"]]

    owners = [layer.l0_i2h_weight, layer.l0_h2h_weight, layer.l0_i2h_bias]
    owners += [twin.dense.weight, twin.dense.bias]
    for owner, value in zip(owners, joined(net.params)):
        owner.set_data(mnp.array(value))
    begin = [mnp.array(array)[None] for array in state]
    logits, mean, end = mean_loss(twin, X, Y, begin)
    loss, gradient, new_state = net.loss_and_gradients(X, Y, state)
    assert loss == pytest.approx(float(mean), rel=1e-5)
    assert_close(net(X, state)[0], logits.asnumpy())
    for a, b in zip(new_state, end):
        assert_close(a, b.asnumpy()[0])
    for owner, expected in zip(owners, joined(net.named(gradient))):
        found = owner.grad().asnumpy()
        if cell == "gru" and owner is layer.l0_h2h_weight:
            # What is off the diagonal stays zero, and has another gradient.
            on = np.tile(np.eye(NUM_HIDDENS, dtype=bool), (3, 1))
            on[: 2 * NUM_HIDDENS] = True
            found, expected = found[on], expected[on]
        assert_close(found, expected)


@every_cell
def test_a_state_that_is_carried_on_is_a_constant(cell: str) -> None:
    """Truncated at the minibatches' ends: as MXNet's net with detached states."""
    net, lr = make_net(cell), 0.3
    twin = scratch_twin(net)
    state: Any = net.begin_state(BATCH_SIZE)
    from mxnet import cpu

    detached: Any = twin.begin_state(BATCH_SIZE, cpu())
    for _ in range(4):
        X, Y = draw_ids()
        before = [array.copy() for array in state]
        loss, gradient, state = net.loss_and_gradients(X, Y, state)
        detached = [array.detach() for array in detached]
        _, mean, detached = mean_loss(twin, X, Y, detached)
        assert loss == pytest.approx(float(mean), rel=1e-5)
        for found, param in zip(net.named(gradient).values(), twin.params):
            assert_close(found, param.grad.asnumpy())
            param[:] = param - lr * param.grad
        net.update(gradient, lr, math.inf)
        assert all(abs(a - b).max() > 1e-4 for a, b in zip(before, state))
        for a, b in zip(state, detached):
            assert_close(a, b.asnumpy())


@every_cell
@pytest.mark.parametrize("theta", [math.inf, 1e-3])
def test_update_descends_by_the_clipped_gradient(cell: str, theta: float) -> None:
    net = make_net(cell, dtype="float64")
    X, Y = draw_ids()
    before = net.vector.copy()
    _, gradient, _ = net.loss_and_gradients(X, Y, net.begin_state(BATCH_SIZE))
    kept = gradient.copy()
    norm = net.update(gradient, lr=0.5, theta=theta)
    assert norm == pytest.approx(np.linalg.norm(kept))
    moved = before - net.vector
    expected = 0.5 * min(1, theta / norm) * kept
    np.testing.assert_allclose(moved, expected, rtol=1e-9, atol=1e-15)
    still = net.vector.copy()
    assert net.update(np.zeros_like(kept), lr=0.5) == 0  # no division by its norm
    assert (net.vector == still).all()


@every_cell
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_is_kept_throughout(cell: str, dtype: str) -> None:
    net = make_net(cell, dtype=dtype)
    X, Y = draw_ids()
    logits, state = net(X, net.begin_state(BATCH_SIZE))
    _, gradient, state = net.loss_and_gradients(X, Y, state)
    arrays = [logits, *state, gradient, *net.params.values()]
    assert {array.dtype.name for array in arrays} == {dtype}


@every_cell
def test_what_is_given_out_is_not_overwritten(cell: str) -> None:
    net = make_net(cell)
    X, Y = draw_ids()
    state = draw_state(net)
    kept = [array.copy() for array in state]
    logits, after = net(X, state)
    given = [logits, *after]
    copies = [array.copy() for array in given]
    net.loss_and_gradients(Y, X, after)
    net(X[:, :2], after)
    for array, copy in zip([*given, *state], [*copies, *kept]):
        assert (array == copy).all()


@every_cell
def test_steps_one_by_one_are_the_steps_together(cell: str) -> None:
    net = make_net(cell)
    X, _ = draw_ids()
    whole, end = net(X, net.begin_state(BATCH_SIZE))
    state: Any = net.begin_state(BATCH_SIZE)
    for t in range(NUM_STEPS):
        logits, state = net(X[:, t : t + 1], state)
        assert_close(logits, whole[t * BATCH_SIZE : (t + 1) * BATCH_SIZE])
    for a, b in zip(state, end):
        assert_close(a, b)


@every_cell
def test_initial_perplexity_is_the_vocabulary_s_size(cell: str) -> None:
    net = HandwrittenLanguageModel(cell, VOCAB_SIZE, 16, np.random.default_rng(0))
    X, Y = draw_ids()
    loss, _, _ = net.loss_and_gradients(X, Y, net.begin_state(BATCH_SIZE))
    assert math.exp(loss) == pytest.approx(VOCAB_SIZE, rel=2e-3)


@every_cell
def test_one_minibatch_is_learnt_by_heart(cell: str) -> None:
    net = HandwrittenLanguageModel(cell, VOCAB_SIZE, 32, np.random.default_rng(0))
    net.vector *= 10
    _, Y = draw_ids()
    # The examples begin with different tokens: what follows can be told apart.
    X = np.arange(Y.size).reshape(Y.shape) % VOCAB_SIZE
    start = net.begin_state(BATCH_SIZE)
    first = net.loss_and_gradients(X, Y, start)[0]
    for _ in range(600):
        loss, gradient, _ = net.loss_and_gradients(X, Y, start)
        net.update(gradient, lr=1.0)
    assert first > 1.8 and loss < 0.2


def test_names_and_arrays_of_another_model_are_refused() -> None:
    assert parameter_names("rnn") == ["W_xh", "W_hh", "b_h", "W_hq", "b_q"]
    net, other = make_net("gru"), make_net("lstm")
    assert list(net.params) == parameter_names("gru")
    with pytest.raises(ValueError, match="another model"):
        net.put(other.params)
    with pytest.raises(UsageError, match="'tcn': not one of rnn, gru, lstm"):
        HandwrittenLanguageModel("tcn", 3, 4, np.random.default_rng())


@pytest.mark.parametrize("bad", [-1, VOCAB_SIZE])
def test_ids_outside_of_the_vocabulary_are_refused(bad: int) -> None:
    net = make_net("lstm")
    X, Y = draw_ids()
    state = net.begin_state(BATCH_SIZE)
    for ids in (X, Y):
        kept = ids[0, 0]
        ids[0, 0] = bad
        with pytest.raises(UsageError, match="the vocabulary has 0 to 6"):
            net.loss_and_gradients(X, Y, state)
        ids[0, 0] = kept
