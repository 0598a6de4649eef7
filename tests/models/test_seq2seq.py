"""Encoder-decoder models: the book's shapes and laws that no shape can show."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Tuple

import numpy
import pytest
from mxnet import autograd, init, np

from d2l_rnn.errors import UsageError
from d2l_rnn.models.attention import SCORES, attention
from d2l_rnn.models.attention_decoder import Seq2SeqAttentionDecoder
from d2l_rnn.models.encoder_decoder import EncoderDecoder
from d2l_rnn.models.seq2seq import (
    BRIDGES,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
    bridge_state,
)

VOCAB, EMBED, HIDDENS, LAYERS = 10, 8, 16, 2
SIZES = (VOCAB, EMBED, HIDDENS, LAYERS)
DECODERS = {"plain": Seq2SeqDecoder, "attention": Seq2SeqAttentionDecoder}


def make_net(
    decoder: str = "plain",
    cell: str = "gru",
    dropout: float = 0.0,
    encoder: Optional[Dict[str, bool]] = None,
    **options: Any,
) -> Any:
    net = EncoderDecoder(
        Seq2SeqEncoder(*SIZES, dropout, cell=cell, **(encoder or {})),
        DECODERS[decoder](*SIZES, dropout, cell=cell, **options),
    )
    net.initialize(init.Normal(0.3))
    return net


def ids(batch_size: int, num_steps: int) -> np.ndarray:
    tokens = numpy.random.randint(4, VOCAB, size=(batch_size, num_steps))
    return np.array(tokens, dtype="float32")


def close(ours: np.ndarray, theirs: np.ndarray) -> None:
    numpy.testing.assert_allclose(
        ours.asnumpy(), theirs.asnumpy(), rtol=1e-4, atol=1e-6
    )


def leaves(state: Any) -> Iterator[Any]:
    for part in state:
        if isinstance(part, (list, tuple)):
            yield from leaves(part)
        elif part is not None:
            yield part


def test_shapes_printed_in_the_book() -> None:
    encoder = Seq2SeqEncoder(10, 8, 16, 2)
    encoder.initialize()
    output, state = encoder(np.zeros((4, 7)))
    assert output.shape == (7, 4, 16)
    assert len(state) == 1 and state[0].shape == (2, 4, 16)
    decoder = Seq2SeqDecoder(10, 8, 16, 2, book_context=True)
    decoder.initialize()
    output, state = decoder(np.zeros((4, 7)), decoder.init_state((output, state)))
    assert output.shape == (4, 7, 10)
    assert len(state) == 1 and state[0].shape == (2, 4, 16)
    decoder = Seq2SeqAttentionDecoder(10, 8, 16, 2)
    decoder.initialize()
    X = np.zeros((4, 7))
    output, state = decoder(X, decoder.init_state(encoder(X), None))
    assert output.shape == (4, 7, 10)
    assert len(state) == 3 and state[0].shape == (4, 7, 16)
    assert len(state[1]) == 1 and state[1][0].shape == (2, 4, 16)
    assert len(decoder.attention_weights) == 7
    assert decoder.attention_weights[0].shape == (4, 1, 7)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("decoder", DECODERS)
def test_steps_one_by_one_are_the_steps_at_once(decoder: str, cell: str) -> None:
    net = make_net(decoder, cell)
    X, Y, lens = ids(3, 6), ids(3, 5), np.array([6, 2, 4])
    at_once, end = net(X, Y, lens)
    state = net.decoder.init_state(net.encoder(X, lens), lens)
    for t in range(5):
        logits, state = net.decoder(Y[:, t : t + 1], state)
        close(logits[:, 0], at_once[:, t])
    for one, other in zip(leaves(state), leaves(end)):
        close(one, other)


@pytest.mark.parametrize("mask_padding", [True, False])
@pytest.mark.parametrize("decoder", DECODERS)
def test_the_context_at_prediction_is_that_of_training(
    decoder: str, mask_padding: bool
) -> None:
    """Only the edition's own decoder departs from its training when it predicts."""
    encoder = {"mask_padding": mask_padding}
    nets = [make_net(decoder, encoder=encoder)]
    if decoder == "plain":
        nets.append(make_net(decoder, encoder=encoder, book_context=True))
    for net in nets:
        X, Y, lens = ids(2, 5), ids(2, 4), np.array([5, 3])
        at_once, _ = net(X, Y, lens)
        state = net.decoder.init_state(net.encoder(X, lens), lens)
        log_probs = []
        for t in range(4):
            step, state = net.decoder.step(Y[:, t].asnumpy(), state)
            log_probs.append(step)
        logits = at_once.asnumpy().astype("float64")
        expected = logits - numpy.log(numpy.exp(logits).sum(axis=2, keepdims=True))
        got = numpy.stack(log_probs, axis=1)
        numpy.testing.assert_allclose(got[:, 0], expected[:, 0], rtol=1e-4, atol=1e-5)
        differs = abs(got - expected).max() > 1e-4
        assert differs == getattr(net.decoder, "book_context", False)


