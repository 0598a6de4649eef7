"""The encoder-decoder in NumPy has the MXNet block's numbers, whatever its design."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy
import pytest
from mxnet import init, np, npx

from d2l_rnn.inference.translation_network import Design, TranslationNetwork
from d2l_rnn.models.attention_decoder import Seq2SeqAttentionDecoder
from d2l_rnn.models.encoder_decoder import EncoderDecoder
from d2l_rnn.models.gluon_layers import named_arrays
from d2l_rnn.models.seq2seq import Seq2SeqDecoder, Seq2SeqEncoder

SIZES = (4, 6, 2)  # embed_size, num_hiddens, num_layers
SOURCE, TARGET, NUM_STEPS, ROWS = 9, 7, 5, 3
DESIGNS: Dict[str, Dict[str, Any]] = {
    "book": {},
    "edition": {"book_context": True},
    "lstm": {"cell": "lstm"},
    "masked": {"mask_padding": True},
    "both-ways": {"bidirectional": True, "mask_padding": True, "cell": "lstm"},
    "hidden": {"bridge": "hidden", "cell": "lstm"},
    "cell": {"bridge": "cell", "cell": "lstm"},
    "output": {"bridge": "output"},
    "additive": {"score": "additive"},
    "dot": {"score": "dot", "cell": "lstm"},
    "dot-unscaled": {"score": "dot-unscaled", "bidirectional": True},
    "cosine": {"score": "cosine"},
    "bilinear": {"score": "bilinear", "bridge": "output"},
    "scores-themselves": {"score": "dot", "normalise": False},
}
DESIGNS["dot-unscaled"]["mask_padding"] = True


def made(name: str) -> Tuple[Any, TranslationNetwork]:
    """The block, its weights no small numbers, and the network of its arrays."""
    chosen = {"cell": "gru", "bridge": "state", **DESIGNS[name]}
    cell, bridge = chosen["cell"], chosen["bridge"]
    encoder = Seq2SeqEncoder(
        SOURCE,
        *SIZES,
        cell=cell,
        bidirectional=chosen.get("bidirectional", False),
        mask_padding=chosen.get("mask_padding", False),
    )
    if "score" in chosen:
        own = {"score": chosen["score"], "normalise": chosen.get("normalise", True)}
        decoder: Any = Seq2SeqAttentionDecoder(
            TARGET, *SIZES, cell=cell, bridge=bridge, **own
        )
    else:
        decoder = Seq2SeqDecoder(
            TARGET,
            *SIZES,
            cell=cell,
            bridge=bridge,
            book_context=chosen.get("book_context", False),
        )
    net = EncoderDecoder(encoder, decoder)
    net.initialize(init.Normal(0.6))
    X, valid_lens = sentences()
    net(np.array(X), np.zeros((ROWS, 1)), np.array(valid_lens))
    for parameter in net.collect_params().values():
        parameter.set_data(np.random.normal(scale=0.6, size=parameter.shape))
    arrays = {key: array.asnumpy() for key, array in named_arrays(net).items()}
    return net, TranslationNetwork(Design(num_layers=2, **chosen), arrays)


def sentences() -> Tuple[Any, Any]:
    """Ids, and lengths of which one is all there is and one is 1."""
    X = numpy.random.randint(SOURCE, size=(ROWS, NUM_STEPS))
    return X, numpy.array([NUM_STEPS, 1, 3])


def first_state(net: Any, X: Any, valid_lens: Any) -> Any:
    lengths = np.array(valid_lens)
    return net.decoder.init_state(net.encoder(np.array(X), lengths), lengths)


@pytest.mark.parametrize("name", DESIGNS)
def test_steps_are_the_block_s(name: str) -> None:
    net, network = made(name)
    X, valid_lens = sentences()
    state, own = first_state(net, X, valid_lens), network.begin_state(X, valid_lens)
    for _ in range(4):
        tokens = numpy.random.randint(TARGET, size=ROWS)
        logits, state = net.decoder(np.array(tokens)[:, None], state)
        expected = npx.log_softmax(logits[:, 0], axis=-1).asnumpy()
        found, own, weights = network.attended_step(tokens, own)
        numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-5)
        if "score" in DESIGNS[name]:
            assert weights is not None
            theirs = net.decoder.attention_weights[0].asnumpy()[:, 0]
            numpy.testing.assert_allclose(weights, theirs, rtol=1e-4, atol=1e-5)
        else:
            assert weights is None


@pytest.mark.parametrize("name", ["book", "edition", "additive", "both-ways"])
def test_selected_rows_go_on_as_they_were(name: str) -> None:
    _, network = made(name)
    X, valid_lens = sentences()
    state = network.begin_state(X, valid_lens)
    _, after = network.step([1, 2, 3], state)
    together, _ = network.step([4, 5, 6], after)
    rows: List[int] = [2, 0, 2]
    chosen, _ = network.step([6, 4, 6], network.select(after, rows))
    numpy.testing.assert_allclose(chosen, together[rows], rtol=1e-5, atol=1e-6)
    again, _ = network.step([4, 5, 6], after)  # the state is left as it was
    numpy.testing.assert_array_equal(again, together)
