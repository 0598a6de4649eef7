"""Older editions' names, against the code of d2l 0.17.6 and the equations."""

from __future__ import annotations

from typing import Any, List

import numpy as onp
import pytest
from mxnet import autograd, cpu, np

import d2l_rnn as d2l
from d2l_rnn.errors import UsageError

from .test_chapters_translation import make, sample_data

ARGUMENTS = ("<net>", "<data>", 0.01, 3, "<vocab>", "cpu")


def test_mlp_attention_is_additive_attention() -> None:
    old_name, new_name = d2l.MLPAttention(8, 0.0), d2l.AdditiveAttention(8, 0.0)
    query, key, value = (np.random.normal(size=(2, n, 4)) for n in (3, 5, 5))
    valid_len = np.array([2, 5])
    for net in (old_name, new_name):
        net.initialize()
        net(query, key, value, valid_len)
    for name, parameter in new_name._collect_params_with_prefix().items():
        drawn = np.random.normal(size=parameter.shape)
        parameter.set_data(drawn)
        old_name._collect_params_with_prefix()[name].set_data(drawn)
    assert isinstance(old_name, d2l.AdditiveAttention)
    contexts = [
        net(query, key, value, valid_len).asnumpy() for net in (old_name, new_name)
    ]
    onp.testing.assert_array_equal(*contexts)
    # The equation, written out.
    W_q, W_k, v = (
        layer.weight.data().asnumpy()
        for layer in (old_name.W_q, old_name.W_k, old_name.v)
    )
    queries, keys = query.asnumpy() @ W_q.T, key.asnumpy() @ W_k.T
    scores = onp.tanh(queries[:, :, None] + keys[:, None]) @ v[0]
    scores[0, :, 2:] = -onp.inf
    weights = onp.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    onp.testing.assert_allclose(
        contexts[0], weights @ value.asnumpy(), rtol=1e-4, atol=1e-5
    )


def test_mlp_attention_takes_its_edition_s_keywords() -> None:
    net = d2l.MLPAttention(units=6, dropout=0.5)
    net.initialize()
    query, key, value = np.ones((1, 60, 3)), np.ones((1, 2, 3)), np.ones((1, 2, 1))
    assert (net(query, key, value, None).asnumpy() == 1).all()
    assert net.W_q.weight.shape == (6, 3)
    with autograd.train_mode():  # each of two equal weights is dropped, or doubled
        contexts = net(query, key, value, None).asnumpy()
    assert set(contexts.reshape(-1)) == {0.0, 1.0, 2.0}


def test_training_is_train_seq2seq(monkeypatch: pytest.MonkeyPatch) -> None:
    called: List[Any] = []

    def train_seq2seq(*arguments: Any) -> str:
        called.append(arguments)
        return "h"

    monkeypatch.setattr(d2l, "train_seq2seq", train_seq2seq)
    assert d2l.train_s2s_ch9(*ARGUMENTS) == "h"
    assert called == [ARGUMENTS]
    with pytest.raises(
        UsageError, match="^train_s2s_ch9 with five arguments.*tgt_vocab"
    ):
        d2l.train_s2s_ch9("<net>", "<data>", 0.01, 3, cpu())
    assert len(called) == 1


def test_a_chapter_of_the_edition_0_15_runs(capsys: pytest.CaptureFixture[str]) -> None:
    train_iter, src_vocab, tgt_vocab = sample_data()
    net = make(False, src_vocab, tgt_vocab)
    history = d2l.train_s2s_ch9(net, train_iter, 0.01, 4, tgt_vocab, d2l.try_gpu())
    assert history[-1].loss < history[0].loss
    engs, fras = ["go .", "i'm home ."], ["va !", "je suis chez moi ."]
    texts = []
    for eng in engs:
        text = d2l.predict_s2s_ch9(net, eng, src_vocab, tgt_vocab, 8, cpu())
        assert text == d2l.predict_seq2seq(net, eng, src_vocab, tgt_vocab, 8, cpu())[0]
        texts.append(text)
    capsys.readouterr()
    d2l.translate(engs, fras, net, src_vocab, tgt_vocab, 8, cpu())
    assert capsys.readouterr().out.splitlines() == [
        f"{eng} => {text}, bleu {d2l.bleu(text, fra, k=2):.3f}"
        for eng, fra, text in zip(engs, fras, texts)
    ]


def test_a_reader_s_prediction_is_heard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(d2l, "predict_seq2seq", lambda *args: (args[1].upper(), []))
    monkeypatch.setattr(d2l, "bleu", lambda text, label, k: 0.25 * k)
    d2l.translate(["a b"], ["c"], None, None, None, 8, None)
    assert capsys.readouterr().out == "a b => A B, bleu 0.500\n"
