"""ONNX graphs of cloze, tagging, lines and translation, against the nets here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy
import pytest
from mxnet import cpu, np

from d2l_rnn.experiments.configs_bidirectional import ClozeConfig, TaggingConfig
from d2l_rnn.experiments.configs_sequences import LinesConfig, OneToManyConfig
from d2l_rnn.experiments.configs_translation import (
    Seq2SeqAttentionConfig,
    Seq2SeqConfig,
)
from d2l_rnn.experiments.exported import net_of
from d2l_rnn.experiments.translation import build
from d2l_rnn.experiments.two_directions import build_both
from d2l_rnn.export.nets import Trained
from d2l_rnn.inference.decoding import greedy_search
from d2l_rnn.models.both_sides import ClozeModel, Tagger
from d2l_rnn.models.gluon_layers import named_arrays
from d2l_rnn.models.shapes import LineClassifier, LineGenerator
from d2l_rnn.training.initialisation import initialize_seq2seq

from .language_nets import TOLERANCE, agree

pytest.importorskip("onnx", reason="onnx is not installed here")
# It has no wheel for Python 3.15: setup.cfg.
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed here")
from .test_onnx import sessions  # noqa: E402

SIZES: Dict[str, Any] = {"embed_size": 4, "num_hiddens": 6}
WORDS, LABELS, TARGET = 9, 5, 7


def drawn(net: Any) -> Dict[str, Any]:
    """A net's arrays, made no small numbers."""
    for array in named_arrays(net).values():
        array[:] = np.random.normal(scale=0.6, size=array.shape)
    return {name: array.asnumpy() for name, array in named_arrays(net).items()}


def trained(net: Any, *sizes: int) -> Trained:
    names = ["src_vocab", "tgt_vocab"] if len(sizes) == 2 else ["vocab"]
    vocabularies = {
        name: [f"{name} {k}" for k in range(size)] for name, size in zip(names, sizes)
    }
    return Trained(net, "kind", {}, vocabularies)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("kind", ["cloze", "tagging"])
def test_both_sides(kind: str, num_layers: int) -> None:
    cloze = kind == "cloze"
    config: Any = ClozeConfig() if cloze else TaggingConfig()
    config = replace(config, num_layers=num_layers, **SIZES)
    sizes = (WORDS, WORDS if cloze else LABELS)
    block = ClozeModel if cloze else Tagger
    net = build_both(block, config, *sizes, cpu())["bidirectional"]
    arrays = {f"bidirectional.{name}": a for name, a in drawn(net).items()}
    by = sessions(trained(net_of(config, arrays, *sizes[: 2 - cloze]), WORDS))[""]
    for batch, length in ((1, 1), (3, 5)):
        tokens = numpy.random.randint(WORDS, size=(batch, length))
        shape = (2, num_layers, batch, 6)
        state = numpy.random.uniform(-0.9, 0.9, shape).astype("float32")
        expected, after = net(np.array(tokens), [np.array(s) for s in state])
        given = {"tokens": tokens, "state_0": state[0], "state_1": state[1]}
        logits, *found = by.run(None, given)
        wanted = expected.asnumpy().reshape(length, batch, -1).swapaxes(0, 1)
        agree(f"{kind}, {num_layers} layers", logits, wanted)
        for array, own in zip(found, after):
            numpy.testing.assert_allclose(array, own.asnumpy(), **TOLERANCE)


def test_many_to_one() -> None:
    config = LinesConfig(**SIZES)
    net = LineClassifier(WORDS, 4, 6, 2)
    net.initialize()
    by = sessions(trained(net_of(config, drawn(net), WORDS), WORDS))[""]
    for lengths in ([4], [5, 1, 3]):
        tokens = numpy.random.randint(WORDS, size=(len(lengths), 5))
        [logits] = by.run(None, {"tokens": tokens, "lengths": lengths})
        expected = net(np.array(tokens), np.array(lengths)).asnumpy()
        agree("many-to-one", logits, expected)


def test_one_to_many() -> None:
    config = OneToManyConfig(**SIZES)
    net = LineGenerator(WORDS, 4, 6, 2)
    net.initialize()
    both = sessions(trained(net_of(config, drawn(net), WORDS), WORDS))
    [state] = both["-encoder"].run(None, {"labels": [1, 0, 1]})
    begin = net.begin_state(np.array([1, 0, 1]))
    numpy.testing.assert_allclose(state, begin[0].asnumpy(), **TOLERANCE)
    tokens = numpy.random.randint(WORDS, size=(3, 4))
    logits, after = both["-decoder"].run(None, {"tokens": tokens, "state_0": state})
    expected, [end] = net(np.array(tokens), begin)
    agree("one-to-many", logits, expected.asnumpy())
    numpy.testing.assert_allclose(after, end.asnumpy(), **TOLERANCE)


