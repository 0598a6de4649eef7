"""Fresh weights are those that the book's own classes draw from the same seed."""

from __future__ import annotations

import math
from pathlib import Path
from types import ModuleType
from typing import Any, List

import mxnet
import numpy
import pytest
from mxnet import cpu, init, np
from mxnet.gluon import rnn

from d2l_rnn.arrays import Floats
from d2l_rnn.models.attention_decoder import Seq2SeqAttentionDecoder
from d2l_rnn.models.encoder_decoder import EncoderDecoder
from d2l_rnn.models.gluon_layers import named_arrays
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.models.seq2seq import Seq2SeqDecoder, Seq2SeqEncoder
from d2l_rnn.training.initialisation import initialize, initialize_seq2seq

from ..reference import book_decoders, d2l_0_17

VOCAB = 28
SIZES = (20, 8, 12, 2)  # vocab_size, embed_size, num_hiddens, num_layers
LAYERS = {
    "rnn": lambda: rnn.RNN(16),
    "gru": lambda: rnn.GRU(16),
    "deep-lstm": lambda: rnn.LSTM(12, 2),
    "bilstm": lambda: rnn.LSTM(12, 2, bidirectional=True),
    "open nothing": lambda: rnn.LSTM(12, input_size=VOCAB),
}


@pytest.fixture(scope="module")
def old(request: pytest.FixtureRequest) -> ModuleType:
    """The book's own code (d2l 0.17.6)."""
    assert request.config.cache
    return d2l_0_17.load(Path(str(request.config.cache.mkdir("d2l-0.17.6"))))


def weights(net: Any) -> List[Floats]:
    return [p.data().asnumpy() for p in net.collect_params().values()]


def same_bits(ours: Any, book_s: Any) -> None:
    one, other = weights(ours), weights(book_s)
    assert [a.shape for a in one] == [a.shape for a in other]
    for a, b in zip(one, other):
        numpy.testing.assert_array_equal(a, b)
    drawn = [a for a in one if a.ndim > 1]
    assert drawn and all(a.any() for a in drawn)


def as_the_book(net: Any, seed: int) -> Any:
    """As ``train_ch8`` begins: initialised, then the first minibatch."""
    mxnet.random.seed(seed)
    net.initialize(ctx=cpu(), force_reinit=True, init=init.Normal(0.01))
    net(np.zeros((4, 5)), net.begin_state(batch_size=4, ctx=cpu()))
    return net


@pytest.mark.parametrize("layer", LAYERS)
def test_language_models(old: ModuleType, layer: str, seed: int) -> None:
    book_s = as_the_book(old.RNNModel(LAYERS[layer](), VOCAB), seed)
    same_bits(as_the_book(RNNModel(LAYERS[layer](), VOCAB), seed), book_s)
    # An experiment settles all shapes at once.
    settled = RNNModel(LAYERS[layer](), VOCAB)
    mxnet.random.seed(seed)
    initialize(settled, cpu())
    same_bits(settled, book_s)


@pytest.mark.parametrize("attention", [False, True], ids=["context", "attention"])
def test_translators(old: ModuleType, attention: bool, seed: int) -> None:
    if attention:
        ours: Any = Seq2SeqAttentionDecoder
        theirs: Any = book_decoders.attention_decoder(old)
    else:
        ours, theirs = Seq2SeqDecoder, book_decoders.decoder(old)
    book_s = old.EncoderDecoder(old.Seq2SeqEncoder(*SIZES, 0.1), theirs(*SIZES, 0.1))
    mxnet.random.seed(seed)
    book_s.initialize(init.Xavier(), force_reinit=True, ctx=cpu())
    X, lens = np.zeros((3, 6)), np.array([6, 2, 4])
    expected, _ = book_s(X, np.zeros((3, 5)), lens)

    net = EncoderDecoder(Seq2SeqEncoder(*SIZES, 0.1), ours(*SIZES, 0.1))
    mxnet.random.seed(seed)
    net.initialize(init.Xavier(), force_reinit=True, ctx=cpu())
    found, _ = net(X, np.zeros((3, 5)), lens)
    same_bits(net, book_s)
    # The same structure too: what is drawn is used alike.
    numpy.testing.assert_allclose(
        found.asnumpy(), expected.asnumpy(), rtol=1e-4, atol=1e-6
    )
    settled = EncoderDecoder(Seq2SeqEncoder(*SIZES, 0.1), ours(*SIZES, 0.1))
    mxnet.random.seed(seed)
    initialize_seq2seq(settled, 6, cpu())
    same_bits(settled, book_s)


def test_normal_weights_and_zero_biases() -> None:
    net = RNNModel(rnn.LSTM(128), VOCAB)
    initialize(net, cpu())
    for name, array in named_arrays(net).items():
        values = array.asnumpy()
        if name.endswith("bias"):
            assert (values == 0).all()
        else:  # 5 standard errors of mean and standard deviation
            slack = 5 / math.sqrt(values.size)
            assert abs(values.mean()) < 0.01 * slack
            assert values.std() == pytest.approx(0.01, rel=slack)


def test_a_net_from_scratch_keeps_the_parameters_that_it_was_made_with() -> None:
    class Scratch:
        params = [np.ones(3)]

    initialize(Scratch(), cpu())
    assert (Scratch.params[0] == 1).all()
