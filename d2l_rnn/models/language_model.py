"""The book's ``RNNModel``: a recurrent layer with a dense output (Section 8.6)."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from mxnet import symbol
from mxnet.gluon import nn

from ..errors import UsageError
from . import single_step
from .tracing import mean_cross_entropy, static_graph, variable


class RNNModel(nn.HybridBlock):
    """Language model over any Gluon recurrent layer (book Section 8.6).

    With one-hot inputs ``x_t`` and the layer's outputs ``h_t``::

        h_1 ... h_T, state = rnn(x_1 ... x_T, state)
        logits_t = W h_t + b

    Parameters
    ----------
    rnn_layer : mxnet.gluon.rnn.RNN, GRU or LSTM
        Any depth, one or both directions, layout TNC.
    vocab_size : int

    Raises
    ------
    UsageError
        If the layer's layout is not TNC, or its ``input_size`` is set and is not
        ``vocab_size``.
    """

    def __init__(self, rnn_layer: Any, vocab_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if getattr(rnn_layer, "_layout", "TNC") != "TNC":
            raise UsageError(f"layout {rnn_layer._layout}: RNNModel needs TNC")
        if getattr(rnn_layer, "_input_size", 0) not in (0, vocab_size):
            raise UsageError(
                f"input_size {rnn_layer._input_size}: RNNModel feeds one-hot rows of "
                f"vocab_size {vocab_size}"
            )
        self.rnn = rnn_layer
        self.vocab_size = vocab_size
        # Without flattening: so the logits are reshaped, not the wider hidden states.
        self.dense = nn.Dense(vocab_size, flatten=False)
        self._packed: Optional[Tuple[Any, List[Tuple[Any, Any]]]] = None
        self._packed_graphs: Dict[int, Any] = {}
        self._step: Optional[single_step.SingleStep] = None

    def forward(self, inputs: Any, state: Any) -> Tuple[Any, List[Any]]:
        """Compute logits and the next state.

        Parameters
        ----------
        inputs : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids.
        state : list of mxnet.np.ndarray
            Each (num_layers * directions, batch_size, num_hiddens).

        Returns
        -------
        logits : mxnet.np.ndarray, shape (num_steps * batch_size, vocab_size)
            Time-major: the first ``batch_size`` rows belong to the first step.
        state : list of mxnet.np.ndarray
        """
        step = self._single_step(inputs)
        if step is not None:
            return step(inputs, state)
        if self._active or not self._is_packed():
            return super().forward(inputs, state)
        logits, *state = self._run_packed(inputs, state)
        return logits, state

    def hybrid_forward(self, F: Any, inputs: Any, state: Any) -> Tuple[Any, List[Any]]:
        """As :meth:`forward`, for arrays and for symbols."""
        # (num_steps, batch_size, vocab_size)
        X = F.npx.one_hot(F.np.transpose(inputs), self.vocab_size)
        # (num_steps, batch_size, directions * num_hiddens)
        Y, state = self.rnn(X, state)
        # (num_steps * batch_size, vocab_size)
        return F.npx.reshape(self.dense(Y), (-5, -2)), state

    def greedy_block(
        self, token: Any, state: List[Any]
    ) -> Optional[Tuple[Any, List[Any]]]:
        """Go on from a token with the likeliest ones, a block of steps at one call.

        Parameters
        ----------
        token : mxnet.np.ndarray, shape (batch_size, 1)
        state : list of mxnet.np.ndarray
            As for :meth:`forward`.

        Returns
        -------
        ids : mxnet.np.ndarray, shape (:data:`d2l_rnn.models.greedy.BLOCK`, batch_size)
            The tokens chosen after it.
        state : list of mxnet.np.ndarray
            Before the last of them is read.
        None, in place of both, where it takes single calls: on a GPU, while a gradient
        is recorded, for a layer other than Gluon's.
        """
        step = self._single_step(token)
        return None if step is None else step.greedy_block(token, state)

    def _single_step(self, inputs: Any) -> Optional[single_step.SingleStep]:
        """What computes a single step soonest, where it may."""
        if not single_step.applies(self.rnn, inputs):
            return None
        if self._step is None:
            self._step = single_step.SingleStep(
                self.rnn, self.dense, self._layer_parameters(), self.vocab_size
            )
        return self._step if self._step.ready() else None

    def begin_state(self, *args: Any, **kwargs: Any) -> List[Any]:
        """The layer's zero states: ``begin_state(batch_size=..., ctx=...)``."""
        return self.rnn.begin_state(*args, **kwargs)

    def packable_parameters(self) -> List[Any]:
        """The recurrent layer's parameters in the fused operator's order.

        All weights layer by layer and direction by direction, then all biases in the
        same order. Laid out so in one vector, they can be handed to :meth:`use_packed`.
        A layer with dropout has none: the operator's version for a CPU would ignore it,
        and ``models.recurrent`` applies it between calls of the operator.
        """
        return [] if self.rnn._dropout > 0 else self._layer_parameters()

    def _layer_parameters(self) -> List[Any]:
        directions = ["l", "r"][: self.rnn._dir]
        return [
            getattr(self.rnn, f"{direction}{layer}_{part}_{kind}")
            for kind in ("weight", "bias")
            for layer in range(self.rnn._num_layers)
            for direction in directions
            for part in ("i2h", "h2h")
        ]

    def use_packed(self, vector: Any) -> None:
        """Compute with ``vector`` in place of the layer's separate parameters.

        A Gluon layer glues its parameters into one vector at every forward pass and
        takes the gradient apart again; for a wide layer that costs as much as a tenth
        of the training step. It is spared where the parameters already are views of
        one vector. New arrays in the parameters (``initialize(force_reinit=True)``)
        end it by themselves.

        Parameters
        ----------
        vector : mxnet.np.ndarray, shape (total size,)
            Shares memory with the arrays of :meth:`packable_parameters`.
        """
        views = [(p, p.data()) for p in self.packable_parameters()]
        self._packed = (vector, views)

    def _is_packed(self) -> bool:
        if self._packed is None:
            return False
        if all(p._data and p._data[0] is view for p, view in self._packed[1]):
            return True
        self._packed = None
        return False

    def mean_loss(
        self, inputs: Any, labels: Any, state: List[Any]
    ) -> Optional[Tuple[Any, List[Any]]]:
        """Compute the mean cross-entropy and the next state, all as one graph.

        ``-1 / (B T) sum_{b,t} log softmax(logits_{b,t})[label_{b,t}]``

        Parameters
        ----------
        inputs, labels : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids.
        state : list of mxnet.np.ndarray
            As for :meth:`forward`.

        Returns
        -------
        loss : mxnet.np.ndarray, shape ()
        state : list of mxnet.np.ndarray
        None, in place of both, where the parameters are not packed.
        """
        if self._active or not self._is_packed():
            return None
        loss, *state = self._run_packed(inputs, state, labels)
        return loss, state

    def _run_packed(self, inputs: Any, state: List[Any], *labels: Any) -> List[Any]:
        """Logits, or with labels the loss, and the next state."""
        assert self._packed is not None
        number = len(labels)
        if number not in self._packed_graphs:
            self._packed_graphs[number] = self._trace_packed(len(state), number > 0)
        weight, bias = self.dense.weight.data(), self.dense.bias.data()
        X = inputs.astype("float32", copy=False)
        graph = self._packed_graphs[number]
        return graph(X, self._packed[0], weight, bias, *state, *labels)

    def _trace_packed(self, num_states: int, with_labels: bool) -> Any:
        """The same computation as one graph, called with one vector of parameters."""
        layer, operators = self.rnn, symbol.numpy_extension
        parameters = [variable(name) for name in ("vector", "weight", "bias")]
        vector, weight, bias = parameters
        inputs, labels = variable("inputs"), variable("labels")
        state = [variable(f"state{k}") for k in range(num_states)]
        # (num_steps, batch_size, directions * num_hiddens), then the states
        Y, *new_state = operators.rnn(
            operators.one_hot(inputs.T, self.vocab_size),
            vector,
            *state,
            state_size=layer._hidden_size,
            num_layers=layer._num_layers,
            bidirectional=layer._dir == 2,
            mode=layer._mode,
            state_outputs=True,
            p=0.0,
        )
        # (num_steps, batch_size, vocab_size)
        logits = operators.fully_connected(
            Y, weight, bias, num_hidden=self.vocab_size, flatten=False
        )
        arguments = [inputs, *parameters, *state]
        if with_labels:
            loss = mean_cross_entropy(logits, labels.T)
            return static_graph([loss, *new_state], [*arguments, labels])
        # (num_steps * batch_size, vocab_size)
        logits = logits.reshape(-1, self.vocab_size)
        return static_graph([logits, *new_state], arguments)
