"""``RNNModel`` as a ``HybridBlock``: what a symbol can be made of."""

from __future__ import annotations

from typing import List

from mxnet.gluon import HybridBlock, nn, rnn

from ..protocols import Operators, Tensor

_LAYERS = {
    "lstm": (rnn.LSTM, {}),
    "gru": (rnn.GRU, {}),
    "rnn_tanh": (rnn.RNN, {"activation": "tanh"}),
    "rnn_relu": (rnn.RNN, {"activation": "relu"}),
}


class HybridLanguageModel(HybridBlock):
    """A recurrent layer of Gluon with a dense output, over one-hot tokens.

    As :class:`.language_model.RNNModel`, but hybrid, and with logits batch-major. Its
    parameters are called ``rnn_l0_i2h_weight``, ..., ``dense_bias``.

    Parameters
    ----------
    cell : "rnn_tanh", "rnn_relu", "gru" or "lstm"
    vocab_size, num_hiddens, num_layers, num_directions : int
    """

    def __init__(
        self,
        cell: str,
        vocab_size: int,
        num_hiddens: int,
        num_layers: int,
        num_directions: int,
    ) -> None:
        super().__init__(prefix="")
        self._vocab_size = vocab_size
        kind, options = _LAYERS[cell]
        self.rnn = kind(
            num_hiddens,
            num_layers,
            bidirectional=num_directions == 2,
            input_size=vocab_size,
            prefix="rnn_",
            **options,
        )
        self.dense = nn.Dense(
            vocab_size,
            flatten=False,
            in_units=num_directions * num_hiddens,
            prefix="dense_",
        )

    def hybrid_forward(
        self, F: Operators, tokens: Tensor, *state: Tensor
    ) -> List[Tensor]:
        """Compute logits and the next state.

        Parameters
        ----------
        F : module
        tokens : array or symbol, shape (batch_size, num_steps)
        state : arrays or symbols
            Each (num_layers * num_directions, batch_size, num_hiddens).

        Returns
        -------
        list
            Logits (batch_size, num_steps, vocab_size), then the state.
        """
        # (num_steps, batch_size, vocab_size)
        X = F.npx.one_hot(F.np.swapaxes(tokens, 0, 1), self._vocab_size)
        # (num_steps, batch_size, num_directions * num_hiddens)
        Y, after = self.rnn(X, list(state))
        return [self.dense(F.np.swapaxes(Y, 0, 1)), *after]
