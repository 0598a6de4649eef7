"""A recognised net as a NumPy network: the same logits, the same greedy text."""

from __future__ import annotations

from typing import Any, List

import numpy
import pytest
from mxnet import autograd, cpu, np

from d2l_rnn.acceleration.generation import as_network
from d2l_rnn.acceleration.recognise import SWITCH
from d2l_rnn.generation.continuation import generate_ids
from d2l_rnn.inference.network import Network
from d2l_rnn.models.scratch import GRU
from d2l_rnn.models.scratch_model import RNNModelScratch
from d2l_rnn.models.scratch_stacks import bidirectional, deep, language_model

from .nets import LAYERS, NUM_HIDDENS, SCRATCH, VOCAB_SIZE, any_net, arrays_of


def network_of(net: Any) -> Network:
    found = as_network(net, cpu())
    assert isinstance(found, Network), found
    return found


@pytest.mark.parametrize("name", [*LAYERS, *SCRATCH])
def test_logits_and_states_are_the_net_s(name: str) -> None:
    net = any_net(name)
    network = network_of(net)
    for rows in (1, 3):
        state, own = net.begin_state(batch_size=rows, ctx=cpu()), None
        for _ in range(5):
            tokens = numpy.random.randint(VOCAB_SIZE, size=rows)
            logits, state = net(np.array(tokens).reshape(rows, 1), state)
            own = network.begin_state(rows) if own is None else own
            found = network.logits(tokens, own)
            numpy.testing.assert_allclose(found, logits.asnumpy(), rtol=1e-5, atol=1e-5)


# Stacks from scratch take MXNet seconds; their logits are compared above.
STACKS = [name for name in SCRATCH if name.startswith(("deep", "bi"))]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in STACKS else ())
        for name in [*LAYERS, *SCRATCH]
    ],
)
def test_a_thousand_characters_are_the_net_s(name: str) -> None:
    """Each is the likeliest by the net's own logits; 1e-4 apart two are a tie."""
    net = any_net(name)
    if name == "rnn":  # relu: in a thousand steps its state may grow beyond all bounds
        weight = net.rnn.l0_h2h_weight
        weight.set_data(0.2 * weight.data())
    ids = generate_ids([1, 2], 1000, net, cpu())
    assert len(ids) == 1002
    state = net.begin_state(batch_size=1, ctx=cpu())
    for place, token in enumerate(ids[:-1]):
        logits, state = net(np.array([[token]]), state)
        if place >= 1:
            scores = logits.asnumpy()[0]
            assert scores[ids[place + 1]] >= scores.max() - 1e-4


@pytest.mark.parametrize("name", ["deep-lstm", "lstm-scratch"])
def test_what_the_reader_writes_is_read(name: str) -> None:
    net = any_net(name)
    generate_ids([2], 30, net, cpu())
    before = network_of(net).step([2], network_of(net).begin_state(1))[0]
    for array in arrays_of(net):
        array[:] = numpy.random.normal(size=array.shape)
    after = network_of(net).step([2], network_of(net).begin_state(1))[0]
    assert abs(after - before).max() > 1e-3
    logits, _ = net(np.array([[2]]), net.begin_state(batch_size=1, ctx=cpu()))
    expected = logits.asnumpy() - numpy.log(numpy.exp(logits.asnumpy()).sum())
    numpy.testing.assert_allclose(after, expected, rtol=1e-5, atol=1e-5)
    likeliest = int(logits.asnumpy()[0].argmax())
    assert generate_ids([2], 30, net, cpu())[1] == likeliest


@pytest.mark.parametrize("name", ["lstm", "bigru", "rnn-scratch"])
def test_who_records_or_switches_off_is_asked_step_by_step(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = any_net(name)
    expected = generate_ids([1], 20, net, cpu())
    calls: List[Any] = []
    generate = Network.continue_greedily

    def counted(*arguments: Any) -> List[int]:
        calls.append(arguments)
        return generate(*arguments)

    monkeypatch.setattr(Network, "continue_greedily", counted)
    assert generate_ids([1], 20, net, cpu()) == expected and len(calls) == 1
    with autograd.record(train_mode=False):
        assert generate_ids([1], 20, net, cpu()) == expected
    monkeypatch.setenv(SWITCH, "off")
    assert generate_ids([1], 20, net, cpu()) == expected
    assert len(calls) == 1


def test_what_numpy_would_answer_otherwise_is_asked_itself() -> None:
    """Ids outside of the vocabulary are zeros to MXNet; NaNs have no order."""
    net = any_net("gru")
    state = net.begin_state(batch_size=1, ctx=cpu())
    (expected,) = net(np.array([[VOCAB_SIZE + 2]]), state)[0].argmax(axis=1).asnumpy()
    for outside in (VOCAB_SIZE + 2, -1):
        assert generate_ids([outside], 1, net, cpu()) == [outside, int(expected)]
    net.dense.bias.data()[3] = numpy.nan
    assert as_network(net, cpu()) == "a weight is not finite"
    functions = language_model(bidirectional(deep(GRU, 2)))
    other: Any = RNNModelScratch(VOCAB_SIZE, NUM_HIDDENS, cpu(), *functions)
    assert "put together" in str(as_network(other, cpu()))
    fewer: Any = any_net("rnn-scratch")
    fewer.params.pop(0)
    assert "do not fit" in str(as_network(fewer, cpu()))
