"""The transformer's parts against d2l 0.17.6 with the same weights, and their laws."""

from __future__ import annotations

import copy
from pathlib import Path
from types import ModuleType
from typing import Any, Dict

import numpy as onp
import pytest
from mxnet import autograd, np
from mxnet.gluon import nn

import d2l_rnn as d2l
from d2l_rnn.errors import UsageError

from ..reference import d2l_0_17
from ..test_chapters_translation import sample_data

BATCH, STEPS, HIDDENS, HEADS = 3, 5, 8, 4
LENGTHS = {
    "all": None,
    "of sequences": [5, 1, 3],
    "of queries": [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [2, 2, 5, 1, 4]],
}


@pytest.fixture(scope="module")
def old(request: pytest.FixtureRequest) -> ModuleType:
    return d2l_0_17.load(Path(str(request.config.cache.mkdir("d2l-0.17.6"))))


@pytest.fixture(params=LENGTHS)
def valid_lens(request: pytest.FixtureRequest) -> Any:
    lengths = LENGTHS[request.param]
    return None if lengths is None else np.array(lengths, dtype="int32")


def sequences(size: int = HIDDENS) -> Any:
    return np.random.normal(size=(BATCH, STEPS, size))


def agree(ours: Any, theirs: Any, *inputs: Any) -> None:
    """Same outputs and gradients, once both have the weights of ``theirs``."""
    for net in (ours, theirs):
        net.initialize()
        net(*inputs)  # draws what waits for its shape
    weights, our_weights = (n._collect_params_with_prefix() for n in (theirs, ours))
    assert list(weights) == list(our_weights)
    for name, parameter in weights.items():
        # Away from 0 and 1, at which normalisation and biases begin.
        drawn = np.random.normal(0.3, 0.5, parameter.shape)
        for its in (parameter, our_weights[name]):
            its.set_data(drawn)
    outputs = []
    for net in (ours, theirs):
        with autograd.record():
            output = net(*inputs)
            (output**2).sum().backward()
        outputs.append(output.asnumpy())
    onp.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-5, atol=1e-5)
    gradients = {name: p.grad().asnumpy() for name, p in weights.items()}
    # A bias of keys has none but rounding: the softmax does not see it.
    largest = max(float(onp.abs(gradient).max()) for gradient in gradients.values())
    assert largest > 0.01
    for name, gradient in gradients.items():
        onp.testing.assert_allclose(
            our_weights[name].grad().asnumpy(), gradient, rtol=1e-4, atol=1e-5 * largest
        )


@pytest.mark.parametrize("use_bias", [False, True])
def test_multihead_attention(old: ModuleType, valid_lens: Any, use_bias: bool) -> None:
    arguments = (HIDDENS, HEADS, 0.0, use_bias)
    ours, theirs = (
        d2l.MultiHeadAttention(*arguments),
        old.MultiHeadAttention(*arguments),
    )
    keys, values = sequences(6), sequences(7)
    agree(ours, theirs, sequences(3), keys, values, valid_lens)
    weights, expected = (
        net.attention.attention_weights.asnumpy() for net in (ours, theirs)
    )
    assert weights.shape == (BATCH * HEADS, STEPS, STEPS)
    onp.testing.assert_allclose(weights, expected, rtol=1e-5, atol=1e-6)


def test_encoder_block(old: ModuleType, valid_lens: Any) -> None:
    arguments = (HIDDENS, 6, HEADS, 0.0, True)
    agree(
        d2l.EncoderBlock(*arguments),
        old.EncoderBlock(*arguments),
        sequences(),
        valid_lens,
    )


def test_transformer_encoder(old: ModuleType, valid_lens: Any) -> None:
    named: Dict[str, Any] = {
        "vocab_size": 11,
        "num_hiddens": HIDDENS,
        "ffn_num_hiddens": 6,
    }
    named.update(num_heads=2, num_layers=2, dropout=0.0)
    ours, theirs = d2l.TransformerEncoder(**named), old.TransformerEncoder(**named)
    tokens = np.random.randint(0, 11, (BATCH, STEPS))
    agree(ours, theirs, tokens, valid_lens)
    assert len(ours.attention_weights) == 2
    for weights, expected in zip(ours.attention_weights, theirs.attention_weights):
        onp.testing.assert_allclose(
            weights.asnumpy(), expected.asnumpy(), rtol=1e-4, atol=1e-6
        )


