"""The page's backward pass beside the hand-written one, and beside differences."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy
import pytest

from d2l_rnn.arrays import Floats
from d2l_rnn.experiments.configs import LanguageModelConfig
from d2l_rnn.experiments.exported import net_of
from d2l_rnn.export.nets import Dense, LanguageNet, Stack, Trained, Weights
from d2l_rnn.export.reading import NUM_GATES
from d2l_rnn.inference.handwritten_language_model import HandwrittenLanguageModel
from d2l_rnn.page.contents import RunOnPage, run_on_page

from .node import HERE, asked, needs_node, node

pytestmark = needs_node

VOCAB, HIDDENS, LENGTH = 50, 12, 40


def on_page(net: LanguageNet) -> RunOnPage:
    vocab = [chr(0x4E00 + number) for number in range(VOCAB)]
    return run_on_page("net", Trained(net, "net", {}, {"vocab": vocab}), {})


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_it_is_the_hand_written_backward_pass(cell: str) -> None:
    """By a text in which each token stands once: its row of ``dW_x`` is its place's.

    The loss is a mean over all places, so that of the last alone is told by the
    difference of two texts' sums.
    """
    rng = numpy.random.default_rng()
    model = HandwrittenLanguageModel(cell, VOCAB, HIDDENS, rng, "float64")
    model.vector *= 40
    tokens = rng.permutation(VOCAB)[: LENGTH + 1]
    net = net_of(
        LanguageModelConfig(cell=cell, implementation="scratch", num_hiddens=HIDDENS),
        {f"params.{k}": array for k, array in enumerate(model.params.values())},
        VOCAB,
    )
    assert isinstance(net, LanguageNet)
    X, Y = tokens[None, :-1], tokens[None, 1:]
    state = model.begin_state(1)

    def summed(length: int) -> Floats:
        _, gradient, _ = model.loss_and_gradients(X[:, :length], Y[:, :length], state)
        return length * gradient.copy()

    gradients = model.named(summed(LENGTH) - summed(LENGTH - 1))
    inputs = [name for name in gradients if name.startswith("W_x")]
    # Each (vocab_size, vocab_size)
    parts = [gradients[name] @ model.params[name].T for name in inputs]
    expected = numpy.sum(parts, axis=0)
    *_, found = asked(
        on_page(net),
        ("begin", {}),
        ("read", {"tokens": tokens[:-1].tolist()}),
        ("gradients", {"place": LENGTH - 1, "token": int(tokens[-1])}),
    )
    norms = numpy.linalg.norm(expected[tokens[:-1]], axis=1)
    numpy.testing.assert_allclose(found, norms, rtol=1e-3, atol=1e-6)
    assert norms.max() > 1e-3


def drawn(
    cell: str, layers: int, directions: int, reset_after: bool, peepholes: bool
) -> LanguageNet:
    """A net of random weights."""
    rng = numpy.random.default_rng()

    def normal(*shape: int) -> Floats:
        return rng.normal(scale=0.4, size=shape).astype("float32")

    rows, stack, width = NUM_GATES[cell] * HIDDENS, [], VOCAB
    for _ in range(layers):
        stack.append(
            [
                Weights(
                    normal(rows, width),
                    normal(rows, HIDDENS),
                    normal(rows),
                    normal(rows),
                    normal(3, HIDDENS) if peepholes else None,
                )
                for _ in range(directions)
            ]
        )
        width = directions * HIDDENS
    dense = Dense(normal(VOCAB, width), normal(VOCAB))
    return LanguageNet(Stack(cell, stack, reset_after), dense)


NETS: Dict[str, List[Any]] = {
    "tanh": ["rnn_tanh", 1, 1, True, False],
    "gru, reset after": ["gru", 2, 1, True, False],
    "gru, reset before": ["gru", 1, 2, False, False],
    "lstm": ["lstm", 2, 2, True, False],
    "peepholes": ["lstm", 1, 1, True, True],
}


@pytest.mark.parametrize("memory", ["whole", "alone", "none"])
@pytest.mark.parametrize("name", NETS)
def test_it_is_what_differences_say(name: str, memory: Optional[str]) -> None:
    run = on_page(drawn(*NETS[name]))
    given = {
        "facts": run.facts(),
        "weights": run.weights.text,
        "tokens": list(range(2, 14)),
        "memory": memory,
    }
    both = numpy.array(node(HERE / "differences.mjs", given))
    numpy.testing.assert_allclose(both[:, 0], both[:, 1], rtol=2e-2, atol=1e-3)
    earlier = abs(both[: -len(both) // 12, 0])
    # Without W_h, a cell still passes on what its gates keep; without a state, nothing.
    carries = memory == "whole" or (memory == "alone" and "tanh" not in name)
    assert (earlier.max() > 1e-3) == carries
