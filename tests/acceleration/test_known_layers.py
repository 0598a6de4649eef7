"""Where the graphs do not hold, the net says why, and the plain path is taken."""

from __future__ import annotations

from typing import Any, Callable, Dict, Tuple

import pytest
from mxnet import autograd, cpu
from mxnet.gluon import rnn

from d2l_rnn.acceleration import why_not
from d2l_rnn.acceleration.generation import as_network
from d2l_rnn.generation.continuation import generate_ids
from d2l_rnn.inference.network import Network
from d2l_rnn.models import gluon_layers
from d2l_rnn.models.language_model import RNNModel

from .nets import LAYERS, NUM_HIDDENS, SCRATCH, VOCAB_SIZE, any_net

UNUSUAL: Dict[str, Tuple[Callable[[], Any], str]] = {
    "dropout": (lambda: rnn.LSTM(NUM_HIDDENS, 2, dropout=0.5), "has dropout"),
    "ours": (lambda: gluon_layers.GRU(NUM_HIDDENS, 2), "GRU, not Gluon's own"),
    "clipping": (
        lambda: rnn.LSTM(NUM_HIDDENS, state_clip_min=-1, state_clip_max=1),
        "clips its state",
    ),
    "projection": (lambda: rnn.LSTM(NUM_HIDDENS, projection_size=2), "projection"),
    "lengths": (
        lambda: rnn.LSTM(NUM_HIDDENS, use_sequence_length=True),
        "sequence lengths",
    ),
}


@pytest.mark.parametrize("name", [*LAYERS, *SCRATCH])
def test_the_book_s_nets_are_known(name: str) -> None:
    net = any_net(name)
    assert why_not(net) == "" and isinstance(as_network(net, cpu()), Network)
    with autograd.record():
        assert why_not(net) == "a gradient is being recorded"


@pytest.mark.parametrize("name", UNUSUAL)
def test_layers_that_compute_something_else_are_not(name: str) -> None:
    make, reason = UNUSUAL[name]
    net = RNNModel(make(), VOCAB_SIZE)
    net.initialize()
    assert reason in why_not(net)
    found = as_network(net, cpu())
    assert isinstance(found, str) and reason in found


def test_a_net_that_waits_for_its_first_minibatch_generates() -> None:
    net: Any = RNNModel(rnn.GRU(NUM_HIDDENS), VOCAB_SIZE)
    assert "is not initialised" in why_not(net)
    net.initialize()
    assert why_not(net) == ""  # training settles its shapes
    assert as_network(net, cpu()) == "the net has not seen a minibatch yet"
    first = generate_ids([1], 5, net, cpu())
    assert isinstance(as_network(net, cpu()), Network)
    assert generate_ids([1], 5, net, cpu()) == first
