"""A net that is only asked gives the same answers by its graph."""

from __future__ import annotations

from typing import Any, List

import numpy
import pytest
from mxnet import cpu, np

from d2l_rnn.acceleration.generation import Asked
from d2l_rnn.acceleration.recognise import SWITCH

from .nets import LAYERS, SCRATCH, VOCAB_SIZE, any_net


@pytest.mark.parametrize("name", [*LAYERS, *SCRATCH])
def test_logits_and_states_bit_for_bit(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net: Any = any_net(name)
    X = np.random.randint(0, VOCAB_SIZE, (3, 7))
    answers = []
    both: List[Any] = [net, Asked(net)]
    for asked in both:
        logits, state = asked(X, asked.begin_state(batch_size=3, ctx=cpu()))
        again, state = asked(X[:, :2], state)
        answers.append([a.asnumpy() for a in (logits, again, *state)])
    for one, two in zip(*answers):
        numpy.testing.assert_array_equal(one, two)
    monkeypatch.setenv(SWITCH, "off")
    called = []

    def replaced(*arguments: Any) -> Any:
        called.append(arguments)
        return 1, 2

    monkeypatch.setattr(type(net), "__call__", replaced)
    plain: Any = Asked(net)
    assert plain(X, None) == (1, 2) and called
