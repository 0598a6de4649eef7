"""Networks from scratch put together from layers: bidirectional, deep, with an output.

A *language model* is a layer with an output product on top, in the book's three
functions::

    get_params(vocab_size, num_hiddens, device) -> params
    init_state(batch_size, num_hiddens, device) -> state
    forward_fn(inputs, state, params) -> (logits, state)

``rnn``, ``gru``, ``lstm`` and their companions are the book's own (Sections 8.5, 9.1,
9.2). Any other is put together: ``language_model(deep(bidirectional(LSTM), 2))``.
"""

from __future__ import annotations

from typing import Callable, List, NamedTuple, Protocol, Sequence, Tuple

from mxnet import np

from ..protocols import Array, Device, TensorT
from .scratch import (
    GRU,
    LSTM,
    RNN,
    Layer,
    State,
    normal,
    parts,
    with_gradients,
)
from .scratch_operators import Steps, concatenate, join_steps, linear


class ForwardFn(Protocol):
    """``(inputs, state, params) -> (logits, state)`` of a language model."""

    def __call__(
        self,
        inputs: Steps[TensorT],
        state: Sequence[TensorT],
        params: Sequence[TensorT],
    ) -> Tuple[TensorT, State[TensorT]]: ...


class LanguageModel(NamedTuple):
    """The book's three functions of a language model, for ``RNNModelScratch``.

    Attributes
    ----------
    get_params : callable
        ``(vocab_size, num_hiddens, device) -> params``: the layer's, then W_hq, b_q.
    init_state : callable
        The layer's.
    forward_fn : callable
        ``(inputs, state, params) -> (logits, state)`` with inputs one-hot, (num_steps,
        batch_size, vocab_size), and logits (num_steps * batch_size, vocab_size).
    """

    get_params: Callable[[int, int, Device], List[Array]]
    init_state: Callable[[int, int, Device], State[Array]]
    forward_fn: ForwardFn


def bidirectional(layer: Layer) -> Layer:
    """Two passes of a layer, the second over the flipped input (book Section 9.4)::

        ->H_t = layer(X_t, ->H_{t-1}),   <-H_t = layer(X_t, <-H_{t+1})
        H_t = [->H_t, <-H_t]

    The parameters are those of the forward pass, then those of the backward pass; so
    is the state. The backward pass' state is the one that it ends with, at the first
    step.

    Parameters
    ----------
    layer : Layer
        Of one direction.

    Returns
    -------
    Layer
        Of two directions: its outputs are 2 * num_hiddens wide.
    """

    def get_params(num_inputs: int, num_hiddens: int, device: Device) -> List[Array]:
        one_way = layer.get_params(num_inputs, num_hiddens, device)
        return one_way + layer.get_params(num_inputs, num_hiddens, device)

    def init_state(batch_size: int, num_hiddens: int, device: Device) -> State[Array]:
        return 2 * layer.init_state(batch_size, num_hiddens, device)

    def forward(
        inputs: Steps[TensorT], state: Sequence[TensorT], params: Sequence[TensorT]
    ) -> Tuple[List[TensorT], State[TensorT]]:
        params_f, params_b = parts(params, 2)
        state_f, state_b = parts(state, 2)
        H_f, state_f = layer.forward(inputs, state_f, params_f)
        H_b, state_b = layer.forward(inputs[::-1], state_b, params_b)
        # num_steps times (batch_size, 2 * num_hiddens)
        H = [concatenate(pair, axis=1) for pair in zip(H_f, H_b[::-1])]
        return H, (*state_f, *state_b)

    return Layer(get_params, init_state, forward, num_directions=2)


def deep(layer: Layer, num_layers: int) -> Layer:
    """Layers of one kind on top of one another (book Section 9.3)::

        H^(0)_t = X_t,   H^(l)_t = layer(H^(l-1)_t, H^(l)_{t-1})

    Parameters and states come layer by layer, the lowest first.

    Parameters
    ----------
    layer : Layer
        Any, also a bidirectional one: then each layer sees both directions of the
        layer below, as in Gluon.
    num_layers : int

    Returns
    -------
    Layer
    """

    def get_params(num_inputs: int, num_hiddens: int, device: Device) -> List[Array]:
        params = layer.get_params(num_inputs, num_hiddens, device)
        width = layer.num_directions * num_hiddens
        for _ in range(num_layers - 1):
            params = params + layer.get_params(width, num_hiddens, device)
        return params

    def init_state(batch_size: int, num_hiddens: int, device: Device) -> State[Array]:
        return num_layers * layer.init_state(batch_size, num_hiddens, device)

    def forward(
        inputs: Steps[TensorT], state: Sequence[TensorT], params: Sequence[TensorT]
    ) -> Tuple[Steps[TensorT], State[TensorT]]:
        hiddens = inputs
        states: List[TensorT] = []
        for layer_state, layer_params in zip(
            parts(state, num_layers), parts(params, num_layers)
        ):
            hiddens, layer_state = layer.forward(hiddens, layer_state, layer_params)
            states.extend(layer_state)
        return hiddens, tuple(states)

    return Layer(get_params, init_state, forward, layer.num_directions)


def language_model(layer: Layer) -> LanguageModel:
    """A layer with an output product, ``logits_t = H_t W_hq + b_q`` (Section 8.5).

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    LanguageModel
        ``RNNModelScratch(vocab_size, num_hiddens, device, *language_model(layer))``
        is the network.
    """

    def get_params(vocab_size: int, num_hiddens: int, device: Device) -> List[Array]:
        width = layer.num_directions * num_hiddens
        params = layer.get_params(vocab_size, num_hiddens, device)
        W_hq = normal((width, vocab_size), device)
        return params + with_gradients([W_hq, np.zeros(vocab_size, ctx=device)])

    def forward_fn(
        inputs: Steps[TensorT], state: Sequence[TensorT], params: Sequence[TensorT]
    ) -> Tuple[TensorT, State[TensorT]]:
        """``(inputs, state, params) -> (logits, state)``, as in the book.

        inputs is one-hot, (num_steps, batch_size, vocab_size); params are the layer's,
        then W_hq and b_q; logits are (num_steps * batch_size, vocab_size).
        """
        *layer_params, W_hq, b_q = params
        hiddens, new_state = layer.forward(inputs, state, layer_params)
        # (num_steps * batch_size, num_directions * num_hiddens)
        H = join_steps(hiddens)
        return linear(H, W_hq.T, b_q), new_state

    return LanguageModel(get_params, layer.init_state, forward_fn)


get_rnn_params, init_rnn_state, rnn = language_model(RNN)
get_gru_params, init_gru_state, gru = language_model(GRU)
get_lstm_params, init_lstm_state, lstm = language_model(LSTM)