@pytest.mark.parametrize("num_hiddens, max_len", [(8, 1000), (2, 7)])
def test_positional_encoding(old: ModuleType, num_hiddens: int, max_len: int) -> None:
    ours = d2l.PositionalEncoding(num_hiddens, 0, max_len)
    theirs = old.PositionalEncoding(num_hiddens, 0, max_len)
    onp.testing.assert_array_equal(ours.P.asnumpy(), theirs.P.asnumpy())
    X = sequences(num_hiddens)
    onp.testing.assert_array_equal(ours(X).asnumpy(), theirs(X).asnumpy())


def test_a_shift_of_positions_is_a_rotation() -> None:
    """Section 10.6.3: P[t + s] follows from P[t] by a matrix that knows s alone."""
    P = d2l.PositionalEncoding(6, 0, 50).P[0].asnumpy()
    pairs = P.reshape(50, 3, 2)
    shift = 4
    for j, frequency in enumerate(10000.0 ** -(onp.arange(3) / 3)):
        sine, cosine = onp.sin(shift * frequency), onp.cos(shift * frequency)
        rotation = onp.array([[cosine, sine], [-sine, cosine]])
        onp.testing.assert_allclose(
            pairs[:-shift, j] @ rotation.T, pairs[shift:, j], rtol=0, atol=1e-5
        )


def test_an_odd_size_has_a_sine_more() -> None:
    odd, even = (d2l.PositionalEncoding(n, 0, 9).P.asnumpy() for n in (1, 2))
    onp.testing.assert_array_equal(odd[..., 0], even[..., 0])
    assert d2l.PositionalEncoding(7, 0, 9).P.shape == (1, 9, 7)


def test_too_long_a_sequence_is_refused() -> None:
    encoding = d2l.PositionalEncoding(HIDDENS, 0, STEPS - 1)
    with pytest.raises(UsageError, match="5 steps: .* max_len 4"):
        encoding(sequences())


