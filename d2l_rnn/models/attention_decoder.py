"""The decoder that attends to the encoder's outputs at every step (book Section 10.4).

Bahdanau et al. 2015, in the book's form: the query is the decoder's hidden state of the
top layer at the step before, keys and values are the encoder's outputs.
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

from mxnet import np
from mxnet.gluon import nn

from ..errors import UsageError
from ..protocols import Array, Layer
from .attention import attention
from .encoder_decoder import Decoder, take_rows
from .gluon_layers import recurrent_layer
from .seq2seq import bridge_state, check_bridge


class AttentionDecoder(Decoder):
    """The base attention-based decoder interface (book Section 10.4)."""

    @property
    def attention_weights(self) -> object:
        """The weights of the last call."""
        raise NotImplementedError


class Seq2SeqAttentionDecoder(AttentionDecoder):
    """The recurrent decoder with attention (book Section 10.4).

    At each step, with ``s`` the top layer's hidden state::

        context_t = attention(query=s_{t-1}, keys=values=encoder outputs)
        s_t = rnn([context_t; embedding(x_t)], s_{t-1})
        logits_t = W s_t + b

    Parameters
    ----------
    vocab_size, embed_size, num_hiddens, num_layers : int
        ``num_hiddens`` and ``num_layers`` as in the encoder.
    dropout : float
        Rate between the layers, and on the attention weights.
    score : {'additive', 'dot', 'dot-unscaled', 'cosine', 'bilinear'}
    normalise : bool
        Whether weights are the softmax of the scores or the scores themselves.
    cell : {'gru', 'lstm'}
        As in the encoder.
    bridge : {'state', 'hidden', 'cell', 'output'}
        See :func:`d2l_rnn.models.seq2seq.bridge_state`.
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0,
        *,
        score: str = "additive",
        normalise: bool = True,
        cell: str = "gru",
        bridge: str = "state",
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.bridge = check_bridge(bridge, cell)
        self.attention = attention(score, num_hiddens, dropout, normalise)
        self.embedding: Layer = nn.Embedding(vocab_size, embed_size)
        self.rnn = recurrent_layer(cell, num_hiddens, num_layers, dropout)
        self.dense: Layer = nn.Dense(vocab_size, flatten=False)
        self._attention_weights: List[Array] = []

    def init_state(
        self,
        enc_outputs: Tuple[Array, List[Array]],
        enc_valid_lens: Optional[Array] = None,
        *args: Optional[Array],
    ) -> List[Any]:
        """What every step needs.

        Returns
        -------
        list
            Encoder outputs (batch_size, num_keys, num_hiddens); the recurrent state,
            a list of arrays (num_layers, batch_size, num_hiddens); the valid lengths
            (batch_size,), or None.
        """
        outputs, enc_state = enc_outputs
        recurrent = bridge_state(enc_state, self.bridge)
        return [outputs.swapaxes(0, 1), recurrent, enc_valid_lens]

    def forward(self, X: Array, state: List[Any]) -> Tuple[Array, List[Any]]:
        """Decode.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids.
        state : list
            From :meth:`init_state` or an earlier call.

        Returns
        -------
        logits : mxnet.np.ndarray, shape (batch_size, num_steps, vocab_size)
        state : list
        """
        enc_outputs, recurrent, valid_lens = state
        # (num_steps, batch_size, embed_size)
        X = self.embedding(X).swapaxes(0, 1)
        outputs, self._attention_weights = [], []
        for x in X:
            # (batch_size, 1, num_hiddens)
            query = np.expand_dims(recurrent[0][-1], axis=1)
            context = self.attention(query, enc_outputs, enc_outputs, valid_lens)
            # (1, batch_size, num_hiddens + embed_size)
            x = np.concatenate((context, np.expand_dims(x, axis=1)), axis=-1)
            output, recurrent = self.rnn(x.swapaxes(0, 1), recurrent)
            outputs.append(output)
            self._attention_weights.append(self.attention.attention_weights)
        # (batch_size, num_steps, vocab_size)
        logits = self.dense(np.concatenate(outputs, axis=0)).swapaxes(0, 1)
        return logits, [enc_outputs, recurrent, valid_lens]

    def remember(self, weights: List[Array]) -> None:
        """Hold the weights of a call that was not made here, a step each."""
        self._attention_weights = weights
        self.attention.attention_weights = weights[-1]

    @property
    def attention_weights(self) -> List[Array]:
        """Weights of the last call, an array (batch_size, 1, num_keys) a step."""
        return self._attention_weights

    @property
    def attention_matrix(self) -> Array:
        """Weights of the last call, (batch_size, num_steps, num_keys)."""
        if not self._attention_weights:
            raise UsageError("no attention weights before the decoder was called")
        matrix: Array = np.concatenate(self._attention_weights, axis=1)
        return matrix

    def select(self, state: List[Any], rows: Sequence[int]) -> List[Any]:
        """The state of these rows: axis 1 of recurrent states, axis 0 of the rest."""
        enc_outputs, recurrent, valid_lens = state
        enc_outputs, valid_lens, *recurrent = take_rows(
            [enc_outputs, valid_lens] + recurrent, [0, 0] + [1] * len(recurrent), rows
        )
        return [enc_outputs, recurrent, valid_lens]
