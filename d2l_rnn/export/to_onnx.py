"""ONNX: ``tokens`` and ``state_0`` ... in, ``logits`` and ``next_state_0`` ... out.

Batch and length are open. One LSTM, GRU or RNN node a layer; a state goes in and comes
out, so that a text can be read in pieces. An encoder-decoder is two files: what the
encoder gives is what the decoder takes, under the same names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List, Sequence, Union

from onnx import TensorProto

from ..errors import UsageError
from .nets import (
    BothSidesNet,
    ClassifierNet,
    Dense,
    LanguageNet,
    Stack,
    Trained,
    TranslationNet,
)
from .onnx_graph import Graph, Shape
from .onnx_layers import attended, dense, embedded, recurrent
from .writing import Exported, with_suffix

SUFFIXES = (".onnx",)


def export(trained: Trained, path: Path) -> Exported:
    """The files of a net.

    Parameters
    ----------
    trained : Trained
    path : pathlib.Path
        ``NAME.onnx``; of two files ``NAME-encoder.onnx`` and ``NAME-decoder.onnx``.

    Raises
    ------
    UsageError
        If there is no such graph of the net, or it is larger than such a file can be.
    """
    net = trained.net
    if isinstance(net, TranslationNet):
        graphs = {"-encoder": _encoder(net), "-decoder": _decoder(net)}
    elif isinstance(net, LanguageNet):
        graphs = {"": _language_model(net)}
        if net.classes is not None:
            graphs = {"-encoder": _first_state(net), "-decoder": graphs[""]}
    elif isinstance(net, BothSidesNet):
        graphs = {"": _both_sides(net)}
    elif isinstance(net, ClassifierNet):
        graphs = {"": _classifier(net)}
    else:
        raise UsageError(
            f"--to onnx: {trained.experiment} is no network; numpy is accepted"
        )
    files: Dict[Path, bytes] = {}
    lines: List[str] = []
    for ending, graph in graphs.items():
        file = with_suffix(path, f"{ending}.onnx")
        files[file] = graph.model(_metadata(trained, ending))
        lines += [f"{file}:", *graph.described]
    return Exported(files, "\n".join(lines))


def _metadata(trained: Trained, ending: str) -> Dict[str, str]:
    """The facts, and the vocabularies as JSON; a file's own one is ``vocab``."""
    found = dict(trained.facts)
    side = {"-encoder": "src_vocab", "-decoder": "tgt_vocab"}.get(ending, "")
    for name, tokens in trained.vocabularies.items():
        if name.endswith("_vocab"):
            if name != side:
                continue
            name = "vocab"
        found[name] = json.dumps(list(tokens))
    return found


class _States:
    """A stack's state as inputs of a graph, and as its outputs.

    As our nets have them: H, and C of an LSTM, of all layers and directions one array
    each; or separately, a net from scratch's, layer by layer and direction by
    direction.
    """

    def __init__(self, graph: Graph, stack: Stack, separate: bool = False) -> None:
        self.graph, self.stack, self.separate = graph, stack, separate
        rows, number = len(stack.layers) * stack.num_directions, stack.num_states
        self.shape: Shape = (rows, "batch", stack.num_hiddens)
        if separate:
            self.shape, number = ("batch", stack.num_hiddens), rows * number
        self.inputs = [
            graph.input(f"state_{k}", "float32", self.shape) for k in range(number)
        ]

    def by_layer(self) -> List[List[str]]:
        """For each layer H and C, each (num_directions, batch, num_hiddens)."""
        graph, stack, kinds = self.graph, self.stack, self.stack.num_states
        num_layers, directions = len(stack.layers), stack.num_directions
        if not self.separate:
            sizes = [directions] * num_layers
            cut = [_split(graph, state, sizes) for state in self.inputs]
            return [list(layer) for layer in zip(*cut)]
        first = graph.integers(0)
        rows = [graph("Unsqueeze", state, first) for state in self.inputs]
        size = directions * kinds
        own = [rows[k * size : (k + 1) * size] for k in range(num_layers)]
        return [[joined(graph, layer[k::kinds]) for k in range(kinds)] for layer in own]

    def give_out(self, states: Sequence[Sequence[str]]) -> None:
        """What :func:`.onnx_layers.recurrent` gave, as outputs."""
        graph, found = self.graph, [joined(self.graph, kind) for kind in zip(*states)]
        if self.separate:
            sizes, found = [1] * self.stack.num_directions, []
            for layer in states:
                for own in zip(*[_split(graph, kind, sizes) for kind in layer]):
                    found += [graph("Squeeze", s, graph.integers(0)) for s in own]
        for number, value in enumerate(found):
            graph.output(value, f"next_state_{number}", self.shape)


