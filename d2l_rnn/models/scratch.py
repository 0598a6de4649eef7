"""Recurrent layers from scratch: their equations written out (Sections 8.4, 9.1, 9.2).

A layer turns inputs into hidden states; ``scratch_stacks`` puts layers together and an
output product on top.

Inputs and hidden states are sequences of ``num_steps`` matrices, one row an example of
the minibatch. An array (num_steps, batch_size, num_inputs) is such a sequence too;
lists spare cutting it apart and, in the backward pass, glueing the gradient together.
"""

from __future__ import annotations

from functools import partial
from typing import Callable, List, NamedTuple, Protocol, Sequence, Tuple

from mxnet import np

from ..protocols import Array, Device, Shape, TensorT
from .scratch_operators import (
    Steps,
    join_steps,
    linear,
    product,
    sigmoid,
    split_steps,
    tanh,
)

State = Tuple[TensorT, ...]


class Forward(Protocol):
    """``(inputs, state, params) -> (hiddens, state)`` of a layer."""

    def __call__(
        self,
        inputs: Steps[TensorT],
        state: Sequence[TensorT],
        params: Sequence[TensorT],
    ) -> Tuple[Steps[TensorT], State[TensorT]]: ...


class Layer(NamedTuple):
    """A recurrent layer.

    Attributes
    ----------
    get_params : callable
        ``(num_inputs, num_hiddens, device) -> params``, a list of arrays with
        gradients attached.
    init_state : callable
        ``(batch_size, num_hiddens, device) -> state``, a tuple of zeros, each
        (batch_size, num_hiddens).
    forward : callable
        ``(inputs, state, params) -> (hiddens, state)``; ``hiddens`` is a list of
        ``num_steps`` arrays (batch_size, num_directions * num_hiddens).
    num_directions : int
        2 where a backward pass stands beside the forward one.
    """

    get_params: Callable[[int, int, Device], List[Array]]
    init_state: Callable[[int, int, Device], State[Array]]
    forward: Forward
    num_directions: int = 1


def normal(shape: Shape, device: Device) -> Array:
    """Weights as the book draws them: Normal(0, 0.01)."""
    weights: Array = np.random.normal(scale=0.01, size=shape, ctx=device)
    return weights


def with_gradients(params: List[Array]) -> List[Array]:
    """Attach a gradient to each, and give them back."""
    for param in params:
        param.attach_grad()
    return params


def _gate_params(
    num_gates: int, num_inputs: int, num_hiddens: int, device: Device
) -> List[Array]:
    """``W_x, W_h, b`` of every gate: Normal(0, 0.01) weights, zero biases."""
    params = []
    for _ in range(num_gates):
        params += [
            normal((num_inputs, num_hiddens), device),
            normal((num_hiddens, num_hiddens), device),
            np.zeros(num_hiddens, ctx=device),
        ]
    return with_gradients(params)


def _zero_state(
    num_arrays: int, batch_size: int, num_hiddens: int, device: Device
) -> State[Array]:
    shape = (batch_size, num_hiddens)
    return tuple(np.zeros(shape, ctx=device) for _ in range(num_arrays))


def parts(arrays: Sequence[TensorT], num_parts: int) -> List[Sequence[TensorT]]:
    """Cut a list into equal runs: one a layer, or one a direction."""
    size = len(arrays) // num_parts
    return [arrays[k * size : (k + 1) * size] for k in range(num_parts)]


#: Some gates' parts of ``X_t W_x + H_{t-1} W_h + b``. For each step the gates'
#: ``X_t W_x + b``, each (batch_size, num_hiddens): a gate's are one product over all
#: steps, they wait for no hidden state. And for each gate its map ``H -> H W_h``.
_Gates = Tuple[List[Tuple[TensorT, ...]], List[Callable[[TensorT], TensorT]]]


def _gates(
    inputs: Steps[TensorT], params: Sequence[TensorT], num_gates: int
) -> _Gates[TensorT]:
    """The gates with parameters ``W_x, W_h, b`` each, over a sequence."""
    X, num_steps = join_steps(inputs), len(inputs)
    gates = parts(params, num_gates)
    from_inputs = [split_steps(linear(X, W_x.T, b), num_steps) for W_x, _, b in gates]
    return list(zip(*from_inputs)), [product(W_h) for _, W_h, _ in gates]


def rnn_layer(
    inputs: Steps[TensorT], state: Sequence[TensorT], params: Sequence[TensorT]
) -> Tuple[List[TensorT], State[TensorT]]:
    """Elman's recurrent layer (book Section 8.4)::

        H_t = tanh(X_t W_xh + H_{t-1} W_hh + b_h)

    Parameters
    ----------
    inputs : sequence of num_steps arrays, each (batch_size, num_inputs)
    state : H, (batch_size, num_hiddens)
    params : W_xh, W_hh, b_h
        (num_inputs, num_hiddens), (num_hiddens, num_hiddens), (num_hiddens,).

    Returns
    -------
    hiddens : list of num_steps arrays, each (batch_size, num_hiddens)
    state : tuple of H after the last step
    """
    from_inputs, (hidden,) = _gates(inputs, params, 1)
    (H,) = state
    hiddens = []
    for (X,) in from_inputs:
        H = tanh(X + hidden(H))
        hiddens.append(H)
    return hiddens, (H,)