DESIGNS: Dict[str, Dict[str, Any]] = {
    "book": {},
    "edition": {"book_context": True},
    "lstm": {"cell": "lstm", "num_layers": 1},
    "masked": {"mask_padding": True},
    "both-ways": {"bidirectional": True, "cell": "lstm"},
    "hidden": {"bridge": "hidden", "cell": "lstm"},
    "cell": {"bridge": "cell", "cell": "lstm"},
    "output": {"bridge": "output", "cell": "lstm"},
    "additive": {"score": "additive"},
    "dot": {"score": "dot", "cell": "lstm"},
    "dot-unscaled": {"score": "dot-unscaled", "bidirectional": True},
    "cosine": {"score": "cosine", "num_layers": 1},
    "bilinear": {"score": "bilinear", "bridge": "output"},
    "scores-themselves": {"score": "dot", "normalise": False},
}


def translator(name: str) -> Tuple[Any, Dict[str, Any]]:
    """The net, and its two sessions."""
    kind: Any = Seq2SeqAttentionConfig if "score" in DESIGNS[name] else Seq2SeqConfig
    config = kind(**SIZES, **DESIGNS[name])
    net = build(config, WORDS, TARGET)
    initialize_seq2seq(net, 5, cpu())
    found = net_of(config, drawn(net), WORDS, TARGET)
    return net, sessions(trained(found, WORDS, TARGET))


def begun(by: Any, X: Any, lengths: Any) -> Dict[str, Any]:
    """What the decoder takes beside its tokens."""
    given = {"tokens": X, "lengths": lengths}
    taken = [own.name for own in by["-encoder"].get_inputs()]
    found = by["-encoder"].run(None, {name: given[name] for name in taken})
    names = [own.name for own in by["-encoder"].get_outputs()]
    state = dict(zip(names, found))
    if "encoder_outputs" in state:
        state["lengths"] = lengths
    return state


def advanced(by: Any, tokens: Any, state: Dict[str, Any]) -> Any:
    """Logits, the state that follows, and the attention weights if there are."""
    found = by["-decoder"].run(None, {"tokens": tokens, **state})
    names = [own.name for own in by["-decoder"].get_outputs()]
    answer = dict(zip(names, found))
    after = {
        name[len("next_") :]: array
        for name, array in answer.items()
        if name.startswith("next_")
    }
    return answer["logits"], {**state, **after}, answer.get("attention_weights")


@pytest.mark.parametrize("name", DESIGNS)
def test_translation(name: str) -> None:
    net, by = translator(name)
    for rows, num_steps in ((1, 1), (3, 5)):
        X = numpy.random.randint(WORDS, size=(rows, num_steps))
        lengths = numpy.array([num_steps, 1, 3][:rows])
        valid = np.array(lengths)
        own = net.decoder.init_state(net.encoder(np.array(X), valid), valid)
        state = begun(by, X, lengths)
        for _ in range(4):
            tokens = numpy.random.randint(TARGET, size=(rows, 1))
            expected, own = net.decoder(np.array(tokens), own)
            logits, state, weights = advanced(by, tokens, state)
            agree(f"translation, {name}", logits, expected.asnumpy())
            recurrent = own[1] if weights is not None else own
            for k in range(sum(key.startswith("state_") for key in state)):
                wanted = recurrent[k].asnumpy()
                numpy.testing.assert_allclose(state[f"state_{k}"], wanted, **TOLERANCE)
            if weights is not None:
                wanted = net.decoder.attention_weights[0].asnumpy()
                numpy.testing.assert_allclose(weights, wanted, **TOLERANCE)


@pytest.mark.parametrize("name", ["book", "both-ways", "additive", "cosine"])
def test_greedy_translations_are_the_same(name: str) -> None:
    net, by = translator(name)
    X = numpy.random.randint(WORDS, size=(4, 5))
    lengths = numpy.array([5, 2, 1, 4])
    valid = np.array(lengths)
    own = net.decoder.init_state(net.encoder(np.array(X), valid), valid)
    arguments = net.decoder.step, net.decoder.select, own, [1] * 4, 2, 20
    expected = [list(found.tokens) for found in greedy_search(*arguments)]
    state, tokens = begun(by, X, lengths), numpy.ones((4, 1), "int64")
    texts: List[List[int]] = [[] for _ in range(4)]
    for _ in range(20):
        logits, state, _ = advanced(by, tokens, state)
        tokens = logits[:, -1].argmax(axis=1)[:, None]
        for text, [token] in zip(texts, tokens):
            text.append(int(token))
    ended = [text[: text.index(2)] if 2 in text else text for text in texts]
    assert ended == expected


def test_each_file_of_a_translator_has_its_own_vocabulary() -> None:
    _, by = translator("book")
    for ending, first in (("-encoder", "src_vocab 0"), ("-decoder", "tgt_vocab 0")):
        facts = by[ending].get_modelmeta().custom_metadata_map
        assert json.loads(facts["vocab"])[0] == first


def test_a_translator_s_files_have_the_same_stem() -> None:
    from d2l_rnn.export import to_onnx

    config = Seq2SeqConfig(**SIZES)
    net = build(config, WORDS, TARGET)
    initialize_seq2seq(net, 5, cpu())
    found = trained(net_of(config, drawn(net), WORDS, TARGET), WORDS, TARGET)
    files = to_onnx.export(found, Path("a") / "b.onnx").files
    assert [str(path) for path in files] == ["a/b-encoder.onnx", "a/b-decoder.onnx"]
