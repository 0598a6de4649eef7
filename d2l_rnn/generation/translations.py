"""Sentences through a trained encoder-decoder: search, sampling, attention."""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy
from mxnet import np

from ..acceleration.translating import as_translation_network
from ..arrays import Floats
from ..data.text import Vocab
from ..data.translation import build_array_nmt
from ..inference.beam import beam_search
from ..inference.decoding import Hypothesis, greedy_search, sample
from ..protocols import Array, Device

# Rows that one step of a search computes at most, beams counted.
_MOST_ROWS = 512

Sentence = Sequence[str]


class Translator(NamedTuple):
    """A model with what it needs to read and write sentences.

    Attributes
    ----------
    net : EncoderDecoder
    src_vocab, tgt_vocab : Vocab
    num_steps : int
        Length of a sentence at most, ``<eos>`` included.
    device : mxnet.Context
    """

    net: Any
    src_vocab: Vocab
    tgt_vocab: Vocab
    num_steps: int
    device: Device

    @property
    def has_attention(self) -> bool:
        """Whether its decoder attends."""
        return hasattr(self.net.decoder, "attention_matrix")

    def greedy(self, sentences: Sequence[Sentence]) -> List[Hypothesis]:
        """The likeliest token at each step."""
        return self._in_parts(greedy_search, sentences, 1)

    def beam(
        self,
        sentences: Sequence[Sentence],
        beam_size: int,
        alpha: float,
        num_best: int = 1,
    ) -> List[List[Hypothesis]]:
        """The best of a beam, see :func:`~d2l_rnn.inference.beam.beam_search`."""
        return self._in_parts(
            beam_search,
            sentences,
            beam_size,
            beam_size=beam_size,
            alpha=alpha,
            num_best=num_best,
        )

    def sample(
        self,
        sentences: Sequence[Sentence],
        generator: numpy.random.Generator,
        temperature: float = 1.0,
        top_k: Optional[int] = None,
        top_p: Optional[float] = None,
    ) -> List[Hypothesis]:
        """Tokens drawn, see :func:`~d2l_rnn.inference.decoding.sample`."""
        return self._in_parts(
            sample,
            sentences,
            1,
            generator=generator,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
        )

    def _in_parts(
        self,
        search: Callable[..., List[Any]],
        sentences: Sequence[Sentence],
        width: int,
        **options: Any,
    ) -> List[Any]:
        """Search as many sentences at once as memory should hold."""
        size = max(1, _MOST_ROWS // width)
        bos, eos = self.tgt_vocab["<bos>"], self.tgt_vocab["<eos>"]
        network = as_translation_network(self.net, self.device)
        plain = isinstance(network, str)
        steps: Any = self.net.decoder if plain else network
        found: List[Any] = []
        for begin in range(0, len(sentences), size):
            part = sentences[begin : begin + size]
            X, valid_len = self._arrays(part)
            if plain:
                state = self._first_state(X, valid_len)
            else:
                ids = X.asnumpy().astype("int64")
                state = steps.begin_state(ids, valid_len.asnumpy())
            found += search(
                steps.step,
                steps.select,
                state,
                [bos] * len(part),
                eos,
                self.num_steps,
                **options,
            )
        return found

    def _arrays(self, sentences: Sequence[Sentence]) -> Tuple[Array, Array]:
        lines = [list(sentence) for sentence in sentences]
        X, valid_len = build_array_nmt(lines, self.src_vocab, self.num_steps)
        return X.as_in_ctx(self.device), valid_len.as_in_ctx(self.device)

    def _first_state(self, X: Array, valid_len: Array) -> Any:
        return self.net.decoder.init_state(self.net.encoder(X, valid_len), valid_len)

    def words(self, hypothesis: Hypothesis) -> List[str]:
        """The tokens of a hypothesis."""
        return [str(word) for word in self.tgt_vocab.to_tokens(list(hypothesis.tokens))]

    def attention(self, sentence: Sentence, hypothesis: Hypothesis) -> Attended:
        """Where the decoder looked: it reads the chosen tokens once more."""
        tokens = list(hypothesis.tokens)
        read = [self.tgt_vocab["<bos>"]] + tokens
        written = self.words(hypothesis) + ["<eos>"]
        if not hypothesis.finished:
            read, written = read[:-1], written[:-1]
        source = (list(sentence) + ["<eos>"])[: self.num_steps]
        state = self._first_state(*self._arrays([sentence]))
        self.net.decoder(np.array([read], ctx=self.device), state)
        # (num_steps, num_keys)
        weights = self.net.decoder.attention_matrix[0].asnumpy()
        return Attended(source, written, weights[:, : len(source)])


class Attended(NamedTuple):
    """Attention weights of a translation.

    Attributes
    ----------
    source, target : list of str
        Tokens with their ``<eos>``.
    weights : numpy.ndarray, shape (len(target), len(source))
    """

    source: List[str]
    target: List[str]
    weights: Floats
