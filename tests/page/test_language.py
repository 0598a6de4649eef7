"""The page's language models beside ours in NumPy, asked by Node."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.experiments.on_page import runs_on_page
from d2l_rnn.inference.network import Network

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
    net = loaded.steps
    assert isinstance(net, Network)
    tokens = prefix + [place["token"] for place in typed["places"]]
    assert tokens[len(prefix) :] == net.continue_greedily(prefix, 100)
    state, expected = net.begin_state(1), []
    for token in tokens:
        expected.append(net.logits([token], state)[0])
    numpy.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["gluon", "scratch"])
def test_units_are_ranked_by_their_correlation(name: str) -> None:
    (run,) = runs_on_page([KEPT / name])
    where = {"layer": 0, "direction": 0}
    letters = list("the time traveller was one of those men ")
    vocab = run.vocabularies["vocab"]
    _, _, states, ranks = asked(
        run,
        ("begin", {}),
        ("read", {"tokens": [vocab.index(letter) for letter in letters]}),
        ("states", {"array": "state", **where}),
        ("rank", {"letters": letters, "ofWords": False, **where}),
    )
    values = numpy.reshape(states["values"], (len(letters), states["width"]))
    spaces = [float(letter == " ") for letter in letters]
    expected = [numpy.corrcoef(unit, spaces)[0, 1] for unit in values.T]
    (found,) = [row for row in ranks if row["feature"] == "spaces"]
    order = sorted(range(len(expected)), key=lambda unit: -abs(expected[unit]))
    assert [unit for unit, _ in found["units"]] == order[:5]
    for unit, r in found["units"]:
        assert r == pytest.approx(expected[unit], abs=1e-5)


def test_gates_make_the_state_that_is_shown() -> None:
    """``C' = f * C + i * C~`` and ``H = o * tanh(C)``, place by place."""
    (run,) = runs_on_page([KEPT / "gluon"])
    tokens = load_run(KEPT / "gluon").ids("time traveller")
    where = {"unit": 3, "layer": 0, "direction": 0}
    *_, found = asked(run, ("begin", {}), ("read", {"tokens": tokens}), ("unit", where))
    C = numpy.array(found["memory"])
    before = numpy.concatenate([[0], C[:-1]])
    gates = {name: numpy.array(values) for name, values in found.items()}
    made = gates["forget"] * before + gates["input"] * gates["candidate"]
    numpy.testing.assert_allclose(C, made, atol=1e-6)
    numpy.testing.assert_allclose(
        gates["state"], gates["output"] * numpy.tanh(C), atol=1e-6
    )


def test_without_a_state_the_last_token_alone_decides() -> None:
    (run,) = runs_on_page([KEPT / "gluon"])
    first, second = [load_run(KEPT / "gluon").ids(text) for text in ("time", "scene")]
    begin = ("begin", {"memory": "none"})
    both = asked(
        run,
        *(begin, ("read", {"tokens": first}), ("scores", {})),
        *(begin, ("read", {"tokens": second}), ("scores", {})),
        *(("begin", {}), ("read", {"tokens": second}), ("scores", {})),
    )
    assert both[2][-1] == both[5][-1] and both[5][-1] != both[8][-1]
