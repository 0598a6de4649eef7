"""One time step of a Gluon recurrent layer, its equations written out as a graph.

The fused operator prepares its weights anew at every call, which a minibatch of 35
steps repays and a single step does not: generating text, nine tenths of the time went
there. Cell by cell, one step takes an eighth (``lstm`` 256) to a fifth of that.
Greedy generation puts many of them into one graph (:mod:`.greedy`).
"""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, List, Tuple

from mxnet import autograd, np, symbol
from mxnet.gluon import rnn

from .greedy import unroll
from .tracing import static_graph, variable

_NUM_GATES = {"rnn_relu": 1, "rnn_tanh": 1, "gru": 3, "lstm": 4}

fully_connected = symbol.numpy_extension.fully_connected
activation = symbol.numpy_extension.activation


def applies(layer: Any, inputs: Any) -> bool:
    """Whether a call is a single step that nothing is to be learnt from, on a CPU.

    Parameters
    ----------
    layer : gluon.rnn.RNN, GRU or LSTM
    inputs : mxnet.np.ndarray or symbol, shape (batch_size, num_steps)
    """
    return (
        isinstance(inputs, np.ndarray)
        and inputs.shape[1] == 1
        and inputs.ctx.device_type == "cpu"
        and not autograd.is_recording()
        and not autograd.is_training()
        and isinstance(layer, (rnn.RNN, rnn.GRU, rnn.LSTM))
        and layer._dtype == "float32"
        and not layer._projection_size
        and layer._lstm_state_clip_min is None
        and layer._lstm_state_clip_max is None
        and not layer._use_sequence_length
    )


def cell(
    mode: str, X: Any, state: List[Any], params: List[Any], num_hiddens: int
) -> List[Any]:
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


class SingleStep:
    """The step of a language model as one static graph.

    Parameters
    ----------
    layer : gluon.rnn.RNN, GRU or LSTM
    dense : gluon.nn.Dense
    parameters : list of gluon.Parameter
        The layer's, in the fused operator's order (all weights, then all biases).
    vocab_size : int
    """

    def __init__(
        self, layer: Any, dense: Any, parameters: List[Any], vocab_size: int
    ) -> None:
        self._parameters = [*parameters, dense.weight, dense.bias]
        self._layer, self._vocab_size = layer, vocab_size
        self._graphs: Dict[bool, Any] = {}

    def ready(self) -> bool:
        """Whether all parameters have arrays by now."""
        return all(parameter._data is not None for parameter in self._parameters)

    def __call__(self, inputs: Any, state: List[Any]) -> Tuple[Any, List[Any]]:
        """``(inputs, state) -> (logits, state)`` as of ``RNNModel``, of one step."""
        return self._run(False, inputs, state)

    def greedy_block(self, token: Any, state: List[Any]) -> Tuple[Any, List[Any]]:
        """As ``RNNModel.greedy_block``."""
        return self._run(True, token, state)

    def _run(self, greedy: bool, inputs: Any, state: List[Any]) -> Any:
        if greedy not in self._graphs:
            self._graphs[greedy] = self._trace(greedy)
        arrays = [parameter.data() for parameter in self._parameters]
        X = inputs.astype("float32", copy=False)
        result, *new_state = self._graphs[greedy](X, *state, *arrays)
        return result, new_state

    def _trace(self, greedy: bool) -> Any:
        """The graph of one step, or of a block of them."""
        layer = self._layer
        cells = layer._num_layers * layer._dir
        inputs = variable("inputs")
        state = [
            variable(f"state{k}") for k in range(2 if layer._mode == "lstm" else 1)
        ]
        params = [variable(f"param{k}") for k in range(len(self._parameters))]
        step = partial(self._step, params)
        # For each cell a list of its states, each (batch_size, num_hiddens)
        begin = [list(own) for own in zip(*(_rows(whole, cells) for whole in state))]
        token = inputs.reshape(-1)
        result, end = (unroll if greedy else _once)(step, token, begin)
        # Each (num_layers * directions, batch_size, num_hiddens)
        new_state = [symbol.numpy.stack(kind) for kind in zip(*end)]
        return static_graph([result, *new_state], [inputs, *state, *params])

    def _step(
        self, params: List[Any], token: Any, begin: List[List[Any]]
    ) -> Tuple[Any, List[List[Any]]]:
        """Logits (batch_size, vocab_size) after ``token`` (batch_size,), and states."""
        layer, cells, end = self._layer, len(begin), []
        weights, biases = params[: 2 * cells], params[2 * cells : 4 * cells]
        # (batch_size, vocab_size)
        X = symbol.numpy_extension.one_hot(token, self._vocab_size)
        for k, state in enumerate(begin):
            own = weights[2 * k : 2 * k + 2] + biases[2 * k : 2 * k + 2]
            end.append(cell(layer._mode, X, state, own, layer._hidden_size))
            if (k + 1) % layer._dir == 0:  # both directions of a layer are done
                hiddens = [hidden for hidden, *_ in end[-layer._dir :]]
                # (batch_size, directions * num_hiddens)
                X = symbol.numpy.concatenate(hiddens, axis=1)
        logits = fully_connected(
            X, *params[-2:], num_hidden=self._vocab_size, flatten=False
        )
        return logits, end


def _once(step: Any, token: Any, state: Any) -> Any:
    return step(token, state)


def _columns(X: Any, number: int, width: int) -> List[Any]:
    """``number`` blocks of ``width`` columns; ``split`` takes several times as long."""
    starts = range(0, number * width, width)
    cut = symbol.numpy_extension.slice
    return [cut(X, begin=(None, k), end=(None, k + width)) for k in starts]


def _rows(whole: Any, number: int) -> List[Any]:
    """The ``number`` entries along the first axis, without that axis."""
    if number == 1:
        return [symbol.numpy.squeeze(whole, axis=0)]
    parts = symbol.numpy.split(whole, number, axis=0)
    return [symbol.numpy.squeeze(part, axis=0) for part in parts]
