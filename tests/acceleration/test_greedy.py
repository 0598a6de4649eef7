"""A block of greedy steps is the same steps taken one by one."""

from __future__ import annotations

from typing import Any, List, Tuple

import numpy
import pytest
from mxnet import autograd, cpu, np

from d2l_rnn.acceleration import generation
from d2l_rnn.acceleration.greedy import BLOCK
from d2l_rnn.acceleration.recognise import SWITCH
from d2l_rnn.generation.continuation import generate_ids

from .nets import LAYERS, SCRATCH, VOCAB_SIZE, any_net, arrays_of


def block(net: Any, token: Any, state: Any) -> Tuple[Any, Any]:
    """Ids (BLOCK, batch_size) that follow tokens (batch_size, 1), and the state."""
    return generation._call(net, token, state, greedy=True)


def one_by_one(net: Any, token: Any, state: Any, number: int) -> Tuple[List[Any], Any]:
    chosen = []
    for _ in range(number):
        logits, state = net(token, state)
        token = logits.argmax(axis=1).reshape(-1, 1)
        chosen.append(token.asnumpy()[:, 0])
    return chosen, state


@pytest.mark.parametrize("name", [*LAYERS, *SCRATCH])
def test_a_block_is_its_steps(name: str) -> None:
    net = any_net(name)
    for batch_size in (1, 3):
        token = np.random.randint(0, VOCAB_SIZE, (batch_size, 1))
        state = net.begin_state(batch_size=batch_size, ctx=cpu())
        for _ in range(2):  # from the zero state, and from one that was carried over
            expected, expected_state = one_by_one(net, token, state, BLOCK)
            ids, state = block(net, token, state)
            numpy.testing.assert_array_equal(ids.asnumpy(), expected)
            for one, other in zip(state, expected_state):
                assert one.shape == other.shape
                numpy.testing.assert_allclose(
                    one.asnumpy(), other.asnumpy(), rtol=1e-4, atol=1e-5
                )
            token = ids[-1].reshape(-1, 1)


@pytest.mark.parametrize("name", ["lstm", "gru-scratch"])
def test_generated_ids_do_not_depend_on_blocks(name: str) -> None:
    net = any_net(name)
    assert generation.why_not_generate(net, cpu()) == ""
    for prefix in ([1], [3, 0, 2]):
        state = net.begin_state(batch_size=1, ctx=cpu())
        for token in prefix[:-1]:
            _, state = net(np.array([[token]]), state)
        last = np.array(prefix[-1:]).reshape(1, 1)
        chosen, _ = one_by_one(net, last, state, 2 * BLOCK + 1)
        expected = prefix + [int(ids[0]) for ids in chosen]
        for number in (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 1):
            ids = generate_ids(prefix, number, net, cpu())
            assert ids == expected[: len(prefix) + number]


@pytest.mark.parametrize("name", ["deep-lstm", "lstm-scratch"])
def test_a_block_follows_the_parameters(name: str) -> None:
    net = any_net(name)
    token, state = np.array([[2]]), net.begin_state(batch_size=1, ctx=cpu())
    block(net, token, state)  # its graph is made before the weights change
    for array in arrays_of(net):
        array[:] = np.random.normal(size=array.shape)
    expected, _ = one_by_one(net, token, state, BLOCK)
    numpy.testing.assert_array_equal(block(net, token, state)[0].asnumpy(), expected)


@pytest.mark.parametrize("name", ["lstm", "bigru", "rnn-scratch"])
def test_what_records_and_who_switches_off_is_asked_step_by_step(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = any_net(name)
    expected = generate_ids([1], 2 * BLOCK, net, cpu())
    calls: List[Any] = []

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return generation.continue_greedily(*arguments)

    monkeypatch.setattr("d2l_rnn.generation.continuation.continue_greedily", counted)
    assert generate_ids([1], 2 * BLOCK, net, cpu()) == expected and len(calls) == 1
    with autograd.record(train_mode=False):
        assert generate_ids([1], 2 * BLOCK, net, cpu()) == expected
    monkeypatch.setenv(SWITCH, "off")
    assert generate_ids([1], 2 * BLOCK, net, cpu()) == expected
    assert len(calls) == 1