def _split(graph: Graph, whole: str, sizes: Sequence[int]) -> List[str]:
    """Parts along the first axis."""
    if len(sizes) == 1:
        return [whole]
    return graph.several(len(sizes), "Split", whole, graph.integers(*sizes), axis=0)


def joined(graph: Graph, parts: Sequence[str]) -> str:
    """Several along their first axis; one as it is."""
    return parts[0] if len(parts) == 1 else graph("Concat", *parts, axis=0)


def _tokens(graph: Graph) -> str:
    return graph.input("tokens", "int64", ("batch", "length"))


def _lengths(graph: Graph) -> str:
    return graph.input("lengths", "int64", ("batch",))


def _logits(
    graph: Graph, Y: str, layer: Dense, length: Union[int, str] = "length"
) -> None:
    """From (length, batch, ...): scores (batch, length, num_outputs)."""
    moved = graph("Transpose", Y, perm=[1, 0, 2])
    shape = ("batch", length, len(layer.bias))
    graph.output(dense(graph, moved, layer), "logits", shape)


def _language_model(net: LanguageNet) -> Graph:
    graph = Graph("language_model")
    X = embedded(graph, _tokens(graph), net.embedding, net.stack.num_inputs)
    states = _States(graph, net.stack, net.separate_states)
    Y, after = recurrent(graph, net.stack, X, states.by_layer())
    _logits(graph, Y, net.dense)
    states.give_out(after)
    return graph


def _first_state(net: LanguageNet) -> Graph:
    """One to many: ``state_0`` of a label (models.shapes.LineGenerator)."""
    graph = Graph("first_state")
    labels = graph.input("labels", "int64", ("batch",))
    rows = graph("Gather", graph.constant(net.classes), labels, axis=0)
    state = graph("Unsqueeze", graph("Tanh", rows), graph.integers(0))
    graph.output(state, "state_0", (1, "batch", net.stack.num_hiddens))
    return graph


def _both_sides(net: BothSidesNet) -> Graph:
    graph = Graph("both_sides")
    size = net.forwards.num_inputs
    X = embedded(graph, _tokens(graph), net.embedding, size)
    states = _States(graph, net.forwards)
    begin = states.by_layer()
    F, after = recurrent(graph, net.forwards, X, begin)
    B, _ = recurrent(graph, net.backwards, X, backwards=True)
    if net.distance:
        # f_{t-1} and b_{t+1}: before the first token the upper layer's state, behind
        # the last one zeros.
        zero, one, end = (graph.integers(k) for k in (0, 1, 2**62))
        F = graph("Slice", F, zero, graph.integers(-1), zero)
        F = graph("Concat", begin[-1][0], F, axis=0)
        B = graph("Slice", B, one, end, zero)
        B = graph("Pad", B, graph.integers(0, 0, 0, 1, 0, 0))
    _logits(graph, graph("Concat", F, B, axis=2), net.dense)
    states.give_out(after)
    return graph


def _classifier(net: ClassifierNet) -> Graph:
    graph = Graph("classifier")
    X = embedded(graph, _tokens(graph), net.embedding, net.stack.num_inputs)
    lengths = graph("Cast", _lengths(graph), to=TensorProto.INT32)
    _, states = recurrent(graph, net.stack, X, lengths=lengths)
    last = graph("Squeeze", states[-1][0], graph.integers(0))
    graph.output(
        dense(graph, last, net.dense), "logits", ("batch", len(net.dense.bias))
    )
    return graph


