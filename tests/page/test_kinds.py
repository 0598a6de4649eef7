"""Nets of both sides, translators, painters and hidden Markov models, asked by Node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy
import pytest

from d2l_rnn.data.text import Vocab
from d2l_rnn.errors import RunError
from d2l_rnn.experiments.configs import LanguageModelConfig
from d2l_rnn.experiments.configs_bidirectional import ClozeConfig
from d2l_rnn.experiments.configs_translation import (
    Seq2SeqAttentionConfig,
    Seq2SeqConfig,
)
from d2l_rnn.experiments.exported import load_trained, net_of
from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.experiments.loaded_pictures import load_pictures
from d2l_rnn.experiments.networks import (
    filler_network,
    steps_of,
    translation_network,
)
from d2l_rnn.experiments.on_page import runs_on_page
from d2l_rnn.export.nets import Trained
from d2l_rnn.generation.filling import fill
from d2l_rnn.generation.translations import Translator
from d2l_rnn.inference.hmm import MISSING, backward, forward, posterior
from d2l_rnn.inference.hmm import predict_missing as missing
from d2l_rnn.page.contents import run_on_page

from .node import asked, needs_node

KEPT = Path(__file__).parents[1] / "public" / "runs"
LETTERS = ["<unk>", *"abcdefgh"]
WORDS = ["<unk>", "<pad>", "<bos>", "<eos>", *"abcdef"]
SIZES: Dict[str, Any] = {"num_hiddens": 6, "num_layers": 2}
WITHIN: Any = {"rtol": 1e-4, "atol": 1e-5}

pytestmark = needs_node


def drawn(shapes: Dict[str, Tuple[int, ...]], scale: float = 0.7) -> Dict[str, Any]:
    """Weights that are no small numbers."""
    return {
        name: numpy.random.normal(scale=scale, size=shape).astype("float32")
        for name, shape in shapes.items()
    }


def layer_shapes(
    name: str, gates: int, inputs: int, h: int, directions: int = 1
) -> Dict[str, Tuple[int, ...]]:
    """Of both layers of a recurrent layer."""
    found: Dict[str, Tuple[int, ...]] = {}
    for number in range(2):
        for letter in "lr"[:directions]:
            start = f"{name}.{letter}{number}_"
            found[f"{start}i2h_weight"] = (gates * h, inputs)
            found[f"{start}h2h_weight"] = (gates * h, h)
            found[f"{start}i2h_bias"] = found[f"{start}h2h_bias"] = (gates * h,)
        inputs = directions * h
    return found


def bidirectional(cell: str, implementation: str) -> Tuple[Trained, Any]:
    """A bidirectional language model of two layers, and its network in NumPy."""
    config = LanguageModelConfig(
        cell=cell, implementation=implementation, bidirectional=True, **SIZES
    )
    V, h, gates = len(LETTERS), 6, {"rnn": 1, "gru": 3}.get(cell, 4)
    if implementation == "scratch":
        shapes: List[Tuple[int, ...]] = []
        for inputs in (V, V, 2 * h, 2 * h):
            shapes += [(inputs, h), (h, h), (h,)] * gates
            shapes += [(h,)] * (3 if cell == "lstm-peephole" else 0)
        shapes += [(2 * h, V), (V,)]
        arrays = drawn({f"params.{k}": shape for k, shape in enumerate(shapes)})
    else:
        dense = {"dense.weight": (V, 2 * h), "dense.bias": (V,)}
        scale = 0.3 if cell == "rnn" else 0.7  # relu: what grows has no end
        arrays = drawn({**layer_shapes("rnn", gates, V, h, 2), **dense}, scale)
    trained = Trained(net_of(config, arrays, V), cell, {}, {"vocab": LETTERS})
    return trained, steps_of(config, arrays, LETTERS)[1]


def read_whole(network: Any, ids: List[int]) -> Any:
    """Log-probabilities after each token of a text whose end is known, (T, V).

    The layers of the network one after the other, each over the whole text.
    """
    X: Any = None
    for cells in network._layers:
        hiddens = []
        for direction, cell in enumerate(cells):
            order = range(len(ids))[:: -1 if direction else 1]
            state = [numpy.zeros((1, 6), "float32") for _ in range(cell.num_states)]
            rows: Dict[int, Any] = {}
            for t in order:
                if X is None:
                    inputs = network._tables[direction][[ids[t]]]
                else:
                    inputs = X[t : t + 1] @ cell.W_x + cell.b
                cell.advance(inputs, state)
                rows[t] = state[0][0].copy()
            hiddens.append(numpy.array([rows[t] for t in range(len(ids))]))
        X = numpy.concatenate(hiddens, axis=1)
    logits = X @ network._W_q + network._b_q
    return logits - numpy.log(numpy.exp(logits).sum(1, keepdims=True))


@pytest.mark.parametrize(
    "cell, implementation",
    [("lstm", "gluon"), ("gru", "gluon"), ("rnn", "gluon")]
    + [("gru", "scratch"), ("lstm-peephole", "scratch")],
)
def test_a_bidirectional_model_sees_what_numpy_sees(
    cell: str, implementation: str
) -> None:
    trained, network = bidirectional(cell, implementation)
    ids = [int(i) for i in numpy.random.randint(1, len(LETTERS), 12)]
    changed = [*ids[:5], 0, *ids[6:]]
    whole, past, other, alone, moved = asked(
        run_on_page("both", trained, {}),
        ("seeingAll", {"tokens": ids}),
        ("seeingThePast", {"tokens": ids, "place": 5}),
        ("seeingAnother", {"tokens": ids, "place": 5, "other": 0}),
        ("aloneAfter", {"tokens": ids, "count": 20}),
        ("leaning", {"tokens": ids, "place": 5}),
    )
    probs = numpy.exp(read_whole(network, ids))
    near: Any = {"rtol": 1e-4, "atol": 1e-6}
    wanted = [probs[t, token] for t, token in enumerate(ids[1:])]
    numpy.testing.assert_allclose([s["probability"] for s in whole], wanted, **near)
    assert [s["best"][0][0] for s in whole] == list(probs[:-1].argmax(1))
    begun = numpy.exp(read_whole(network, ids[:5]))[4]
    numpy.testing.assert_allclose(past["probability"], begun[ids[5]], **near)
    hidden = numpy.exp(read_whole(network, changed))[4]
    numpy.testing.assert_allclose(
        [probability for _, probability in other["best"]],
        sorted(hidden)[::-1][:5],
        **near,
    )
    assert alone == network.continue_greedily(ids, 20)
    # Finite differences by the one-hot vectors of the lowest layer's inputs
    tables = [cell.W_x for cell in network._layers[0]]
    for s in (0, 4, 5, 11):
        gradient = []
        for token in range(len(LETTERS)):
            found = []
            for step in (1e-3, -1e-3):
                nudged = [
                    numpy.vstack([table, table[ids[s]] + step * W_x[token]])
                    for table, W_x in zip(network._tables, tables)
                ]
                kept, network._tables = network._tables, nudged
                read = [*ids[:s], len(LETTERS), *ids[s + 1 :]]
                found.append(float(read_whole(network, read)[4, ids[5]]))
                network._tables = kept
            gradient.append((found[0] - found[1]) / 2e-3)
        norm = numpy.linalg.norm(gradient)
        numpy.testing.assert_allclose(moved[s], norm, rtol=5e-3, atol=2e-3)


@pytest.mark.parametrize("num_layers", [1, 2])
def test_blanks_are_filled_as_numpy_fills_them(num_layers: int) -> None:
    config = ClozeConfig(embed_size=4, num_hiddens=6, num_layers=num_layers)
    V = len(LETTERS)
    shapes: Dict[str, Tuple[int, ...]] = {"embedding.weight": (V, 4)}
    for stack in ("forward_stack", "backward_stack"):
        shapes.update(layer_shapes(stack, 4, 4, 6))
    shapes.update({"dense.weight": (V, 12), "dense.bias": (V,)})
    arrays = drawn({f"bidirectional.{name}": s for name, s in shapes.items()})
    trained = Trained(net_of(config, arrays, V), "cloze", {}, {"vocab": LETTERS})
    network = filler_network(config, arrays, V)
    ids = [int(i) for i in numpy.random.randint(1, V, 9)]
    every, filled, moved = asked(
        run_on_page("blanks", trained, {}),
        ("everyToken", {"ids": ids}),
        ("fill", {"ids": ids, "blanks": [2, 3, 8]}),
        ("leaning", {"ids": ids, "place": 4, "token": ids[4]}),
    )
    given = network.probabilities(numpy.array([ids]))[0]
    own = given[numpy.arange(9), ids]
    numpy.testing.assert_allclose([s["probability"] for s in every], own, **WITHIN)
    vocab = Vocab.from_tokens(LETTERS)
    expected = fill(network.probabilities, ids, [2, 3, 8], vocab)
    for found, wanted in zip(filled["best"], expected):
        assert [LETTERS[token] for token, _ in found] == [c for c, _ in wanted.best]
        numpy.testing.assert_allclose(
            [p for _, p in found], [p for _, p in wanted.best], **WITHIN
        )
    # What stands in a blank is not seen; by differences the others are.
    assert moved[4] == 0
    kept = network._embedding
    for s in (0, 3, 5, 8):
        gradient = []
        for unit in range(4):
            found = []
            for step in (1e-3, -1e-3):
                row = kept[ids[s]] + step * numpy.eye(4, dtype="float32")[unit]
                network._embedding = numpy.vstack([kept, row])
                nudged = numpy.array([[*ids[:s], V, *ids[s + 1 :]]])
                found.append(numpy.log(network.probabilities(nudged)[0, 4, ids[4]]))
            gradient.append((found[0] - found[1]) / 2e-3)
        network._embedding = kept
        norm = float(numpy.linalg.norm(gradient))
        numpy.testing.assert_allclose(moved[s], norm, rtol=5e-3, atol=2e-3)


DESIGNS: Dict[str, Dict[str, Any]] = {
    "book": {},
    "edition": {"book_context": True},
    "both-ways": {"bidirectional": True, "cell": "lstm"},
    "masked": {"mask_padding": True},
    "hidden": {"bridge": "hidden", "cell": "lstm"},
    "cell": {"bridge": "cell", "cell": "lstm"},
    "output": {"bridge": "output"},
    "additive": {"score": "additive"},
    "dot": {"score": "dot", "cell": "lstm"},
    "dot-unscaled": {"score": "dot-unscaled", "bidirectional": True},
    "cosine": {"score": "cosine"},
    "bilinear": {"score": "bilinear", "bridge": "output"},
    "scores-themselves": {"score": "dot", "normalise": False},
}
ATTENTION: Dict[str, Dict[str, Tuple[int, ...]]] = {
    "additive": {"W_q.weight": (6, 6), "W_k.weight": (6, 6), "w_v.weight": (1, 6)},
    "bilinear": {"W.weight": (6, 6)},
    "cosine": {"sharpen.log_sharpness": (1, 1, 1)},
}


def translator(name: str) -> Tuple[Trained, Translator]:
    chosen = {"embed_size": 4, **SIZES, **DESIGNS[name]}
    kind: Any = Seq2SeqAttentionConfig if "score" in chosen else Seq2SeqConfig
    config = replace(kind(), **chosen)
    gates = 3 if config.cell == "gru" else 4
    directions = 1 + config.bidirectional
    V = len(WORDS)
    shapes = {
        "encoder.embedding.weight": (V, 4),
        **layer_shapes("encoder.rnn", gates, 4, 6 // directions, directions),
        "decoder.embedding.weight": (V, 4),
        **layer_shapes("decoder.rnn", gates, 10, 6),
        "decoder.dense.weight": (V, 6),
        "decoder.dense.bias": (V,),
    }
    for key, shape in ATTENTION.get(chosen.get("score", ""), {}).items():
        shapes[f"decoder.attention.{key}"] = shape
    arrays = drawn(shapes)
    vocabularies = {"src_vocab": WORDS, "tgt_vocab": WORDS}
    trained = Trained(net_of(config, arrays, V, V), name, {}, vocabularies)
    vocab = Vocab.from_tokens(WORDS)
    network = translation_network(config, arrays, V, V)
    return trained, Translator(network, vocab, vocab, 7)


@pytest.mark.parametrize("name", DESIGNS)
def test_beams_and_attention_are_those_of_numpy(name: str) -> None:
    trained, ours = translator(name)
    run = run_on_page(name, trained, {"num_steps": "7"})
    for text in ("a b. never", "f e d c b a f e d"):
        sentence = text.replace(".", " .").split()
        for size in (1, 3):
            (expected,) = ours.beam([sentence], size, 0.75, size)
            choice = {"size": size, "alpha": 0.75, "numBest": size, "numLeft": 2}
            tokens = list(expected[0].tokens) + [3] * expected[0].finished
            found, steps = asked(
                run,
                ("translate", {"text": text, "choice": choice}),
                ("steps", {"tokens": tokens}),
            )
            assert [h["tokens"] for h in found["best"]] == [
                list(h.tokens) for h in expected
            ]
            numpy.testing.assert_allclose(
                [h["score"] for h in found["best"]],
                [h.score for h in expected],
                **WITHIN,
            )
            assert found["cut"] == (len(sentence) >= 7)
            check_tree(found["tree"], found["best"], size)
            # The chosen path's probabilities are the steps' own.
            own = [step["best"] for step in steps]
            node = found["tree"][found["best"][0]["node"]]
            total = node["logProb"]
            if size == 1:
                likeliest = numpy.log([best[0][1] for best in own]).sum()
                numpy.testing.assert_allclose(total, likeliest, rtol=1e-4)
            if ours.has_attention:
                wanted = ours.attention(sentence, expected[0])
                weights = numpy.array([s["weights"] for s in steps])
                width = len(wanted.source)
                numpy.testing.assert_allclose(
                    weights[:, :width], wanted.weights, **WITHIN
                )
                assert not weights[:, width:].any()
                assert found["read"] == wanted.source
    if "score" not in DESIGNS[name]:
        assert steps[0]["weights"] is None


def check_tree(tree: List[Any], best: List[Any], size: int) -> None:
    """Every node follows its parent; a step keeps or ends at most ``size`` of them."""
    for node in tree:
        before = tree[node["parent"]] if node["parent"] >= 0 else None
        assert before is None or before["fate"] == "kept"
        assert node["length"] == (before["length"] if before else 0) + 1
        total = node["own"] + (before["logProb"] if before else 0)
        assert abs(node["logProb"] - total) < 1e-6
    for length in {node["length"] for node in tree}:
        level = [node for node in tree if node["length"] == length]
        chosen = [node for node in level if node["fate"] != "left"]
        left = [node for node in level if node["fate"] == "left"]
        assert 1 <= len(chosen) <= size and len(left) <= 2
        if left:
            worst = min(node["logProb"] for node in chosen)
            assert max(node["logProb"] for node in left) <= worst
    assert all(tree[found["node"]]["fate"] == "ended" for found in best)


def test_pictures_have_numpy_s_probabilities() -> None:
    (run,) = runs_on_page([KEPT / "pixels"])
    loaded = load_pictures(KEPT / "pixels")
    network, levels = loaded.painter.network, loaded.config.levels
    given = [int(i) for i in numpy.random.randint(levels, size=20)]
    labels = list(range(loaded.painter.num_classes))
    how = {"labels": labels, "pixels": given, "temperature": None, "seed": 1}
    classes, _, part, whole = asked(
        run,
        ("classes", {"pixels": given}),
        ("begin", how),
        ("drawOn", {"count": 5}),
        ("drawOn", {"count": 1000}),
    )
    likelihoods = numpy.zeros(len(labels))
    for label in labels:
        state, token = network.begin_state(1), levels + label
        for level in given:
            log_probs, state = network.step([token], state)
            likelihoods[label] += log_probs[0, level]
            token = level
        for place in range(len(given), loaded.painter.num_pixels):
            log_probs, state = network.step([token], state)
            token = int(log_probs[0].argmax())
            assert whole[label][place] == token
    wanted = numpy.exp(likelihoods - numpy.log(numpy.exp(likelihoods).sum()))
    numpy.testing.assert_allclose(classes, wanted, rtol=1e-3)
    assert {len(picture) for picture in whole} == {loaded.painter.num_pixels}
    assert [picture[:25] for picture in whole] == part


def test_drawn_levels_have_the_frequencies_of_their_probabilities() -> None:
    (run,) = runs_on_page([KEPT / "pixels"])
    network = load_pictures(KEPT / "pixels").painter.network
    count, temperature = 2000, 0.7
    how = {"labels": [0] * count, "pixels": [], "temperature": temperature, "seed": 3}
    _, drawn_levels = asked(run, ("begin", how), ("drawOn", {"count": 1}))
    log_probs, _ = network.step([network.vocab_size], network.begin_state(1))
    wanted = numpy.exp(log_probs[0] / temperature)
    wanted /= wanted.sum()
    found = numpy.bincount(numpy.ravel(drawn_levels), minlength=len(wanted)) / count
    # Five standard deviations of a share of 2000 draws
    assert abs(found - wanted).max() < 5 * numpy.sqrt(0.25 / count)


def test_messages_are_those_of_numpy() -> None:
    (run,) = runs_on_page([KEPT / "hmm"])
    steps: Any = load_run(KEPT / "hmm").steps
    model = steps._model
    symbols = [int(i) for i in numpy.random.randint(model.num_symbols, size=60)]
    symbols[7] = symbols[30] = MISSING
    found, states = asked(run, ("messages", {"symbols": symbols}), ("states", {}))
    shape = (60, model.num_states)

    def of(name: str) -> Any:
        return numpy.reshape(found[name], shape)

    seen = posterior(model, numpy.array(symbols))
    for name, wanted in (
        ("pi", forward(model, symbols).pi),
        ("filtered", seen.filtered),
        ("smoothed", seen.smoothed),
        ("leftOut", seen.left_out),
    ):
        numpy.testing.assert_allclose(of(name), wanted, atol=1e-6)
    rho = backward(model, symbols).rho
    rho /= rho.sum(1, keepdims=True)
    numpy.testing.assert_allclose(of("rho"), rho, atol=1e-6)
    numpy.testing.assert_allclose(found["logLikelihood"], seen.log_likelihood)
    there = missing(model, numpy.array(symbols))
    for best, row in zip(found["there"], there):
        numpy.testing.assert_allclose(
            [p for _, p in best], numpy.sort(row)[::-1][:5], rtol=1e-5
        )
    assert sorted(state["state"] for state in states) == list(range(shape[1]))


def test_a_net_that_gives_labels_has_no_page() -> None:
    with pytest.raises(RunError, match="labels"):
        run_on_page("tagging", load_trained(KEPT / "tagging"), {})
