"""The decoders that the book writes out in Sections 9.7 and 10.4, for MXNet.

The old package does not hold them: a reader types them. These have the same layers,
made in the same order, and the same computation.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from mxnet import np
from mxnet.gluon import nn, rnn


def decoder(old: ModuleType) -> Any:
    """The class of Section 9.7.2, on the old package's base."""

    class Decoder(old.Decoder):  # type: ignore[name-defined]
        def __init__(
            self,
            vocab_size: int,
            embed_size: int,
            num_hiddens: int,
            num_layers: int,
            dropout: float = 0,
        ) -> None:
            super().__init__()
            self.embedding = nn.Embedding(vocab_size, embed_size)
            self.rnn = rnn.GRU(num_hiddens, num_layers, dropout=dropout)
            self.dense = nn.Dense(vocab_size, flatten=False)

        def init_state(self, enc_outputs: Any, *args: Any) -> Any:
            return enc_outputs[1]

        def forward(self, X: Any, state: Any) -> Any:
            X = self.embedding(X).swapaxes(0, 1)
            context = state[0][-1]
            repeated = np.broadcast_to(context, (len(X),) + context.shape)
            Y, state = self.rnn(np.concatenate((X, repeated), axis=2), state)
            return self.dense(Y).swapaxes(0, 1), state

    return Decoder


def attention_decoder(old: ModuleType) -> Any:
    """The class of Section 10.4.2, on the old package's base and attention."""

    class AttentionDecoder(old.AttentionDecoder):  # type: ignore[name-defined]
        def __init__(
            self,
            vocab_size: int,
            embed_size: int,
            num_hiddens: int,
            num_layers: int,
            dropout: float = 0,
        ) -> None:
            super().__init__()
            self.attention = old.AdditiveAttention(num_hiddens, dropout)
            self.embedding = nn.Embedding(vocab_size, embed_size)
            self.rnn = rnn.GRU(num_hiddens, num_layers, dropout=dropout)
            self.dense = nn.Dense(vocab_size, flatten=False)

        def init_state(self, enc_outputs: Any, enc_valid_lens: Any, *args: Any) -> Any:
            outputs, state = enc_outputs
            return outputs.swapaxes(0, 1), state, enc_valid_lens

        def forward(self, X: Any, state: Any) -> Any:
            keys, hidden, valid_lens = state
            outputs = []
            for x in self.embedding(X).swapaxes(0, 1):
                query = np.expand_dims(hidden[0][-1], axis=1)
                context = self.attention(query, keys, keys, valid_lens)
                step = np.concatenate((context, np.expand_dims(x, axis=1)), axis=-1)
                Y, hidden = self.rnn(step.swapaxes(0, 1), hidden)
                outputs.append(Y)
            logits = self.dense(np.concatenate(outputs, axis=0))
            return logits.swapaxes(0, 1), [keys, hidden, valid_lens]

    return AttentionDecoder