def _encoder(net: TranslationNet) -> Graph:
    design, stack = net.design, net.encoder
    graph = Graph("encoder")
    tokens, lengths = _tokens(graph), ""
    X = embedded(graph, tokens, net.encoder_embedding, stack.num_inputs)
    if design.mask_padding:
        lengths = graph("Cast", _lengths(graph), to=TensorProto.INT32)
    Y, states = recurrent(graph, stack, X, lengths=lengths)
    kinds = [[_side_by_side(graph, stack, s) for s in kind] for kind in zip(*states)]
    num_hiddens = net.decoder.num_hiddens
    shape = (len(stack.layers), "batch", num_hiddens)
    for number, state in enumerate(_bridged(graph, kinds, design.bridge)):
        graph.output(state, f"state_{number}", shape)
    if design.score:
        values = graph("Transpose", Y, perm=[1, 0, 2])
        graph.output(values, "encoder_outputs", ("batch", "length", num_hiddens))
    elif not design.book_context:
        context = graph("Squeeze", kinds[0][-1], graph.integers(0))
        graph.output(context, "context", ("batch", num_hiddens))
    return graph


def _side_by_side(graph: Graph, stack: Stack, state: str) -> str:
    """(num_directions, batch, num_hiddens) becomes (1, batch, both together)."""
    if stack.num_directions == 1:
        return state
    moved = graph("Transpose", state, perm=[1, 0, 2])
    wide = graph("Reshape", moved, graph.integers(0, -1))
    return graph("Unsqueeze", wide, graph.integers(0))


def _bridged(graph: Graph, kinds: Sequence[Sequence[str]], bridge: str) -> List[str]:
    """What the decoder begins with: see :func:`d2l_rnn.models.seq2seq.bridge_state`."""
    H, *C = [joined(graph, kind) for kind in kinds]
    if bridge == "state":
        return [H, *C]
    zeros = graph("ConstantOfShape", graph("Shape", H))  # float32 by default
    if bridge == "cell":
        return [zeros, *C]
    if bridge == "output":
        H = joined(graph, [kinds[0][-1]] * len(kinds[0]))
    return [H, *[zeros for _ in C]]


def _decoder(net: TranslationNet) -> Graph:
    design, stack = net.design, net.decoder
    num_hiddens = stack.num_hiddens
    graph = Graph("decoder")
    length: Union[int, str] = 1 if design.score else "length"
    tokens = graph.input("tokens", "int64", ("batch", length))
    X = embedded(graph, tokens, net.decoder_embedding, stack.num_inputs)
    states = _States(graph, stack)
    begin, weights = states.by_layer(), ""
    first = graph.integers(0)
    if design.score:
        shape = ("batch", "num_keys", num_hiddens)
        values = graph.input("encoder_outputs", "float32", shape)
        lengths = _lengths(graph)
        query = graph("Squeeze", begin[-1][0], first)
        context, weights = attended(
            graph, design, net.attention, query, values, lengths, num_hiddens
        )
        # (1, batch, num_hiddens), before the token
        moved = graph("Transpose", context, perm=[1, 0, 2])
        X = graph("Concat", moved, X, axis=2)
    else:
        if design.book_context:
            context = begin[-1][0]
        else:
            own = graph.input("context", "float32", ("batch", num_hiddens))
            context = graph("Unsqueeze", own, first)
        steps = graph("Shape", X, start=0, end=1)
        repeats = graph("Concat", steps, graph.integers(1, 1), axis=0)
        X = graph("Concat", X, graph("Expand", context, repeats), axis=2)
    Y, after = recurrent(graph, stack, X, begin)
    _logits(graph, Y, net.dense, length)
    states.give_out(after)
    if weights:
        graph.output(weights, "attention_weights", ("batch", 1, "num_keys"))
    return graph
