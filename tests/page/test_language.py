"""The page's language models beside ours in NumPy, asked by Node."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.experiments.on_page import runs_on_page

from .node import asked, needs_node

KEPT = Path(__file__).parents[1] / "public" / "runs"
GREEDY = {"temperature": None, "topK": None}

pytestmark = needs_node


@pytest.mark.parametrize(
    "name", ["gluon", "scratch", "handwritten", "handwritten-gated"]
)
def test_the_page_computes_what_numpy_computes(name: str) -> None:
    (run,) = runs_on_page([KEPT / name])
    loaded = load_run(KEPT / name)
    prefix = loaded.ids(loaded.prefixes()[0])
    _, _, typed, scores = asked(
        run,
        ("begin", {}),
        ("read", {"tokens": prefix}),
        ("type", {"count": 100, "choice": GREEDY}),
        ("scores", {}),
    )
    tokens = prefix + [place["token"] for place in typed["places"]]
    net = loaded.steps
    assert tokens[len(prefix) :] == net.continue_greedily(prefix, 100)
    state, expected = net.begin_state(1), []
    for token in tokens:
        expected.append(net.logits([token], state)[0])
    numpy.testing.assert_allclose(scores, expected, atol=1e-5)
