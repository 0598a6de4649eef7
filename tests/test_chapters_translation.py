"""The book's translation snippets, and its own training and prediction as oracles."""

from __future__ import annotations

import random
from pathlib import Path
from types import ModuleType
from typing import Any, List

import numpy as onp
import pytest
from mxnet import cpu, np
from mxnet.gluon import nn, rnn

import d2l_rnn as d2l
from d2l_rnn.data.corpora import SampleCorpusWarning
from d2l_rnn.data.pairs import load_pairs
from d2l_rnn.data.translation import build_vocab_nmt, load_arrays_nmt
from d2l_rnn.errors import UsageError
from d2l_rnn.training.initialisation import initialize_seq2seq

from .reference import d2l_0_17

SIZES = (8, 12, 2)  # embed_size, num_hiddens, num_layers


def sample_data(
    batch_size: int = 16, num_steps: int = 8, num_examples: int = 40
) -> Any:
    """As ``load_data_nmt``, of the embedded sample."""
    text = d2l.preprocess_nmt(load_pairs("sample").text)
    source, target = d2l.tokenize_nmt(text, num_examples)
    vocabs = build_vocab_nmt(source), build_vocab_nmt(target)
    loader = load_arrays_nmt(source, target, *vocabs, batch_size, num_steps)
    return (loader, *vocabs)


def make(attention: bool, src_vocab: Any, tgt_vocab: Any, dropout: float = 0) -> Any:
    encoder = d2l.Seq2SeqEncoder(len(src_vocab), *SIZES, dropout)
    if attention:
        decoder = d2l.Seq2SeqAttentionDecoder(len(tgt_vocab), *SIZES, dropout)
    else:
        decoder = d2l.Seq2SeqDecoder(len(tgt_vocab), *SIZES, dropout, book_context=True)
    return d2l.EncoderDecoder(encoder, decoder)


