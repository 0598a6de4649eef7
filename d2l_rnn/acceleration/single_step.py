"""One time step of a Gluon recurrent layer, its equations written out as a graph.

The fused operator prepares its weights anew at every call, which a minibatch of 35
steps repays and a single step does not: generating text, nine tenths of the time went
there. Cell by cell, one step takes an eighth (``lstm`` 256) to a fifth of that.
Greedy generation puts many of them into one graph (:mod:`.greedy`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import List, Tuple

from mxnet import symbol

from ..protocols import Tensor
from .greedy import unroll
from .recognise import Architecture
from .tracing import Graph, static_graph, variable

_NUM_GATES = {"rnn_relu": 1, "rnn_tanh": 1, "gru": 3, "lstm": 4}

fully_connected = symbol.numpy_extension.fully_connected
activation = symbol.numpy_extension.activation


def cell(
    mode: str,
    X: Tensor,
    state: List[Tensor],
    params: List[Tensor],
    num_hiddens: int,
) -> List[Tensor]:
    """A step of Gluon's cells; ``a`` of the inputs and ``b`` of the state are affine::

        a = X W_x + b_x,   b = H W_h + b_h
        rnn:   H' = relu(a + b) or tanh(a + b)
        gru:   r = sigmoid(a_r + b_r),  z = sigmoid(a_z + b_z)
               n = tanh(a_n + r * b_n),  H' = (1 - z) * n + z * H
        lstm:  i, f, o = sigmoid(a + b),  g = tanh(a_g + b_g)
               C' = f * C + i * g,  H' = o * tanh(C')

    Parameters
    ----------
    mode : {'rnn_relu', 'rnn_tanh', 'gru', 'lstm'}
    X : symbol, shape (batch_size, num_inputs)
    state : H, and C of an LSTM, each (batch_size, num_hiddens)
    params : W_x, W_h, b_x, b_h
        (gates * num_hiddens, num_inputs), (gates * num_hiddens, num_hiddens) and twice
        (gates * num_hiddens,): gates r z n, and i f g o.
    num_hiddens : int

    Returns
    -------
    list of symbol
        The new state.
    """
    W_x, W_h, b_x, b_h = params
    size, H = _NUM_GATES[mode] * num_hiddens, state[0]
    a = fully_connected(X, W_x, b_x, num_hidden=size, flatten=False)
    b = fully_connected(H, W_h, b_h, num_hidden=size, flatten=False)
    if mode == "gru":
        a_r, a_z, a_n = _columns(a, 3, num_hiddens)
        b_r, b_z, b_n = _columns(b, 3, num_hiddens)
        r, z = (activation(s, act_type="sigmoid") for s in (a_r + b_r, a_z + b_z))
        n = activation(a_n + r * b_n, act_type="tanh")
        return [(1 - z) * n + z * H]
    if mode == "lstm":
        gates = _columns(a + b, 4, num_hiddens)
        i, f, o = (activation(gates[k], act_type="sigmoid") for k in (0, 1, 3))
        C = f * state[1] + i * activation(gates[2], act_type="tanh")
        return [o * activation(C, act_type="tanh"), C]
    return [activation(a + b, act_type=mode[len("rnn_") :])]


@lru_cache(maxsize=32)
def graph(model: Architecture, greedy: bool) -> Graph:
    """``(X, *state, *parameters) -> [result, *state]`` of one token, or of a block.

    Parameters
    ----------
    model : Architecture
    greedy : bool
        False: one step, whose result are the logits (batch_size, units). True: a block
        of steps, each fed with the likeliest token of the one before; the result are
        these tokens, (BLOCK, batch_size), and the state is that before the last.

    Returns
    -------
    callable
        X is (batch_size, 1); states (num_layers * directions, batch_size,
        num_hiddens); the parameters come in the fused operator's order, all weights,
        then all biases, then weight and bias of the output layer.
    """
    directions = model.directions
    cells = model.num_layers * directions
    X = variable("X")
    state = [variable(f"state{k}") for k in range(model.num_states)]
    params = [variable(f"param{k}") for k in range(4 * cells + 2)]
    weights, biases, output = params[: 2 * cells], params[2 * cells : -2], params[-2:]

    def step(
        token: Tensor, begin: List[List[Tensor]]
    ) -> Tuple[Tensor, List[List[Tensor]]]:
        """Logits (batch_size, units) after ``token`` (batch_size,), and states."""
        end: List[List[Tensor]] = []
        # (batch_size, vocab_size)
        inputs = symbol.numpy_extension.one_hot(token, model.vocab_size)
        for k, before in enumerate(begin):
            own = weights[2 * k : 2 * k + 2] + biases[2 * k : 2 * k + 2]
            end.append(cell(model.mode, inputs, before, own, model.num_hiddens))
            if (k + 1) % directions == 0:  # both directions of a layer are done
                hiddens = [hidden for hidden, *_ in end[-directions:]]
                # (batch_size, directions * num_hiddens)
                inputs = symbol.numpy.concatenate(hiddens, axis=1)
        logits = fully_connected(inputs, *output, num_hidden=model.units, flatten=False)
        return logits, end

    # For each cell a list of its states, each (batch_size, num_hiddens)
    begin = [list(own) for own in zip(*(_rows(whole, cells) for whole in state))]
    token = X.reshape(-1)
    result, end = unroll(step, token, begin) if greedy else step(token, begin)
    # Each (num_layers * directions, batch_size, num_hiddens)
    new_state = [symbol.numpy.stack(kind) for kind in zip(*end)]
    return static_graph([result, *new_state], [X, *state, *params])


def _columns(X: Tensor, number: int, width: int) -> List[Tensor]:
    """``number`` blocks of ``width`` columns; ``split`` takes several times as long."""
    starts = range(0, number * width, width)
    cut = symbol.numpy_extension.slice
    return [cut(X, begin=(None, k), end=(None, k + width)) for k in starts]


def _rows(whole: Tensor, number: int) -> List[Tensor]:
    """The ``number`` entries along the first axis, without that axis."""
    if number == 1:
        return [symbol.numpy.squeeze(whole, axis=0)]
    parts = symbol.numpy.split(whole, number, axis=0)
    return [symbol.numpy.squeeze(part, axis=0) for part in parts]
