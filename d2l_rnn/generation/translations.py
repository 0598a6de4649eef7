"""Sentences through a trained encoder-decoder: search, sampling, attention."""

from __future__ import annotations

from typing import (
    Any,
    Callable,
    List,
    NamedTuple,
    Optional,
    Protocol,
    Sequence,
    Tuple,
)

import numpy

from ..arrays import Floats, Integers
from ..data.text import Vocab
from ..data.translation import ids_nmt
from ..inference.beam import beam_search
from ..inference.decoding import Hypothesis, greedy_search, sample
from ..inference.translation_network import TranslationNetwork

# Rows that one step of a search computes at most, beams counted.
_MOST_ROWS = 512

Sentence = Sequence[str]


class TranslationModel(Protocol):
    """What is asked of a model: ``inference.translation_network``, or a net's steps."""

    def begin_state(self, ids: Integers, valid_lens: Integers) -> Any: ...
    def select(self, state: Any, rows: Sequence[int]) -> Any: ...
    def step(self, tokens: Any, state: Any) -> Tuple[Floats, Any]: ...


class Translator:
    """A trained network with what it needs to read and write sentences; no MXNet.

    Parameters
    ----------
    network : TranslationNetwork
    src_vocab, tgt_vocab : Vocab
    num_steps : int
        Length of a sentence at most, ``<eos>`` included.
    """

    def __init__(
        self,
        network: TranslationNetwork,
        src_vocab: Vocab,
        tgt_vocab: Vocab,
        num_steps: int,
    ) -> None:
        self._network = network
        self.src_vocab, self.tgt_vocab = src_vocab, tgt_vocab
        self.num_steps = num_steps

    @property
    def has_attention(self) -> bool:
        """Whether its decoder attends."""
        return bool(self._network.design.score)

    def _model(self) -> TranslationModel:
        """What is searched now."""
        return self._network

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
        model = self._model()
        found: List[Any] = []
        for begin in range(0, len(sentences), size):
            part = sentences[begin : begin + size]
            found += search(
                model.step,
                model.select,
                model.begin_state(*self._ids(part)),
                [bos] * len(part),
                eos,
                self.num_steps,
                **options,
            )
        return found

    def _ids(self, sentences: Sequence[Sentence]) -> Tuple[Integers, Integers]:
        """Padded ids (rows, num_steps), and valid lengths (rows,)."""
        lines = [list(sentence) for sentence in sentences]
        ids, valid_lens = ids_nmt(lines, self.src_vocab, self.num_steps)
        return numpy.array(ids), numpy.array(valid_lens)

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
        weights = self._weights(sentence, read)
        return Attended(source, written, weights[:, : len(source)])

    def _weights(self, sentence: Sentence, read: Sequence[int]) -> Floats:
        """Attention weights of each token that is read, (len(read), num_keys)."""
        state = self._network.begin_state(*self._ids([sentence]))
        found: List[Floats] = []
        for token in read:
            _, state, weights = self._network.attended_step([token], state)
            assert weights is not None  # a decoder without attention is not asked
            found.append(weights[0])
        return numpy.array(found)


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
