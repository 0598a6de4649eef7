"""Encoder-decoders on d2l 0.17.6, with decoders as a reader of the book writes them.

The wheel has the encoder, the additive attention and the training loop; the decoders
stand in the book's text alone. Written here in our words, with the same operations.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Type

from mxnet import cpu, np
from mxnet.gluon import nn, rnn
from serving import Endless, SentWorkload, Tasks, pairs

_DROPOUT = 0.1


def decoder_class(d2l: ModuleType, attends: bool) -> Type[nn.Block]:
    """The decoder of Section 9.7, or of 10.4, over the wheel's base classes."""

    class Decoder(d2l.AttentionDecoder if attends else d2l.Decoder):  # type: ignore
        def __init__(self, vocab_size: int, size: int, num_layers: int) -> None:
            super().__init__()
            if attends:
                self.attention = d2l.AdditiveAttention(size, _DROPOUT)
            self.embedding = nn.Embedding(vocab_size, size)
            self.rnn = rnn.GRU(size, num_layers, dropout=_DROPOUT)
            self.dense = nn.Dense(vocab_size, flatten=False)

        def init_state(self, enc_outputs: Any, valid_lens: Any, *args: Any) -> Any:
            outputs, state = enc_outputs
            return (outputs.swapaxes(0, 1), state, valid_lens) if attends else state

        def forward(self, X: Any, state: Any) -> Any:
            X = self.embedding(X).swapaxes(0, 1)
            if not attends:
                context = state[0][-1]
                context = np.broadcast_to(context, (X.shape[0], *context.shape))
                Y, state = self.rnn(np.concatenate((X, context), 2), state)
                return self.dense(Y).swapaxes(0, 1), state
            keys, hidden, valid_lens = state
            outputs, self._attention_weights = [], []
            for x in X:
                query = np.expand_dims(hidden[0][-1], axis=1)
                context = self.attention(query, keys, keys, valid_lens)
                x = np.concatenate((context, np.expand_dims(x, axis=1)), axis=-1)
                out, hidden = self.rnn(x.swapaxes(0, 1), hidden)
                outputs.append(out)
                self._attention_weights.append(self.attention.attention_weights)
            Y = self.dense(np.concatenate(outputs, axis=0)).swapaxes(0, 1)
            return Y, [keys, hidden, valid_lens]

        @property
        def attention_weights(self) -> Any:
            return self._attention_weights

    return Decoder


def build(d2l: ModuleType, workload: SentWorkload) -> Tasks:
    """Tasks of an encoder-decoder: the wheel's loop and its prediction.

    Its curve is not drawn, and its weights are initialised once: neither is the loop's.
    """
    device, vocab_size = cpu(), workload["vocab_size"]
    size, num_layers = workload["num_hiddens"], workload["num_layers"]
    decoder = decoder_class(d2l, workload["family"] == "attention")
    net = d2l.EncoderDecoder(
        d2l.Seq2SeqEncoder(vocab_size, size, size, num_layers, _DROPOUT),
        decoder(vocab_size, size, num_layers),
    )
    net.initialize(ctx=device)
    net.initialize = lambda *args, **named: None
    setattr(d2l, "Animator", lambda **named: None)
    vocab, source = Endless(), Endless(eos=3)
    batch_size = workload["batch_size"]

    def train(count: int) -> None:
        arrays = [np.array(array, ctx=device) for array in pairs(workload, count)]
        starts = range(0, count * batch_size, batch_size)
        batches = [[a[i : i + batch_size] for a in arrays] for i in starts]
        d2l.train_seq2seq(net, batches, workload["lr"], 1, vocab, device)

    def generate(count: int) -> None:
        for begin in range(0, count, workload["num_steps"]):
            num_steps = min(workload["num_steps"], count - begin)
            d2l.predict_seq2seq(net, "a b c", source, vocab, num_steps, device)

    return {"train": train, "generate": generate}