@pytest.mark.parametrize("num_heads", [1, 2, 4, 8])
def test_transposes_are_inverse_and_the_book_s(old: ModuleType, num_heads: int) -> None:
    X = sequences()
    apart = d2l.transpose_qkv(X, num_heads)
    assert apart.shape == (BATCH * num_heads, STEPS, HIDDENS // num_heads)
    onp.testing.assert_array_equal(
        apart.asnumpy(), old.transpose_qkv(X, num_heads).asnumpy()
    )
    joined = d2l.transpose_output(apart, num_heads)
    onp.testing.assert_array_equal(joined.asnumpy(), X.asnumpy())
    again = d2l.transpose_qkv(old.transpose_output(apart, num_heads), num_heads)
    onp.testing.assert_array_equal(again.asnumpy(), apart.asnumpy())


def test_one_head_is_dot_product_attention() -> None:
    """Under projections that change nothing."""
    net, X = d2l.MultiHeadAttention(HIDDENS, 1, 0.0), sequences()
    net.initialize()
    net(X, X, X, None)
    for dense in (net.W_q, net.W_k, net.W_v, net.W_o):
        dense.weight.set_data(np.eye(HIDDENS))
    lengths = np.array(LENGTHS["of sequences"])
    onp.testing.assert_allclose(
        net(X, X, X, lengths).asnumpy(),
        d2l.DotProductAttention()(X, X, X, lengths).asnumpy(),
        rtol=1e-5,
        atol=1e-6,
    )


def test_padding_changes_nothing_before_it() -> None:
    net = d2l.TransformerEncoder(11, HIDDENS, 6, 2, 2, 0.0)
    net.initialize()
    tokens = np.random.randint(1, 11, (BATCH, STEPS))
    other = tokens.copy()
    lengths = np.array([5, 1, 3])
    for row, length in enumerate((5, 1, 3)):
        other[row, length:] = 0
    outputs, others = (net(ids, lengths).asnumpy() for ids in (tokens, other))
    for row, length in enumerate((5, 1, 3)):
        onp.testing.assert_allclose(
            outputs[row, :length], others[row, :length], rtol=1e-5, atol=1e-6
        )
    assert onp.abs(outputs[1, 1:] - others[1, 1:]).max() > 1e-3


def test_heads_that_cannot_share_are_refused() -> None:
    for num_heads in (3, 0):
        with pytest.raises(UsageError, match=f"num_heads {num_heads} .* divisor"):
            d2l.MultiHeadAttention(HIDDENS, num_heads, 0.0)


class DecoderBlock(nn.Block):
    """As the book prints it (Section 10.7.5), of our parts."""

    def __init__(self, num_hiddens: int, num_heads: int, i: int) -> None:
        super().__init__()
        self.i = i
        self.attention1 = d2l.MultiHeadAttention(num_hiddens, num_heads, 0.0)
        self.addnorm1 = d2l.AddNorm(0.0)
        self.attention2 = d2l.MultiHeadAttention(num_hiddens, num_heads, 0.0)
        self.addnorm2 = d2l.AddNorm(0.0)
        self.ffn = d2l.PositionWiseFFN(6, num_hiddens)
        self.addnorm3 = d2l.AddNorm(0.0)

    def forward(self, X: Any, state: Any) -> Any:
        enc_outputs, enc_valid_lens = state[0], state[1]
        if state[2][self.i] is None:
            key_values = X
        else:
            key_values = np.concatenate((state[2][self.i], X), axis=1)
        state[2][self.i] = key_values
        if autograd.is_training():
            batch_size, num_steps, _ = X.shape
            dec_valid_lens = np.tile(np.arange(1, num_steps + 1), (batch_size, 1))
        else:
            dec_valid_lens = None
        X2 = self.attention1(X, key_values, key_values, dec_valid_lens)
        Y = self.addnorm1(X, X2)
        Y2 = self.attention2(Y, enc_outputs, enc_outputs, enc_valid_lens)
        Z = self.addnorm2(Y, Y2)
        return self.addnorm3(Z, self.ffn(Z)), state


def test_the_book_s_decoder_block_is_causal_and_steps_as_it_trains() -> None:
    block, X = DecoderBlock(HIDDENS, HEADS, 0), sequences()
    block.initialize()
    memory = [sequences(), np.array([5, 1, 3])]
    with autograd.train_mode():
        whole, _ = block(X, [*memory, [None]])
    state = [*memory, [None]]
    for t in range(STEPS):
        step, state = block(X[:, t : t + 1], state)
        onp.testing.assert_allclose(
            step[:, 0].asnumpy(), whole[:, t].asnumpy(), rtol=1e-4, atol=1e-5
        )


class TransformerDecoder(d2l.AttentionDecoder):
    """As the book prints it (Section 10.7.5), of one block."""

    def __init__(self, vocab_size: int, num_hiddens: int, num_heads: int) -> None:
        super().__init__()
        self.num_hiddens = num_hiddens
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = d2l.PositionalEncoding(num_hiddens, 0.0)
        self.block = DecoderBlock(num_hiddens, num_heads, 0)
        self.dense = nn.Dense(vocab_size, flatten=False)

    def init_state(self, enc_outputs: Any, enc_valid_lens: Any, *args: Any) -> Any:
        return [enc_outputs, enc_valid_lens, [None]]

    def forward(self, X: Any, state: Any) -> Any:
        X = self.pos_encoding(self.embedding(X) * self.num_hiddens**0.5)
        X, state = self.block(X, state)
        self._weights = self.block.attention2.attention.attention_weights
        return self.dense(X), state

    @property
    def attention_weights(self) -> Any:
        return self._weights


def test_the_snippets_of_section_10_7_run(capsys: pytest.CaptureFixture[str]) -> None:
    num_steps, device = 8, d2l.try_gpu()
    train_iter, src_vocab, tgt_vocab = sample_data(num_steps=num_steps)
    encoder = d2l.TransformerEncoder(len(src_vocab), HIDDENS, 12, 2, 1, 0.1)
    decoder = TransformerDecoder(len(tgt_vocab), HIDDENS, 2)
    net = d2l.EncoderDecoder(encoder, decoder)
    history = d2l.train_seq2seq(net, train_iter, 0.01, 6, tgt_vocab, device)
    assert history[-1].loss < 0.9 * history[0].loss
    translation, weights = d2l.predict_seq2seq(
        net, "i'm home .", src_vocab, tgt_vocab, num_steps, device, True
    )
    steps = min(len(translation.split()) + 1, num_steps)
    assert [step.shape for step in weights] == [(2, 1, num_steps)] * steps
    for step in weights:  # four tokens with <eos>, then padding
        assert (step[:, :, 4:].asnumpy() == 0).all()
    enc_weights = np.concatenate(encoder.attention_weights, 0)
    assert enc_weights.shape == (2, num_steps, num_steps)


def test_an_encoder_is_copied_saved_and_read_again(tmp_path: Path) -> None:
    net = d2l.TransformerEncoder(11, HIDDENS, 6, 2, 2, 0.0)
    net.initialize()
    tokens = np.random.randint(0, 11, (BATCH, STEPS))
    expected = net(tokens, None).asnumpy()
    onp.testing.assert_array_equal(copy.deepcopy(net)(tokens, None).asnumpy(), expected)
    net.save_parameters(str(tmp_path / "net.params"))
    again = d2l.TransformerEncoder(11, HIDDENS, 6, 2, 2, 0.0)
    again.load_parameters(str(tmp_path / "net.params"))
    onp.testing.assert_array_equal(again(tokens, None).asnumpy(), expected)
