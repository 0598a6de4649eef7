"""One time step of a Gluon recurrent layer, its equations written out as a graph.

The fused operator prepares its weights anew at every call, which a minibatch of 35
steps repays and a single step does not: generating text, nine tenths of the time went
there. Cell by cell, one step takes an eighth (``lstm`` 256) to a fifth of that.
"""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

from mxnet import autograd, gluon, np, symbol
from mxnet.gluon import rnn

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
        a_r, a_z, a_n = symbol.numpy.split(a, 3, axis=1)
        b_r, b_z, b_n = symbol.numpy.split(b, 3, axis=1)
        r, z = (activation(s, act_type="sigmoid") for s in (a_r + b_r, a_z + b_z))
        n = activation(a_n + r * b_n, act_type="tanh")
        return [(1 - z) * n + z * H]
    if mode == "lstm":
        gates = symbol.numpy.split(a + b, 4, axis=1)
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
        self._graph: Optional[Any] = None

    def ready(self) -> bool:
        """Whether all parameters have arrays by now."""
        return all(parameter._data is not None for parameter in self._parameters)

    def __call__(self, inputs: Any, state: List[Any]) -> Tuple[Any, List[Any]]:
        """``(inputs, state) -> (logits, state)`` as of ``RNNModel``, of one step."""
        if self._graph is None:
            self._graph = self._trace()
        arrays = [parameter.data() for parameter in self._parameters]
        X = inputs.astype("float32", copy=False)
        logits, *new_state = self._graph(X, *state, *arrays)
        return logits, new_state

    def _trace(self) -> Any:
        layer, num_hiddens = self._layer, self._layer._hidden_size
        cells = layer._num_layers * layer._dir

        def variable(name: str) -> Any:
            return symbol.var(name, dtype="float32").as_np_ndarray()

        inputs = variable("inputs")
        state = [
            variable(f"state{k}") for k in range(2 if layer._mode == "lstm" else 1)
        ]
        params = [variable(f"param{k}") for k in range(len(self._parameters))]
        weights, biases = params[: 2 * cells], params[2 * cells : 4 * cells]
        # A list for each kind of state: for each cell (batch_size, num_hiddens)
        begin = [_rows(whole, cells) for whole in state]
        end = []
        # (batch_size, vocab_size)
        X = symbol.numpy_extension.one_hot(inputs.reshape(-1), self._vocab_size)
        for k in range(cells):
            own = weights[2 * k : 2 * k + 2] + biases[2 * k : 2 * k + 2]
            end.append(cell(layer._mode, X, [b[k] for b in begin], own, num_hiddens))
            if (k + 1) % layer._dir == 0:  # both directions of a layer are done
                hiddens = [hidden for hidden, *_ in end[-layer._dir :]]
                # (batch_size, directions * num_hiddens)
                X = symbol.numpy.concatenate(hiddens, axis=1)
        logits = fully_connected(
            X, *params[-2:], num_hidden=self._vocab_size, flatten=False
        )
        # Each (num_layers * directions, batch_size, num_hiddens)
        new_state = [symbol.numpy.stack(kind) for kind in zip(*end)]
        graph = gluon.SymbolBlock([logits, *new_state], [inputs, *state, *params])
        graph.hybridize(static_alloc=True, static_shape=True)
        return graph


def _rows(whole: Any, number: int) -> List[Any]:
    """The ``number`` entries along the first axis, without that axis."""
    if number == 1:
        return [symbol.numpy.squeeze(whole, axis=0)]
    parts = symbol.numpy.split(whole, number, axis=0)
    return [symbol.numpy.squeeze(part, axis=0) for part in parts]
