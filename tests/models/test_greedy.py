"""A block of greedy steps is the same steps taken one by one."""

from __future__ import annotations

from typing import Any, List, Tuple

import numpy
import pytest
from d2l_rnn.models.greedy import BLOCK
from mxnet import autograd, cpu, np

from d2l_rnn.chapters import generate_ids
from d2l_rnn.models.scratch import GRU, LSTM, LSTM_PEEPHOLE, RNN
from d2l_rnn.models.scratch_model import RNNModelScratch
from d2l_rnn.models.scratch_stacks import bidirectional, deep, language_model
from d2l_rnn.training.parameters import FlatParameters

from .test_single_step import LAYERS, NUM_HIDDENS, VOCAB_SIZE, make

SCRATCH = {
    "rnn-scratch": RNN,
    "gru-scratch": GRU,
    "lstm-scratch": LSTM,
    "peephole": LSTM_PEEPHOLE,
    "deep-bilstm-scratch": deep(bidirectional(LSTM), 2),
}


def scratch(name: str) -> RNNModelScratch:
    functions = language_model(SCRATCH[name])
    net = RNNModelScratch(VOCAB_SIZE, NUM_HIDDENS, cpu(), *functions)
    for param in net.params:
        param[:] = np.random.normal(scale=0.7, size=param.shape)
    net.hybridize()
    return net


def any_net(name: str) -> Any:
    return scratch(name) if name in SCRATCH else make(name)


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
            ids, state = net.greedy_block(token, state)
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
    net.greedy_block(token, state)  # its graph is made before the weights change
    FlatParameters(net).data[:] = np.random.normal(size=FlatParameters(net).data.size)
    expected, _ = one_by_one(net, token, state, BLOCK)
    numpy.testing.assert_array_equal(
        net.greedy_block(token, state)[0].asnumpy(), expected
    )


def test_single_calls_are_left_to_what_records_and_to_plain_functions() -> None:
    net = make("lstm")
    token, state = np.array([[2]]), net.begin_state(batch_size=1)
    with autograd.record():
        assert net.greedy_block(token, state) is None
    assert net.greedy_block(token, state) is not None
    plain = scratch("rnn-scratch")
    expected = generate_ids([1], 5, plain, cpu())
    plain.hybridize(False)
    state = plain.begin_state(batch_size=1, ctx=cpu())
    assert plain.greedy_block(token, state) is None
    assert generate_ids([1], 5, plain, cpu()) == expected
