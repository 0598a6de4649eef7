"""Layers out of a checkpoint's arrays, each array of the shape that it has to have."""

from __future__ import annotations

from typing import Dict, List, Tuple

import numpy as np

from ..arrays import Floats
from ..protocols import Arrays
from .nets import Dense, Stack, Weights

#: Gates of a layer of each kind.
NUM_GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}


def taken(arrays: Arrays, name: str, *shape: int, dtype: str = "float32") -> Floats:
    """An array of a checkpoint, of the shape that its net has.

    Raises
    ------
    ValueError
        If there is none of that name, or it has another shape.
    """
    found = arrays.get(name)
    if found is None:
        raise ValueError(f"no array {name}")
    if found.shape != shape:
        raise ValueError(f"array {name} has the shape {found.shape}, not {shape}")
    return np.ascontiguousarray(found, dtype=dtype)


def dense_of(arrays: Arrays, name: str, num_outputs: int, num_inputs: int) -> Dense:
    """A dense layer of Gluon's."""
    return Dense(
        taken(arrays, f"{name}.weight", num_outputs, num_inputs),
        taken(arrays, f"{name}.bias", num_outputs),
    )


def stack_of_gluon(
    arrays: Arrays,
    name: str,
    cell: str,
    num_inputs: int,
    num_hiddens: int,
    num_layers: int = 1,
    num_directions: int = 1,
) -> Stack:
    """The layers of a Gluon recurrent layer, by the names that checkpoints have."""
    layers, rows = [], NUM_GATES[cell] * num_hiddens
    for number in range(num_layers):
        directions = []
        for letter in "lr"[:num_directions]:
            start = f"{name}.{letter}{number}_"
            directions.append(
                Weights(
                    taken(arrays, f"{start}i2h_weight", rows, num_inputs),
                    taken(arrays, f"{start}h2h_weight", rows, num_hiddens),
                    taken(arrays, f"{start}i2h_bias", rows),
                    taken(arrays, f"{start}h2h_bias", rows),
                )
            )
        layers.append(directions)
        num_inputs = num_directions * num_hiddens
    return Stack(cell, layers)


# For each kind from scratch: Gluon's word, and where its gates stand in Gluon's order.
_SCRATCH: Dict[str, Tuple[str, Tuple[int, ...]]] = {
    "rnn": ("rnn_tanh", (0,)),
    "gru": ("gru", (1, 0, 2)),  # z r h
    "lstm": ("lstm", (0, 1, 3, 2)),  # i f o c
    "lstm-peephole": ("lstm", (0, 1, 3, 2)),
}


def stack_of_scratch(
    arrays: Arrays,
    kind: str,
    num_inputs: int,
    num_hiddens: int,
    num_layers: int = 1,
    num_directions: int = 1,
) -> Tuple[Stack, int]:
    """The layers of a net from scratch, and how many of its ``params`` they are.

    Parameters
    ----------
    arrays : mapping of str to numpy.ndarray
        ``params.0``, ``params.1``, ... as :mod:`d2l_rnn.models.scratch` has them: layer
        by layer and direction by direction ``W_x, W_h, b`` of each gate in the book's
        order, an LSTM's peepholes behind them.
    kind : "rnn", "gru", "lstm" or "lstm-peephole"
    num_inputs, num_hiddens, num_layers, num_directions : int
    """
    cell, order = _SCRATCH[kind]
    count, h = 0, num_hiddens

    def following(*shape: int) -> Floats:
        nonlocal count
        count += 1
        return taken(arrays, f"params.{count - 1}", *shape)

    layers: List[List[Weights]] = []
    for _ in range(num_layers):
        directions = []
        for _ in range(num_directions):
            gates = [
                (following(num_inputs, h), following(h, h), following(h)) for _ in order
            ]
            W_x, W_h, b = zip(*(gates[k] for k in order))
            peepholes = None
            if kind == "lstm-peephole":
                peepholes = np.stack([following(h) for _ in range(3)])
            bias = np.concatenate(b)
            directions.append(
                Weights(
                    np.concatenate([W.T for W in W_x]),
                    np.concatenate([W.T for W in W_h]),
                    bias,
                    np.zeros_like(bias),
                    peepholes,
                )
            )
        layers.append(directions)
        num_inputs = num_directions * h
    return Stack(cell, layers, reset_after=False), count
