"""The step of an encoder-decoder as one graph is the plain step, bit for bit."""

from __future__ import annotations

import random
from typing import Any, Dict, List, Tuple

import mxnet
import numpy
import pytest
from mxnet import autograd, cpu, np
from mxnet.gluon import nn

import d2l_rnn as d2l
from d2l_rnn.acceleration.recognise import SWITCH
from d2l_rnn.acceleration.teacher_forcing import TracedTranslation, why_not_translate
from d2l_rnn.data.translation import PairLoader
from d2l_rnn.training.losses import MaskedSoftmaxCELoss

BOS, EOS, PAD, VOCAB = 2, 3, 1, 12
DECODERS = {"plain": d2l.Seq2SeqDecoder, "attention": d2l.Seq2SeqAttentionDecoder}
Found = Tuple[str, List[float], List[Any], List[Any]]


def pairs(seed: int, number: int = 40, longest: int = 5) -> List[Any]:
    """Sentences to be turned round, padded, as ``X, lengths, Y, lengths``."""
    generator = random.Random(seed)
    X, Y, lengths = [], [], []
    for _ in range(number):
        length = generator.randint(1, longest)
        line = [generator.randrange(4, VOCAB) for _ in range(length)]
        padding = [PAD] * (longest - length)
        X.append(line + [EOS] + padding)
        Y.append(line[::-1] + [EOS] + padding)
        lengths.append(length + 1)
    valid = np.array(lengths, dtype="int32")
    return [np.array(X), valid, np.array(Y), valid]


def make(decoder: str, dropout: float, encoder: Dict[str, Any], **options: Any) -> Any:
    sizes = (VOCAB, 8, 8, 2, dropout)
    return d2l.EncoderDecoder(
        d2l.Seq2SeqEncoder(*sizes, **encoder), DECODERS[decoder](*sizes, **options)
    )


def trained(net: Any, seed: int) -> Found:
    random.seed(seed)
    mxnet.random.seed(seed)
    loader = PairLoader(pairs(seed), 16)
    history = d2l.train_seq2seq(net, loader, 0.01, 3, {"<bos>": BOS}, cpu())
    parameters = list(net.collect_params().values())
    return (
        history.path,
        [row.loss for row in history],
        [parameter.data().asnumpy() for parameter in parameters],
        [p.grad().asnumpy() for p in parameters if p.grad_req != "null"],
    )


def agree(one: Found, two: Found) -> None:
    assert one[1] == two[1]
    for arrays, others in zip(one[2:], two[2:]):
        for array, other in zip(arrays, others):
            numpy.testing.assert_array_equal(array, other)


CASES: List[Tuple[str, Dict[str, Any], Dict[str, Any]]] = [
    ("plain", {}, {}),
    ("plain", {"cell": "lstm", "bidirectional": True}, {"cell": "lstm"}),
    ("plain", {"cell": "lstm"}, {"cell": "lstm", "bridge": "cell"}),
    ("plain", {}, {"book_context": True}),
    ("attention", {}, {}),
    ("attention", {}, {"score": "dot"}),
    ("attention", {}, {"score": "dot-unscaled", "normalise": False}),
    ("attention", {}, {"score": "cosine"}),
    ("attention", {"mask_padding": True}, {"score": "bilinear"}),
    ("attention", {"cell": "lstm"}, {"cell": "lstm", "bridge": "output"}),
    ("attention", {"bidirectional": True}, {"bridge": "hidden"}),
]


@pytest.mark.parametrize(("decoder", "encoder", "options"), CASES)
def test_the_graph_gives_the_plain_path_s_bits(
    decoder: str,
    encoder: Dict[str, Any],
    options: Dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    dropout = 0.2  # masks, too, are drawn in the same order
    fast = trained(make(decoder, dropout, encoder, **options), seed)
    monkeypatch.setenv(SWITCH, "off")
    plain = trained(make(decoder, dropout, encoder, **options), seed)
    assert (fast[0], plain[0]) == ("graph", f"plain: {SWITCH} is off")
    agree(fast, plain)


def test_attention_weights_are_left_as_the_plain_path_leaves_them(seed: int) -> None:
    net = make("attention", 0, {})
    trained(net, seed)
    batch = [array[:4] for array in pairs(seed)]
    objective = TracedTranslation(net, BOS, cpu(), [batch])
    objective.begin_epoch(1)
    with autograd.record():
        objective(*batch)
    assert objective.path == "graph"
    found = net.decoder.attention_matrix.asnumpy()
    dec_input = np.concatenate((np.full((4, 1), BOS), batch[2][:, :-1]), axis=1)
    net(batch[0], dec_input, batch[1])
    expected = net.decoder.attention_matrix.asnumpy()
    numpy.testing.assert_array_equal(found, expected)
    assert len(net.decoder.attention_weights) == 6


class OwnAttention(nn.Block):
    """Every key alike: the mean of the values."""

    def forward(self, queries: Any, keys: Any, values: Any, valid_lens: Any) -> Any:
        shape = (queries.shape[0], 1, keys.shape[1])
        self.attention_weights = np.ones(shape) / keys.shape[1]
        return values.mean(axis=1, keepdims=True)


def hooked(net: Any) -> None:
    net.encoder.rnn.register_forward_hook(lambda *arguments: None)


def frozen(net: Any) -> None:
    net.encoder.collect_params().setattr("grad_req", "null")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (hooked, "net.encoder.rnn has a forward hook"),
        (lambda net: net.decoder.dense.hybridize(), "net.decoder.dense was hybridized"),
        (lambda net: net.register_child(nn.Dropout(0.5)), "other children"),
        (frozen, ""),
    ],
)
def test_changes_are_heard(
    change: Any, word: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    nets = [make("attention", 0.1, {}) for _ in range(2)]
    for net in nets:
        change(net)
    fast = trained(nets[0], seed)
    assert word in fast[0]
    monkeypatch.setenv(SWITCH, "off")
    agree(fast, trained(nets[1], seed))


def test_an_attention_of_the_reader_s_own_is_called(seed: int) -> None:
    net = make("attention", 0, {})
    object.__setattr__(net.decoder, "attention", OwnAttention())
    net.decoder._children["attention"] = net.decoder.attention
    reason = why_not_translate(net, MaskedSoftmaxCELoss())
    assert reason == ("net.decoder.attention is a OwnAttention, not one that we know")
    assert trained(net, seed)[0] == f"plain: {reason}"