def gru_layer(
    inputs: Steps[TensorT], state: Sequence[TensorT], params: Sequence[TensorT]
) -> Tuple[List[TensorT], State[TensorT]]:
    """Gated recurrent units (book Section 9.1)::

        Z_t = sigmoid(X_t W_xz + H_{t-1} W_hz + b_z)                update gate
        R_t = sigmoid(X_t W_xr + H_{t-1} W_hr + b_r)                reset gate
        H~_t = tanh(X_t W_xh + (R_t * H_{t-1}) W_hh + b_h)
        H_t = Z_t * H_{t-1} + (1 - Z_t) * H~_t

    Gluon's and cuDNN's GRU is another: it resets *after* the product, ``H~_t =
    tanh(X_t W_xh + b_xh + R_t * (H_{t-1} W_hh + b_hh))``. Given the same weights the
    two differ.

    Parameters
    ----------
    inputs : sequence of num_steps arrays, each (batch_size, num_inputs)
    state : H, (batch_size, num_hiddens)
    params : W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h
        As in :func:`rnn_layer`.

    Returns
    -------
    hiddens : list of num_steps arrays, each (batch_size, num_hiddens)
    state : tuple of H after the last step
    """
    from_inputs, (update, reset, candidate) = _gates(inputs, params, 3)
    (H,) = state
    hiddens = []
    for X_z, X_r, X_h in from_inputs:
        Z = sigmoid(X_z + update(H))
        R = sigmoid(X_r + reset(H))
        H_tilda = tanh(X_h + candidate(R * H))
        H = Z * H + (1 - Z) * H_tilda
        hiddens.append(H)
    return hiddens, (H,)


def lstm_layer(
    inputs: Steps[TensorT], state: Sequence[TensorT], params: Sequence[TensorT]
) -> Tuple[List[TensorT], State[TensorT]]:
    """Long short-term memory (book Section 9.2)::

        i_t = sigmoid(X_t W_xi + H_{t-1} W_hi + b_i)                input gate
        f_t = sigmoid(X_t W_xf + H_{t-1} W_hf + b_f)                forget gate
        o_t = sigmoid(X_t W_xo + H_{t-1} W_ho + b_o)                output gate
        C~_t = tanh(X_t W_xc + H_{t-1} W_hc + b_c)
        C_t = f_t * C_{t-1} + i_t * C~_t
        H_t = o_t * tanh(C_t)

    Parameters
    ----------
    inputs : sequence of num_steps arrays, each (batch_size, num_inputs)
    state : H, C, each (batch_size, num_hiddens)
    params : W_xi, W_hi, b_i, W_xf, W_hf, b_f, W_xo, W_ho, b_o, W_xc, W_hc, b_c
        As in :func:`rnn_layer`. The gates come in the book's order, i f o c.

    Returns
    -------
    hiddens : list of num_steps arrays, each (batch_size, num_hiddens)
    state : tuple of H, C after the last step
    """
    from_inputs, hidden = _gates(inputs, params, 4)
    input_gate, forget_gate, output_gate, candidate = hidden
    H, C = state
    hiddens = []
    for X_i, X_f, X_o, X_c in from_inputs:
        i = sigmoid(X_i + input_gate(H))
        f = sigmoid(X_f + forget_gate(H))
        o = sigmoid(X_o + output_gate(H))
        C_tilda = tanh(X_c + candidate(H))
        C = f * C + i * C_tilda
        H = o * tanh(C)
        hiddens.append(H)
    return hiddens, (H, C)


def lstm_peephole_layer(
    inputs: Steps[TensorT], state: Sequence[TensorT], params: Sequence[TensorT]
) -> Tuple[List[TensorT], State[TensorT]]:
    """LSTM whose gates also see the memory cell, through diagonal weights::

        i_t = sigmoid(X_t W_xi + H_{t-1} W_hi + p_i * C_{t-1} + b_i)
        f_t = sigmoid(X_t W_xf + H_{t-1} W_hf + p_f * C_{t-1} + b_f)
        C_t = f_t * C_{t-1} + i_t * C~_t                            C~ as in lstm_layer
        o_t = sigmoid(X_t W_xo + H_{t-1} W_ho + p_o * C_t + b_o)
        H_t = o_t * tanh(C_t)

    Input and forget gate see the cell before the step, the output gate the cell after
    it (Gers and Schmidhuber, Recurrent nets that time and count, 2000).

    Parameters
    ----------
    inputs, state
        As in :func:`lstm_layer`.
    params : the twelve of :func:`lstm_layer`, then p_i, p_f, p_o
        Each peephole (num_hiddens,).

    Returns
    -------
    hiddens, state
        As in :func:`lstm_layer`.
    """
    *weights, p_i, p_f, p_o = params
    from_inputs, hidden = _gates(inputs, weights, 4)
    input_gate, forget_gate, output_gate, candidate = hidden
    H, C = state
    hiddens = []
    for X_i, X_f, X_o, X_c in from_inputs:
        i = sigmoid(X_i + input_gate(H) + p_i * C)
        f = sigmoid(X_f + forget_gate(H) + p_f * C)
        C_tilda = tanh(X_c + candidate(H))
        C = f * C + i * C_tilda
        o = sigmoid(X_o + output_gate(H) + p_o * C)
        H = o * tanh(C)
        hiddens.append(H)
    return hiddens, (H, C)


def _lstm_peephole_params(
    num_inputs: int, num_hiddens: int, device: Device
) -> List[Array]:
    peepholes = [normal((num_hiddens,), device) for _ in range(3)]
    weights = _gate_params(4, num_inputs, num_hiddens, device)
    return weights + with_gradients(peepholes)


RNN = Layer(partial(_gate_params, 1), partial(_zero_state, 1), rnn_layer)
GRU = Layer(partial(_gate_params, 3), partial(_zero_state, 1), gru_layer)
LSTM = Layer(partial(_gate_params, 4), partial(_zero_state, 2), lstm_layer)
LSTM_PEEPHOLE = Layer(
    _lstm_peephole_params, partial(_zero_state, 2), lstm_peephole_layer
)
