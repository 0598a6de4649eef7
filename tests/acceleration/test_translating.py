"""A recognised encoder-decoder translates as a NumPy network; any other is asked."""

from __future__ import annotations

from typing import Any, List

import numpy
import pytest
from mxnet import cpu, init, np

from d2l_rnn.acceleration.recognise import SWITCH
from d2l_rnn.acceleration.translating import as_translation_network
from d2l_rnn.data.text import Vocab
from d2l_rnn.generation.live_translations import LiveTranslator
from d2l_rnn.inference.decoding import Hypothesis
from d2l_rnn.inference.translation_network import TranslationNetwork
from d2l_rnn.models.attention_decoder import Seq2SeqAttentionDecoder
from d2l_rnn.models.encoder_decoder import EncoderDecoder
from d2l_rnn.models.seq2seq import Seq2SeqDecoder, Seq2SeqEncoder

WORDS = [["a", "b", "c", "d", "e", "f"]]
RESERVED = ["<pad>", "<bos>", "<eos>"]


def translator(attention: bool) -> LiveTranslator:
    vocab = Vocab(WORDS, reserved_tokens=RESERVED)
    decoder: Any = Seq2SeqAttentionDecoder if attention else Seq2SeqDecoder
    sizes = (len(vocab), 5, 8, 2)
    net = EncoderDecoder(Seq2SeqEncoder(*sizes), decoder(*sizes))
    net.initialize(init.Normal(0.9))
    net(np.zeros((1, 6)), np.zeros((1, 1)), np.array([6]))
    return LiveTranslator(net, vocab, vocab, 6, cpu())


SENTENCES = [["a", "b"], ["f"], ["c", "d", "e", "a", "b", "f", "f"], ["b", "unknown"]]


def all_searches(model: LiveTranslator) -> List[Hypothesis]:
    """What greedy search, a beam and sampling find."""
    drawn = model.sample(SENTENCES, numpy.random.default_rng(3), temperature=0.8)
    beams = [h for best in model.beam(SENTENCES, 3, 0.75, 2) for h in best]
    return model.greedy(SENTENCES) + beams + drawn


@pytest.mark.parametrize("attention", [False, True])
def test_searches_find_what_they_find_by_the_decoder(
    attention: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = translator(attention)
    assert isinstance(as_translation_network(model.net, cpu()), TranslationNetwork)
    fast = all_searches(model)
    monkeypatch.setenv(SWITCH, "off")
    assert SWITCH in str(as_translation_network(model.net, cpu()))
    plain = all_searches(model)
    assert [h.tokens for h in fast] == [h.tokens for h in plain]
    scores = [[h.log_prob for h in hypotheses] for hypotheses in (fast, plain)]
    numpy.testing.assert_allclose(scores[0], scores[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("attention", [False, True])
def test_what_a_reader_changes_is_asked(attention: bool) -> None:
    model = translator(attention)
    before = model.greedy(SENTENCES)
    model.net.decoder.dense.bias.set_data(np.arange(10) == model.tgt_vocab["c"])
    after = model.greedy(SENTENCES)
    assert before != after
    dense = model.net.decoder.dense

    class Louder(type(dense)):  # type: ignore[misc]
        def forward(self, *arguments: Any) -> Any:
            return -super().forward(*arguments)

    dense.__class__ = Louder
    assert "Louder" in str(as_translation_network(model.net, cpu()))
    assert model.greedy(SENTENCES) != after
    model.net.decoder.dense.__class__ = type(dense).__mro__[1]
    model.net.decoder.dense.bias.data()[0] = numpy.inf
    assert as_translation_network(model.net, cpu()) == "a weight is not finite"