def plain_steps(
    decoder: Seq2SeqAttentionDecoder,
    X: np.ndarray,
    state: Any,
) -> Tuple[np.ndarray, np.ndarray, Any]:
    """The attention decoder as the book writes it, an operator at a time."""
    enc_outputs, recurrent, lens = state
    outputs, weights = [], []
    for x in decoder.embedding(X).swapaxes(0, 1):
        query = np.expand_dims(recurrent[0][-1], axis=1)
        context = decoder.attention(query, enc_outputs, enc_outputs, lens)
        x = np.concatenate((context, np.expand_dims(x, axis=1)), axis=-1)
        output, recurrent = decoder.rnn(x.swapaxes(0, 1), recurrent)
        outputs.append(output)
        weights.append(decoder.attention.attention_weights)
    logits = decoder.dense(np.concatenate(outputs, axis=0)).swapaxes(0, 1)
    return logits, recurrent, np.concatenate(weights, axis=1)


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("score", SCORES)
def test_the_unrolled_decoder_is_the_books_loop(score: str, normalise: bool) -> None:
    net = make_net("attention", score=score, normalise=normalise)
    decoder = net.decoder
    X, Y, lens = ids(3, 6), ids(3, 5), np.array([6, 2, 4])
    gradients = []
    net(X, Y, lens)  # settles the shapes
    for unrolled in (True, False):
        with autograd.record():
            state = decoder.init_state(net.encoder(X, lens), lens)
            if unrolled:
                logits, (_, recurrent, _) = decoder(Y, state)
                weights = decoder.attention_matrix
            else:
                logits, recurrent, weights = plain_steps(decoder, Y, state)
            total = (logits**2).sum() + (weights**3).sum() + recurrent[0].sum()
        total.backward()
        gradients.append(
            [p.grad().asnumpy().copy() for p in net.collect_params().values()]
            + [logits.asnumpy(), weights.asnumpy(), recurrent[0].asnumpy()]
        )
    for ours, theirs in zip(*gradients):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
        assert abs(theirs).max() > 0


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("decoder", DECODERS)
def test_padding_changes_nothing_where_it_is_masked(
    decoder: str, bidirectional: bool, cell: str
) -> None:
    encoder = {"bidirectional": bidirectional, "mask_padding": True}
    net = make_net(decoder, cell, encoder=encoder)
    X, Y, lens = ids(2, 4), ids(2, 3), np.array([4, 2])
    expected, _ = net(X, Y, lens)
    for num_padding, pad in itertools.product((1, 5), (1, 7)):
        padding = np.full((2, num_padding), pad)
        padded = np.concatenate((X, padding), axis=1)
        padded[1, 2:] = pad
        logits, _ = net(padded, Y, lens)
        close(logits, expected)
        if decoder == "attention":
            assert (net.decoder.attention_matrix.asnumpy()[1, :, 2:] == 0).all()


def test_the_books_encoder_reads_its_padding() -> None:
    """Why there is a choice: the book's final state depends on the padding."""
    encoder = Seq2SeqEncoder(*SIZES)
    encoder.initialize(init.Normal(0.3))
    assert not encoder.mask_padding
    X = ids(1, 3)
    padded = np.concatenate((X, np.ones((1, 4))), axis=1)
    lens = np.array([3])
    outputs, [state] = encoder(X, lens)
    padded_outputs, [padded_state] = encoder(padded, lens)
    close(padded_outputs[:3], outputs)
    assert abs(padded_state - state).max() > 1e-3


def test_directions_join_into_states_of_num_hiddens() -> None:
    encoder = Seq2SeqEncoder(*SIZES, bidirectional=True)
    encoder.initialize(init.Normal(0.3))
    outputs, [state] = encoder(ids(3, 5), np.array([5, 5, 5]))
    assert outputs.shape == (5, 3, HIDDENS) and state.shape == (LAYERS, 3, HIDDENS)
    half = HIDDENS // 2
    # forwards the last output of the top layer, backwards the first
    close(state[-1, :, :half], outputs[-1, :, :half])
    close(state[-1, :, half:], outputs[0, :, half:])


