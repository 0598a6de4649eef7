"""Recurrent layers, products and attention as nodes of an ONNX graph.

Inside a graph sequences are time-major, (length, batch, ...), as the recurrent nodes
take them.
"""

from __future__ import annotations

import math
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Floats
from ..inference.translation_network import Design
from .nets import Dense, Stack, Weights
from .onnx_graph import Graph

# Gluon's gates, i f g o and r z n, in ONNX's order, i o f c and z r h.
_ORDER = {"lstm": [0, 3, 1, 2], "gru": [1, 0, 2], "rnn_tanh": [0], "rnn_relu": [0]}
_OPERATORS = {"lstm": "LSTM", "gru": "GRU", "rnn_tanh": "RNN", "rnn_relu": "RNN"}
_MASKED_SCORE = -1e6  # as in models.attention: its exponential is exactly 0
_EPSILON = 1e-12


def embedded(graph: Graph, tokens: str, table: Optional[Floats], size: int) -> str:
    """Tokens (batch, length) as rows of a table, or one-hot: (length, batch, size)."""
    moved = graph("Transpose", tokens, perm=[1, 0])
    if table is not None:
        return graph("Gather", graph.constant(table), moved, axis=0)
    depth, values = graph.integers(size), graph.constant([0.0, 1.0])
    return graph("OneHot", moved, depth, values, axis=-1)


def dense(graph: Graph, X: str, layer: Dense) -> str:
    """``X weight^T + bias`` along the last axis."""
    product = graph("MatMul", X, graph.constant(layer.weight.T))
    return graph("Add", product, graph.constant(layer.bias))


def recurrent(
    graph: Graph,
    stack: Stack,
    X: str,
    begin: Optional[Sequence[Sequence[str]]] = None,
    lengths: str = "",
    backwards: bool = False,
) -> Tuple[str, List[List[str]]]:
    """A stack of layers, one node each.

    Parameters
    ----------
    graph : Graph
    stack : Stack
    X : str
        (length, batch, num_inputs).
    begin : sequence of sequences of str, optional
        For each layer H, and C of an LSTM, each (num_directions, batch, num_hiddens);
        zeros where there is none.
    lengths : str
        int32 (batch,): where each sequence ends; empty: at the last step.
    backwards : bool
        Whether a stack of one direction reads from the end.

    Returns
    -------
    outputs : str
        (length, batch, num_directions * num_hiddens).
    states : list of lists of str
        After the last step, as ``begin``.
    """
    states = []
    for number, directions in enumerate(stack.layers):
        attributes = _attributes(stack, backwards)
        inputs = [X, *_weights(graph, stack, directions), lengths]
        inputs += begin[number] if begin else [""] * stack.num_states
        if stack.has_peepholes:
            inputs.append(graph.constant([_peepholes(w) for w in directions]))
        while not inputs[-1]:
            inputs.pop()
        operator, count = _OPERATORS[stack.cell], 1 + stack.num_states
        Y, *state = graph.several(count, operator, *inputs, **attributes)
        # (length, num_directions, batch, num_hiddens) -> (length, batch, ...)
        moved = graph("Transpose", Y, perm=[0, 2, 1, 3])
        X = graph("Reshape", moved, graph.integers(0, 0, -1))
        states.append(state)
    return X, states


def _attributes(stack: Stack, backwards: bool) -> Mapping[str, object]:
    both = stack.num_directions == 2
    found: Dict[str, object] = {
        "hidden_size": stack.num_hiddens,
        "direction": "bidirectional" if both else "reverse" if backwards else "forward",
    }
    if stack.cell == "gru":
        found["linear_before_reset"] = int(stack.reset_after)
    if stack.cell.startswith("rnn"):
        activation = "Tanh" if stack.cell == "rnn_tanh" else "Relu"
        found["activations"] = [activation] * stack.num_directions
    return found


