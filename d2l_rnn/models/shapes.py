"""Nets whose input and output differ in shape: many to one, and one to many."""

from __future__ import annotations

from typing import List, Tuple

from mxnet import np, npx
from mxnet.gluon import nn, rnn

from ..protocols import Array, Layer


class LineClassifier(nn.Block):
    r"""Many to one: a sequence becomes one label.

    ::

        h_1, ..., h_T = GRU(embed(x_1), ..., embed(x_T))
        logits = W h_L + b                L the sequence's valid length

    Parameters
    ----------
    vocab_size, embed_size, num_hiddens, num_classes : int
    """

    def __init__(
        self, vocab_size: int, embed_size: int, num_hiddens: int, num_classes: int
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = rnn.GRU(num_hiddens, input_size=embed_size)
        self.dense: Layer = nn.Dense(num_classes, in_units=num_hiddens)

    def forward(self, X: Array, valid_len: Array) -> Array:
        """Compute the logits of each sequence's label.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids, padded.
        valid_len : mxnet.np.ndarray, shape (batch_size,)
            At least 1; what follows does not count.

        Returns
        -------
        mxnet.np.ndarray, shape (batch_size, num_classes)
        """
        # (num_steps, batch_size, num_hiddens)
        H: Array = self.rnn(self.embedding(X.T))
        # (num_steps, batch_size, 1): 1 at the last valid step
        last: Array = np.expand_dims(npx.one_hot(valid_len - 1, X.shape[1]).T, -1)
        return self.dense((H * last).sum(axis=0))


class LineGenerator(nn.Block):
    r"""One to many: a label becomes a sequence, by way of the initial state.

    ::

        h_0 = tanh(C[label])              one row of C a class
        h_t = GRU(embed(x_{t-1}), h_{t-1})
        logits_t = W h_t + b              about x_t

    The label is read once; what it says must last in the state.

    Parameters
    ----------
    vocab_size, embed_size, num_hiddens, num_classes : int
    """

    def __init__(
        self, vocab_size: int, embed_size: int, num_hiddens: int, num_classes: int
    ) -> None:
        super().__init__()
        self.classes = nn.Embedding(num_classes, num_hiddens)
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = rnn.GRU(num_hiddens, input_size=embed_size)
        self.dense = nn.Dense(vocab_size, flatten=False, in_units=num_hiddens)

    def begin_state(self, labels: Array) -> List[Array]:
        """From labels (batch_size,): one array (1, batch_size, num_hiddens)."""
        return [np.expand_dims(np.tanh(self.classes(labels)), 0)]

    def forward(self, X: Array, state: List[Array]) -> Tuple[Array, List[Array]]:
        """Compute the logits of the tokens that follow.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids; the first is ``<bos>``.
        state : list of one mxnet.np.ndarray
            Of :meth:`begin_state`, or returned by an earlier call.

        Returns
        -------
        logits : mxnet.np.ndarray, shape (batch_size, num_steps, vocab_size)
        state : list of one mxnet.np.ndarray
        """
        # (num_steps, batch_size, num_hiddens)
        H, state = self.rnn(self.embedding(X.T), state)
        return self.dense(H.swapaxes(0, 1)), state
