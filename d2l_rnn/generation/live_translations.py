"""Sentences through an encoder-decoder of MXNet that may go on learning."""

from __future__ import annotations

from typing import Any, Sequence

from mxnet import np

from ..acceleration.translating import as_translation_network
from ..arrays import Floats, Integers
from ..data.text import Vocab
from ..protocols import Device
from .translations import Sentence, TranslationModel, Translator


class LiveTranslator(Translator):
    """A net with what it needs to read and write sentences.

    It is asked as it is at each search: a recognised one as the NumPy network of its
    arrays at that moment, any other itself.

    Parameters
    ----------
    net : EncoderDecoder
    src_vocab, tgt_vocab : Vocab
    num_steps : int
        Length of a sentence at most, ``<eos>`` included.
    device : mxnet.Context
    """

    def __init__(
        self,
        net: Any,
        src_vocab: Vocab,
        tgt_vocab: Vocab,
        num_steps: int,
        device: Device,
    ) -> None:
        self.net, self.device = net, device
        self.src_vocab, self.tgt_vocab = src_vocab, tgt_vocab
        self.num_steps = num_steps

    @property
    def has_attention(self) -> bool:
        """Whether its decoder attends."""
        return hasattr(self.net.decoder, "attention_matrix")

    def _model(self) -> TranslationModel:
        network = as_translation_network(self.net, self.device)
        if isinstance(network, str):
            return _Asked(self.net, self.device)
        return network

    def _weights(self, sentence: Sentence, read: Sequence[int]) -> Floats:
        """The decoder reads the tokens once more, all at once."""
        state = _Asked(self.net, self.device).begin_state(*self._ids([sentence]))
        self.net.decoder(np.array([list(read)], ctx=self.device), state)
        # (len(read), num_keys)
        weights: Floats = self.net.decoder.attention_matrix[0].asnumpy()
        return weights


class _Asked:
    """The net itself as a :class:`.translations.TranslationModel`."""

    def __init__(self, net: Any, device: Device) -> None:
        self._net, self._device = net, device
        self.step, self.select = net.decoder.step, net.decoder.select

    def begin_state(self, ids: Integers, valid_lens: Integers) -> Any:
        X = np.array(ids.tolist(), ctx=self._device)
        lengths = np.array(valid_lens.tolist(), dtype="int32", ctx=self._device)
        return self._net.decoder.init_state(self._net.encoder(X, lengths), lengths)
