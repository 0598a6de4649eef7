"""The book's ``RNNModel``: a recurrent layer with a dense output (Section 8.6)."""

from __future__ import annotations

from typing import Tuple

from mxnet import npx
from mxnet.gluon import nn

from ..errors import UsageError
from ..protocols import Array, State
from .gluon_layers import input_size_of, layout_of


class RNNModel(nn.Block):
    """Language model over any recurrent layer (book Section 8.6).

    With one-hot inputs ``x_t`` and the layer's outputs ``h_t``::

        h_1 ... h_T, state = rnn(x_1 ... x_T, state)
        logits_t = W h_t + b

    Parameters
    ----------
    rnn_layer : gluon.Block
        ``rnn_layer(inputs, state) -> (outputs, state)`` with ``begin_state``, in the
        layout TNC: Gluon's layers of any depth, of one or both directions, or a
        reader's own.
    vocab_size : int

    Raises
    ------
    UsageError
        If a Gluon layer's layout is not TNC, or its ``input_size`` is set and is not
        ``vocab_size``.
    """

    def __init__(self, rnn_layer: nn.Block, vocab_size: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        if layout_of(rnn_layer) != "TNC":
            raise UsageError(f"layout {layout_of(rnn_layer)}: RNNModel needs TNC")
        if input_size_of(rnn_layer) not in (0, vocab_size):
            raise UsageError(
                f"input_size {input_size_of(rnn_layer)}: RNNModel feeds one-hot rows "
                f"of vocab_size {vocab_size}"
            )
        self.rnn = rnn_layer
        self.vocab_size = vocab_size
        self.dense = nn.Dense(vocab_size)

    def forward(self, inputs: Array, state: State) -> Tuple[Array, State]:
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
        # (num_steps, batch_size, vocab_size)
        X = npx.one_hot(inputs.T, self.vocab_size)
        # (num_steps, batch_size, directions * num_hiddens)
        Y, state = self.rnn(X, state)
        # (num_steps * batch_size, vocab_size)
        logits = self.dense(Y.reshape(-1, Y.shape[-1]))
        return logits, state

    def begin_state(self, *args: object, **kwargs: object) -> State:
        """The layer's zero states: ``begin_state(batch_size=..., ctx=...)``."""
        return self.rnn.begin_state(*args, **kwargs)
