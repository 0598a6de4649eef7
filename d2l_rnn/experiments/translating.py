"""Sentences through a trained encoder-decoder: search, sampling, attention."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import numpy
from mxnet import np

from ..data.text import Vocab
from ..data.translation import build_array_nmt
from ..inference.beam import beam_search
from ..inference.decoding import Hypothesis, greedy_search, sample
from ..models.attention_decoder import Seq2SeqAttentionDecoder
from ..models.encoder_decoder import EncoderDecoder
from ..models.gluon_layers import named_arrays
from ..models.seq2seq import Seq2SeqDecoder, Seq2SeqEncoder
from ..training import checkpoint
from ..training.initialisation import initialize_seq2seq
from .configs_translation import Seq2SeqAttentionConfig, TranslationConfig
from .trained import checkpoint_of, trained_config, vocabulary

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
    device: Any

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
        size, decoder = max(1, _MOST_ROWS // width), self.net.decoder
        bos, eos = self.tgt_vocab["<bos>"], self.tgt_vocab["<eos>"]
        found: List[Any] = []
        for begin in range(0, len(sentences), size):
            part = sentences[begin : begin + size]
            found += search(
                decoder.step,
                decoder.select,
                self._first_state(part),
                [bos] * len(part),
                eos,
                self.num_steps,
                **options,
            )
        return found

    def _first_state(self, sentences: Sequence[Sentence]) -> Any:
        lines = [list(sentence) for sentence in sentences]
        X, valid_len = build_array_nmt(lines, self.src_vocab, self.num_steps)
        X, valid_len = X.as_in_ctx(self.device), valid_len.as_in_ctx(self.device)
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
        state = self._first_state([sentence])
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
    weights: numpy.ndarray


def build(config: TranslationConfig, src_size: int, tgt_size: int) -> Any:
    """The encoder-decoder of a configuration, not initialised."""
    sizes = (config.embed_size, config.num_hiddens, config.num_layers, config.dropout)
    encoder = Seq2SeqEncoder(
        src_size,
        *sizes,
        cell=config.cell,
        bidirectional=config.bidirectional,
        mask_padding=config.mask_padding or config.bidirectional,
    )
    options: Dict[str, Any] = {"cell": config.cell, "bridge": config.bridge}
    decoder: Any
    if isinstance(config, Seq2SeqAttentionConfig):
        decoder = Seq2SeqAttentionDecoder(
            tgt_size,
            *sizes,
            score=config.score,
            normalise=config.normalise,
            **options,
        )
    else:
        book_context = getattr(config, "book_context", False)
        decoder = Seq2SeqDecoder(tgt_size, *sizes, book_context=book_context, **options)
    return EncoderDecoder(encoder, decoder)


def load_translator(path: Any, device: Any) -> Translator:
    """Load the model of a run of ``seq2seq`` or ``seq2seq-attention``.

    Parameters
    ----------
    path : path
        The run directory, or the checkpoint in it.
    device : mxnet.Context

    Raises
    ------
    RunError
        If it is none, or damaged.
    """
    path = checkpoint_of(path)
    arrays, notes = checkpoint.load(path)
    _, config = trained_config(
        path,
        TranslationConfig,
        "a run of seq2seq or seq2seq-attention translates",
    )
    src_vocab = vocabulary(path, notes, "src_vocab")
    tgt_vocab = vocabulary(path, notes, "tgt_vocab")
    net = build(config, len(src_vocab), len(tgt_vocab))
    initialize_seq2seq(net, config.num_steps, device)
    checkpoint.put_arrays(named_arrays(net), arrays)
    return Translator(net, src_vocab, tgt_vocab, config.num_steps, device)
