"""``RNNModel`` of the book's first edition (Chinese, section 6.5): arrays of ``nd``."""

from __future__ import annotations

from typing import Tuple

from mxnet import nd

from ..protocols import Array, LegacyArray, State
from ..semantics import Semantics
from . import language_model


class RNNModel(language_model.RNNModel):
    """Language model over a recurrent layer, with arrays of ``mxnet.nd`` in and out.

    Equations, parameters and errors are those of
    :class:`~d2l_rnn.models.language_model.RNNModel`. It may be called whether NumPy
    semantics are on or off.
    """

    def __call__(self, *args: object) -> Tuple[LegacyArray, State]:
        """As :meth:`forward`, under the rules of ``nd``, whatever they are outside."""
        with Semantics(numpy=False):
            answer: Tuple[LegacyArray, State] = super().__call__(*args)
        return answer

    def forward(self, inputs: Array, state: State) -> Tuple[Array, State]:
        """Compute logits and the next state.

        Parameters
        ----------
        inputs : nd.NDArray, shape (batch_size, num_steps)
            Token ids.
        state : list of nd.NDArray
            Each (num_layers * directions, batch_size, num_hiddens).

        Returns
        -------
        logits : nd.NDArray, shape (num_steps * batch_size, vocab_size)
            Time-major: the first ``batch_size`` rows belong to the first step.
        state : list of nd.NDArray
        """
        # (num_steps, batch_size, vocab_size)
        X = nd.one_hot(inputs.as_nd_ndarray().T, self.vocab_size)
        # (num_steps, batch_size, directions * num_hiddens)
        Y, state = self.rnn(X, state)
        # (num_steps * batch_size, vocab_size)
        logits = self.dense(Y.reshape((-1, Y.shape[-1])))
        return logits, state

    def begin_state(self, *args: object, **kwargs: object) -> State:
        """The layer's zero states: ``begin_state(batch_size=..., ctx=...)``."""
        with Semantics(numpy=False):
            return self.rnn.begin_state(*args, **kwargs)
