"""Filling blanks and tagging: nets that may look at both sides of a token (9.4).

A bidirectional layer must not predict its own input: its state at ``t`` has seen
``x_t``, and above the first layer from both sides. Here every direction is a stack of
its own, and a model says which states may speak about ``t``.
"""

from __future__ import annotations

from typing import List, Tuple

from mxnet import init, np, npx
from mxnet.gluon import nn, rnn

from ..errors import UsageError
from ..protocols import Array, Device


class _BothSides(nn.Block):
    """A forward and, if asked for, a backward stack of LSTM layers over embeddings.

    Parameters
    ----------
    vocab_size, num_outputs, embed_size, num_hiddens : int
        Hidden units a layer and direction.
    num_layers : int
    bidirectional : bool
        Whether there is a backward stack.
    dropout : float
        Rate at which embedded inputs and the states that speak about a token are
        dropped in training.

    Raises
    ------
    UsageError
        If a size is below 1.
    """

    #: By how many steps the states that speak about ``t`` are away from it.
    distance: int

    def __init__(
        self,
        vocab_size: int,
        num_outputs: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        sizes = (vocab_size, num_outputs, embed_size, num_hiddens, num_layers)
        if min(sizes) < 1:
            raise UsageError(f"sizes {sizes} of a net: all must be at least 1")
        self.bidirectional = bidirectional
        self.dropout = nn.Dropout(dropout)
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.forward_stack = rnn.LSTM(num_hiddens, num_layers, input_size=embed_size)
        if bidirectional:
            self.backward_stack = rnn.LSTM(
                num_hiddens, num_layers, input_size=embed_size
            )
        in_units = num_hiddens * (2 if bidirectional else 1)
        self.dense = nn.Dense(num_outputs, in_units=in_units)

    def initialize_weights(self, device: Device) -> None:
        """Fresh weights: uniform after Glorot and Bengio (2010), biases zero."""
        self.initialize(ctx=device, force_reinit=True, init=init.Xavier())

    def begin_state(self, batch_size: int, ctx: Device) -> List[Array]:
        """The forward stack's zero states; the backward stack begins anew each time."""
        zeros: List[Array] = self.forward_stack.begin_state(batch_size, ctx=ctx)
        return zeros

    def forward(self, X: Array, state: List[Array]) -> Tuple[Array, List[Array]]:
        """Compute the logits about every position of ``X``.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids.
        state : list of mxnet.np.ndarray
            Of the forward stack before the first token; each (num_layers,
            batch_size, num_hiddens).

        Returns
        -------
        logits : mxnet.np.ndarray, shape (num_steps * batch_size, num_outputs)
            Time-major; the ``t``-th block of rows is about position ``t`` itself, not
            about the next.
        state : list of mxnet.np.ndarray
            After the last token.
        """
        return self.from_embedded(self.dropout(self.embedding(X.T)), state)

    def from_embedded(
        self, inputs: Array, state: List[Array]
    ) -> Tuple[Array, List[Array]]:
        """As :meth:`forward`, of inputs (num_steps, batch_size, embed_size)."""
        # (num_steps, batch_size, num_hiddens)
        F, next_state = self.forward_stack(inputs, state)
        beside = [self._moved(F, state)]
        if self.bidirectional:
            zeros = self.begin_state(inputs.shape[1], inputs.ctx)
            B, _ = self.backward_stack(np.flip(inputs, 0), zeros)
            beside.append(np.flip(self._moved(B, zeros), 0))
        # (num_steps * batch_size, directions * num_hiddens)
        Y = npx.reshape(np.concatenate(beside, axis=-1), (-5, -2))
        return self.dense(self.dropout(Y)), next_state

    def _moved(self, outputs: Array, state: List[Array]) -> Array:
        """A stack's outputs, later by ``distance`` in the order it has read in."""
        if self.distance == 0:
            return outputs
        # Before the first token there is the last layer's hidden state.
        moved: Array = np.concatenate([state[0][-1:], outputs[:-1]])
        return moved

    def num_parameters(self) -> int:
        """How many numbers the net learns."""
        return sum(p.data().size for p in self.collect_params().values())


class ClozeModel(_BothSides):
    r"""Predict every token of a sequence from all the others.

    With embedded tokens, a forward stack F and a backward stack B::

        f_t = F(x_1, ..., x_t)        b_t = B(x_T, ..., x_t)
        logits_t = W [f_{t-1}, b_{t+1}] + c

    The logits at ``t`` depend on every token but ``x_t``; those of the left-to-right
    model, ``W f_{t-1} + c``, on none from ``x_t`` on. Parameters as for the base
    class, ``num_outputs`` the vocabulary's size.
    """

    distance = 1


class Tagger(_BothSides):
    r"""Give every token of a sequence a label, ``logits_t = W [f_t, b_t] + c``.

    The bidirectional tagger reads the whole sequence, the other up to ``x_t``.
    Parameters as for the base class, ``num_outputs`` the number of labels.
    """

    distance = 0