def test_the_snippets_of_section_9_7_run(
    no_network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    embed_size, num_hiddens, num_layers, dropout = 8, 8, 2, 0.1
    batch_size, num_steps = 64, 10
    lr, num_epochs, device = 0.005, 2, d2l.try_gpu()

    with pytest.warns(SampleCorpusWarning):
        train_iter, src_vocab, tgt_vocab = d2l.load_data_nmt(batch_size, num_steps, 60)
    encoder = d2l.Seq2SeqEncoder(
        len(src_vocab), embed_size, num_hiddens, num_layers, dropout
    )
    decoder = d2l.Seq2SeqDecoder(
        len(tgt_vocab), embed_size, num_hiddens, num_layers, dropout
    )
    net = d2l.EncoderDecoder(encoder, decoder)
    history = d2l.train_seq2seq(net, train_iter, lr, num_epochs, tgt_vocab, device)

    printed = capsys.readouterr().out.splitlines()
    last = history[-1]
    assert len(history) == 2 and len(printed) == 1
    assert printed[0].startswith(f"loss {last.loss / last.tokens / num_steps:.3f}, ")
    assert printed[0].endswith(" tokens/sec on cpu(0)")
    translation, attention_weight_seq = d2l.predict_seq2seq(
        net, "go .", src_vocab, tgt_vocab, num_steps, device
    )
    assert 0 <= d2l.bleu(translation, "va !", k=2) <= 1
    assert attention_weight_seq == []
    with pytest.raises(UsageError, match="num_epochs 0"):
        d2l.train_seq2seq(net, train_iter, lr, 0, tgt_vocab, device)


def test_load_data_nmt_works_offline(no_network: Path) -> None:
    with pytest.warns(SampleCorpusWarning):
        data_iter, src_vocab, tgt_vocab = d2l.load_data_nmt(64, 10, 600)
    assert sum(len(X) for X, *_ in data_iter) == 601
    for X, X_valid_len, Y, Y_valid_len in data_iter:
        assert X.shape[1] == Y.shape[1] == 10
        assert int(X.max()) < len(src_vocab) and int(Y.max()) < len(tgt_vocab)
        for array, lengths in ((X, X_valid_len), (Y, Y_valid_len)):
            valid = (array != src_vocab["<pad>"]).sum(axis=1)
            assert valid.astype("int32").tolist() == lengths.tolist()
    for vocab in (src_vocab, tgt_vocab):
        assert vocab.to_tokens([0, 1, 2, 3]) == ["<unk>", "<pad>", "<bos>", "<eos>"]


class ReadersEncoder(d2l.Encoder):
    """An encoder as a reader may write one."""

    def __init__(self, vocab_size: int, num_hiddens: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.rnn = rnn.GRU(num_hiddens)

    def forward(self, X: Any, *args: Any) -> Any:
        X = self.embedding(X).swapaxes(0, 1)
        return self.rnn(X, self.rnn.begin_state(batch_size=X.shape[1], ctx=X.ctx))


class ReadersDecoder(d2l.AttentionDecoder):
    """A decoder with the book's additive attention, a Python loop over the steps."""

    def __init__(self, vocab_size: int, num_hiddens: int) -> None:
        super().__init__()
        self.attention = d2l.AdditiveAttention(num_hiddens, 0.1)
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.rnn = rnn.GRU(num_hiddens)
        self.dense = nn.Dense(vocab_size, flatten=False)

    def init_state(self, enc_outputs: Any, enc_valid_lens: Any, *args: Any) -> Any:
        outputs, hidden_state = enc_outputs
        return outputs.swapaxes(0, 1), hidden_state, enc_valid_lens

    def forward(self, X: Any, state: Any) -> Any:
        enc_outputs, hidden_state, enc_valid_lens = state
        outputs, self._attention_weights = [], []
        for x in self.embedding(X).swapaxes(0, 1):
            query = np.expand_dims(hidden_state[0][-1], axis=1)
            context = self.attention(query, enc_outputs, enc_outputs, enc_valid_lens)
            x = np.concatenate((context, np.expand_dims(x, axis=1)), axis=-1)
            out, hidden_state = self.rnn(x.swapaxes(0, 1), hidden_state)
            outputs.append(out)
            self._attention_weights.append(self.attention.attention_weights)
        logits = self.dense(np.concatenate(outputs, axis=0)).swapaxes(0, 1)
        return logits, [enc_outputs, hidden_state, enc_valid_lens]

    @property
    def attention_weights(self) -> Any:
        return self._attention_weights


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "reader's"])
def test_the_snippets_of_section_10_4_run(
    ours: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    num_steps, device = 8, d2l.try_gpu()
    train_iter, src_vocab, tgt_vocab = sample_data(num_steps=num_steps)
    if ours:
        net = make(True, src_vocab, tgt_vocab, 0.1)
    else:
        net = d2l.EncoderDecoder(
            ReadersEncoder(len(src_vocab), 8), ReadersDecoder(len(tgt_vocab), 8)
        )
    history = d2l.train_seq2seq(net, train_iter, 0.01, 4, tgt_vocab, device)
    assert history[-1].loss < history[0].loss
    translation, dec_attention_weight_seq = d2l.predict_seq2seq(
        net, "i'm home .", src_vocab, tgt_vocab, num_steps, device, True
    )
    attention_weights = np.concatenate(
        [step[0][0][0].reshape(1, -1) for step in dec_attention_weight_seq], 0
    ).reshape((1, 1, -1, num_steps))
    steps = min(len(translation.split()) + 1, num_steps)
    assert attention_weights.shape == (1, 1, steps, num_steps)
    onp.testing.assert_allclose(
        attention_weights.asnumpy().sum(axis=-1), 1, rtol=1e-5, atol=0
    )
    # "i'm home ." and <eos> are four tokens; what follows is padding
    assert (attention_weights[..., 4:].asnumpy() == 0).all()


@pytest.fixture(scope="module")
def old(request: pytest.FixtureRequest) -> ModuleType:
    return d2l_0_17.load(Path(str(request.config.cache.mkdir("d2l-0.17.6"))))


@pytest.mark.parametrize("attention", [False, True], ids=["context", "attention"])
def test_training_follows_the_book(
    old: ModuleType,
    attention: bool,
    seed: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loader, src_vocab, tgt_vocab = sample_data()
    batches: List[Any] = [list(batch) for batch in loader]
    nets = [make(attention, src_vocab, tgt_vocab) for _ in range(2)]
    for net in nets:
        initialize_seq2seq(net, 8, cpu())
        net.initialize = lambda *args, **named: None  # both begin with these weights
    weights, same = [net._collect_params_with_prefix() for net in nets]
    for name, parameter in weights.items():
        same[name].set_data(parameter.data())

    sums: List[Any] = []

    class Noting(old.Accumulator):  # type: ignore[name-defined]
        """One an epoch: the sum of losses and the number of tokens."""

        def __init__(self, n: int) -> None:
            super().__init__(n)
            sums.append(self)

    monkeypatch.setattr(old, "Accumulator", Noting)
    monkeypatch.setattr(old, "Animator", lambda **named: None)
    old.train_seq2seq(nets[0], batches, 0.005, 8, tgt_vocab, cpu())
    curve = [float(loss / tokens) for loss, tokens in sums]
    history = d2l.train_seq2seq(nets[1], batches, 0.005, 8, tgt_vocab, cpu())
    ours = [row.book_loss for row in history]
    assert len(curve) == 8 and ours[-1] < 0.9 * ours[0]
    onp.testing.assert_allclose(ours, curve, rtol=1e-3, atol=0)


@pytest.mark.parametrize("attention", [False, True], ids=["context", "attention"])
def test_prediction_is_the_book_s(old: ModuleType, attention: bool, seed: int) -> None:
    loader, src_vocab, tgt_vocab = sample_data()
    net = make(attention, src_vocab, tgt_vocab)
    d2l.train_seq2seq(net, loader, 0.02, 6, tgt_vocab, cpu())
    rng = random.Random(seed)
    words = src_vocab.idx_to_token[4:]
    sentences = ["go .", "I'm home .", "nowhere at all in this vocabulary , I fear !"]
    sentences += [" ".join(rng.sample(words, 4)) for _ in range(5)]
    for sentence in sentences:
        arguments = (net, sentence, src_vocab, tgt_vocab, 8, cpu(), attention)
        translation, weights = d2l.predict_seq2seq(*arguments)
        expected, expected_weights = old.predict_seq2seq(*arguments)
        assert translation == expected
        assert len(weights) == len(expected_weights)
        for step, expected_step in zip(weights, expected_weights):
            onp.testing.assert_allclose(
                step[0].asnumpy(), expected_step[0].asnumpy(), rtol=1e-5, atol=1e-6
            )