@pytest.mark.parametrize("decoder", DECODERS)
def test_bridges_begin_with_what_they_say(decoder: str) -> None:
    hidden, cell = (np.random.normal(size=(LAYERS, 3, HIDDENS)) for _ in range(2))
    expected = {
        "state": (hidden, cell),
        "hidden": (hidden, 0 * cell),
        "cell": (0 * hidden, cell),
        "output": (np.stack([hidden[-1]] * LAYERS), 0 * cell),
    }
    assert set(expected) == set(BRIDGES)
    for bridge, states in expected.items():
        for ours, theirs in zip(bridge_state([hidden, cell], bridge), states):
            close(ours, theirs)
        net = make_net(decoder, "lstm", bridge=bridge)
        logits, _ = net(ids(2, 5), ids(2, 4), np.array([5, 5]))
        assert numpy.isfinite(logits.asnumpy()).all()


@pytest.mark.parametrize("bridge", BRIDGES)
def test_the_source_reaches_the_decoder_over_every_bridge(bridge: str) -> None:
    net = make_net("plain", "lstm", bridge=bridge)
    Y, lens = ids(1, 1), np.array([4])
    one, other = np.array([[4, 5, 6, 7]]), np.array([[7, 6, 5, 4]])
    difference = net(one, Y, lens)[0] - net(other, Y, lens)[0]
    assert abs(difference).max() > 1e-5


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("decoder", DECODERS)
def test_selected_rows_go_on_as_themselves(decoder: str, cell: str) -> None:
    net = make_net(decoder, cell)
    X, Y, lens = ids(3, 5), ids(3, 2), np.array([5, 2, 3])
    state = net.decoder.init_state(net.encoder(X, lens), lens)
    _, state = net.decoder(Y, state)
    tokens = ids(3, 1)
    expected, end = net.decoder(tokens, state)
    rows = [2, 0, 0, 1]
    logits, selected = net.decoder(
        np.take(tokens, np.array(rows, dtype="int32"), axis=0),
        net.decoder.select(state, rows),
    )
    numpy.testing.assert_allclose(
        logits.asnumpy(), expected.asnumpy()[rows], rtol=1e-5, atol=1e-6
    )
    again = net.decoder.select(end, rows)
    for one, other in zip(leaves(selected), leaves(again)):
        close(one, other)


def test_new_weights_are_used_by_the_graphs_of_old_ones() -> None:
    net = make_net("attention")
    X, Y, lens = ids(2, 4), ids(2, 3), np.array([4, 4])
    before, _ = net(X, Y, lens)
    net.initialize(init.Normal(0.3), force_reinit=True)
    after, _ = net(X, Y, lens)
    assert abs(before - after).max() > 1e-3
    state = net.decoder.init_state(net.encoder(X, lens), lens)
    close(after, plain_steps(net.decoder, Y, state)[0])
    names = list(net.collect_params())
    assert len(names) == len(set(names))


def test_weights_go_through_a_file(tmp_path: Path) -> None:
    net, other = make_net("attention", "lstm"), make_net("attention", "lstm")
    X, Y, lens = ids(2, 4), ids(2, 3), np.array([4, 4])
    expected, _ = net(X, Y, lens)
    other(X, Y, lens)
    net.save_parameters(str(tmp_path / "net.params"))
    other.load_parameters(str(tmp_path / "net.params"))
    close(other(X, Y, lens)[0], expected)


def test_dropout_acts_in_training_and_only_there() -> None:
    net = make_net("attention", dropout=0.5)
    X, Y, lens = ids(2, 4), ids(2, 3), np.array([4, 4])
    close(net(X, Y, lens)[0], net(X, Y, lens)[0])
    with autograd.train_mode():
        one, other = net(X, Y, lens)[0], net(X, Y, lens)[0]
    assert abs(one - other).max() > 1e-4


def test_contradictions_are_refused() -> None:
    with pytest.raises(UsageError, match="only an LSTM has a memory"):
        Seq2SeqDecoder(*SIZES, bridge="cell")
    with pytest.raises(UsageError, match="'bridges'.*state, hidden"):
        Seq2SeqAttentionDecoder(*SIZES, bridge="bridges")
    with pytest.raises(UsageError, match="book_context with bridge 'cell'"):
        Seq2SeqDecoder(*SIZES, cell="lstm", bridge="cell", book_context=True)
    with pytest.raises(UsageError, match="even number"):
        Seq2SeqEncoder(10, 8, 15, 1, bidirectional=True)
    encoder = Seq2SeqEncoder(*SIZES, mask_padding=True)
    encoder.initialize()
    with pytest.raises(UsageError, match="valid lengths"):
        encoder(np.zeros((1, 2)))
    with pytest.raises(UsageError, match="before the decoder was called"):
        Seq2SeqAttentionDecoder(*SIZES).attention_matrix
    with pytest.raises(UsageError, match="'elman'"):
        Seq2SeqEncoder(*SIZES, cell="elman")
    with pytest.raises(UsageError, match="score 'all'"):
        attention("all", 4)
