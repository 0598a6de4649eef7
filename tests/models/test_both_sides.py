"""What speaks about a token has not seen it: by gradient, by change, by hand."""

from __future__ import annotations

from typing import Any

import numpy as onp
import pytest
from mxnet import autograd, cpu, np

from d2l_rnn.arrays import Floats
from d2l_rnn.errors import UsageError
from d2l_rnn.models.both_sides import ClozeModel, Tagger

VOCAB, EMBED, HIDDEN, STEPS, BATCH = 7, 5, 6, 9, 3


def make(kind: Any, num_layers: int, bidirectional: bool) -> Any:
    net = kind(VOCAB, VOCAB, EMBED, HIDDEN, num_layers, bidirectional)
    net.initialize_weights(cpu())
    return net


def random_ids(num_steps: int = STEPS) -> Any:
    return np.array(onp.random.randint(0, VOCAB, (BATCH, num_steps)))


def gradient_reach(net: Any) -> Floats:
    """[t, s]: the largest derivative of any logit at t with respect to input s."""
    reach = onp.zeros((STEPS, STEPS))
    embedded = net.embedding(random_ids().T)
    for t in range(STEPS):
        for output in range(VOCAB):
            inputs = embedded.copy()
            inputs.attach_grad()
            with autograd.record():
                logits, _ = net.from_embedded(inputs, net.begin_state(BATCH, cpu()))
                logit = logits.reshape(STEPS, BATCH, VOCAB)[t, :, output].sum()
            logit.backward()
            largest = np.abs(inputs.grad).max(axis=(1, 2)).asnumpy()
            reach[t] = onp.maximum(reach[t], largest)
    return reach


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize(
    "kind, bidirectional, sees",
    [
        (ClozeModel, True, lambda t, s: s != t),
        (ClozeModel, False, lambda t, s: s < t),
        (Tagger, True, lambda t, s: s == s),
        (Tagger, False, lambda t, s: s <= t),
    ],
)
def test_gradient_reaches_exactly_what_the_model_may_see(
    kind: Any, bidirectional: bool, sees: Any, num_layers: int
) -> None:
    t, s = onp.indices((STEPS, STEPS))
    reach = gradient_reach(make(kind, num_layers, bidirectional))
    # Not small, but zero: no path leads from a hidden token to its prediction.
    onp.testing.assert_array_equal(reach > 0, sees(t, s))


@pytest.mark.parametrize("num_layers", [1, 2])
def test_another_token_in_a_blank_changes_all_logits_but_those_about_it(
    num_layers: int,
) -> None:
    net = make(ClozeModel, num_layers, True)
    X = random_ids()
    state = net.begin_state(BATCH, cpu())
    before = net(X, state)[0].reshape(STEPS, BATCH, VOCAB).asnumpy()
    for t in range(STEPS):
        changed = X.copy()
        changed[:, t] = (X[:, t] + 1) % VOCAB
        after = net(changed, state)[0].reshape(STEPS, BATCH, VOCAB).asnumpy()
        differs = (before != after).any(axis=(1, 2))
        onp.testing.assert_array_equal(differs, onp.arange(STEPS) != t)


def beside_by_hand(net: Any, X: Any, state: Any, t: int) -> Any:
    """Logits at t from the tokens before it and those after it, read separately."""
    inputs = net.embedding(X.T)
    distance = net.distance
    before, last_state = inputs[: t + 1 - distance], state
    if len(before):
        _, last_state = net.forward_stack(before, state)
    features = [last_state[0][-1]]
    if net.bidirectional:
        after = inputs[t + distance :]
        zeros = net.begin_state(X.shape[0], cpu())
        if len(after):
            _, zeros = net.backward_stack(np.flip(after, 0), zeros)
        features.append(zeros[0][-1])
    return net.dense(np.concatenate(features, axis=1))


@pytest.mark.parametrize("kind", [ClozeModel, Tagger])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_logits_are_those_of_each_side_read_by_itself(
    kind: Any, bidirectional: bool, num_layers: int
) -> None:
    net = make(kind, num_layers, bidirectional)
    X = random_ids()
    _, state = net(random_ids(4), net.begin_state(BATCH, cpu()))
    logits = net(X, state)[0].reshape(STEPS, BATCH, VOCAB)
    for t in range(STEPS):
        onp.testing.assert_allclose(
            logits[t].asnumpy(),
            beside_by_hand(net, X, state, t).asnumpy(),
            rtol=1e-4,
            atol=1e-6,
        )


@pytest.mark.parametrize("kind", [ClozeModel, Tagger])
def test_left_to_right_windows_glue_together(kind: Any) -> None:
    net = make(kind, 2, False)
    X = random_ids(12)
    whole, end = net(X, net.begin_state(BATCH, cpu()))
    first, state = net(X[:, :5], net.begin_state(BATCH, cpu()))
    second, end_of_parts = net(X[:, 5:], state)
    parts = np.concatenate([first, second])
    onp.testing.assert_allclose(parts.asnumpy(), whole.asnumpy(), rtol=1e-4, atol=1e-6)
    for a, b in zip(end, end_of_parts):
        onp.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-4, atol=1e-6)


def test_number_of_parameters() -> None:
    stack = 4 * HIDDEN * (EMBED + HIDDEN + 2)
    expected = VOCAB * EMBED + 2 * stack + VOCAB * (2 * HIDDEN + 1)
    assert make(ClozeModel, 1, True).num_parameters() == expected
    expected = VOCAB * EMBED + stack + VOCAB * (HIDDEN + 1)
    assert make(ClozeModel, 1, False).num_parameters() == expected


@pytest.mark.parametrize("sizes", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 1, 0)])
def test_sizes_below_one_are_refused(sizes: Any) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        ClozeModel(*sizes)