def _weights(
    graph: Graph, stack: Stack, directions: Sequence[Weights]
) -> Tuple[str, str, str]:
    """``W``, ``R`` and ``B`` of a node, a direction each along the first axis."""
    order = _ORDER[stack.cell]

    def ordered(array: Floats) -> Floats:
        gates = np.split(array, len(order))
        return np.concatenate([gates[k] for k in order])

    W = np.stack([ordered(w.W_x) for w in directions])
    R = np.stack([ordered(w.W_h) for w in directions])
    B = np.stack([np.concatenate([ordered(w.b_x), ordered(w.b_h)]) for w in directions])
    return graph.constant(W), graph.constant(R), graph.constant(B)


def _peepholes(weights: Weights) -> Floats:
    assert weights.peepholes is not None
    p_i, p_f, p_o = weights.peepholes
    return np.concatenate([p_i, p_o, p_f])


def attended(
    graph: Graph,
    design: Design,
    arrays: Mapping[str, Floats],
    query: str,
    values: str,
    lengths: str,
    num_hiddens: int,
) -> Tuple[str, str]:
    """Where a query looks: see :class:`d2l_rnn.inference.attention_scores.Attention`.

    Parameters
    ----------
    graph : Graph
    design : Design
    arrays : mapping of str to numpy.ndarray
        Of the score.
    query : str
        (batch, num_hiddens).
    values : str
        (batch, num_keys, num_hiddens); the keys, too.
    lengths : str
        int64 (batch,): how many of the keys count.
    num_hiddens : int

    Returns
    -------
    context, weights : str
        (batch, 1, num_hiddens) and (batch, 1, num_keys).
    """
    scores = _scores(graph, design.score, arrays, query, values)
    if design.score == "dot":
        scores = graph("Div", scores, graph.constant(math.sqrt(num_hiddens)))
    zero, one = (graph.constant(number, "int64") for number in (0, 1))
    num_keys = graph("Squeeze", graph("Shape", values, start=1, end=2))
    positions = graph("Range", zero, num_keys, one)
    # (batch, num_keys)
    valid = graph("Less", positions, graph("Unsqueeze", lengths, graph.integers(1)))
    masked = _MASKED_SCORE if design.normalise else 0.0
    weights = graph("Where", valid, scores, graph.constant(masked))
    if design.normalise:
        weights = graph("Softmax", weights, axis=-1)
    weights = graph("Unsqueeze", weights, graph.integers(1))
    return graph("MatMul", weights, values), weights


def _scores(
    graph: Graph, score: str, arrays: Mapping[str, Floats], query: str, values: str
) -> str:
    """Of each key, (batch, num_keys)."""
    last = graph.integers(-1)
    if score == "additive":
        W_q, W_k = (graph.constant(arrays[f"W_{k}.weight"].T) for k in "qk")
        asked = graph("Unsqueeze", graph("MatMul", query, W_q), graph.integers(1))
        features = graph("Tanh", graph("Add", graph("MatMul", values, W_k), asked))
        w_v = graph.constant(arrays["w_v.weight"].T)
        return graph("Squeeze", graph("MatMul", features, w_v), last)
    keys = values
    if score == "bilinear":
        keys = graph("MatMul", values, graph.constant(arrays["W.weight"].T))
    if score == "cosine":
        keys, query = _unit(graph, values), _unit(graph, query)
    # (batch, num_hiddens, 1)
    column = graph("Unsqueeze", query, last)
    scores = graph("Squeeze", graph("MatMul", keys, column), last)
    if score == "cosine":
        sharpness = np.exp(arrays["sharpen.log_sharpness"]).item()
        return graph("Mul", scores, graph.constant(sharpness))
    return scores


def _unit(graph: Graph, X: str) -> str:
    """``X / sqrt(sum X^2 + epsilon)`` along the last axis."""
    squares = graph("ReduceSum", graph("Mul", X, X), graph.integers(-1), keepdims=1)
    norm = graph("Sqrt", graph("Add", squares, graph.constant(_EPSILON)))
    return graph("Div", X, norm)
