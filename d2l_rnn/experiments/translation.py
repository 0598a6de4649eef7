"""Translation: the experiments of Sections 9.7 and 10.4."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

from ..acceleration.teacher_forcing import TracedTranslation
from ..data.pairs import PairsFile
from ..data.reading import shown
from ..data.translation import (
    PairLoader,
    Pairs,
    build_vocab_nmt,
    load_arrays_nmt,
    preprocess_nmt,
    split_pairs,
    tokenize_nmt,
)
from ..errors import DataError
from ..generation.live_translations import LiveTranslator
from ..installation import missing
from ..models.attention_decoder import Seq2SeqAttentionDecoder
from ..models.encoder_decoder import EncoderDecoder
from ..models.gluon_layers import named_arrays
from ..models.seq2seq import Seq2SeqDecoder, Seq2SeqEncoder
from ..protocols import Device
from ..results import printed
from ..results.metrics import perplexity
from ..seeding import epoch_seed, set_seed
from ..training.checkpoint import put_arrays
from ..training.distributed import Sharded, SummedGradients
from ..training.initialisation import initialize_seq2seq
from ..training.optimisers import Adam
from ..training.parameters import Parameters
from ..training.translation import TranslationRow, train_translation
from .book_weights import draw_translator
from .configs_translation import Seq2SeqAttentionConfig, TranslationConfig
from .contract import Json, Notify, tell_nobody
from .corpus import read_pairs_file, source_of
from .nets import NetRun
from .placing import placed, why_not_with_dropout
from .sizes import check_sizes
from .trained import Saved
from .translation_quality import (
    corpus_bleu_held_out,
    coverage_histogram,
    demonstration,
    sentences_to_show,
)


def read_pairs(
    config: TranslationConfig, notify: Notify = tell_nobody
) -> Tuple[PairsFile, Pairs, Pairs]:
    """Read a configuration's sentence pairs, and hold some out.

    Returns
    -------
    file : PairsFile
    training, heldout : (source, target)
        No source sentence is in both; which are held out does not depend on the seed.
    """
    file = read_pairs_file(config, notify)
    text, last = file.text, config.num_examples
    if last:  # the other lines need not be preprocessed
        text = "\n".join(text.split("\n", last + 1)[: last + 1])
    source, target = tokenize_nmt(preprocess_nmt(text), config.num_examples)
    if not source:
        raise DataError(
            f"pairs {shown(file.name)}: none of the first {last + 1} lines is source, "
            "tab, target; --num-examples 0 reads all of them"
        )
    training, heldout = split_pairs(source, target, config.num_heldout)
    return file, training, heldout


class TranslationRun(NetRun[TranslationConfig]):
    """Train on sentence pairs, translate, evaluate on the sentences held out."""

    text = staticmethod(printed.translation)

    usable_as = LiveTranslator

    def __init__(
        self, config: TranslationConfig, device: Device, notify: Notify
    ) -> None:
        super().__init__(config, device, notify)
        file, self.training, self.heldout = read_pairs(config, notify)
        src_vocab, tgt_vocab = [
            build_vocab_nmt(side, config.min_freq) for side in self.training
        ]
        sizes = (config.batch_size, config.num_steps)
        self.train_iter = load_arrays_nmt(*self.training, src_vocab, tgt_vocab, *sizes)
        self.heldout_iter: Optional[PairLoader] = None
        if self.heldout[0]:
            self.heldout_iter = load_arrays_nmt(
                *self.heldout, src_vocab, tgt_vocab, *sizes, shuffle=False
            )
            if importlib.util.find_spec("sacrebleu") is None:
                why = missing("sacrebleu")
                notify(f"no corpus BLEU of the held-out sentences: {why}")
        self.source = source_of(file, int(self.train_iter.arrays[3].sum()))
        set_seed(epoch_seed(config.seed, 0))
        net = build(config, len(src_vocab), len(tgt_vocab))
        if config.initial_weights == "book":
            draw_translator(net, config.num_steps, device)
            set_seed(epoch_seed(config.seed, 0))
        else:
            initialize_seq2seq(net, config.num_steps, device)
        self.nets = {"": net}
        self.adams = {"": Adam(Parameters.of(net), config.lr, config.theta)}
        self.translator = LiveTranslator(
            net, src_vocab, tgt_vocab, config.num_steps, device
        )
        self.devices, self.replicas = placed(config, device), []
        for other in self.devices[1:]:
            replica = build(config, len(src_vocab), len(tgt_vocab))
            initialize_seq2seq(replica, config.num_steps, other)
            self.replicas.append(replica)
        self.shown = sentences_to_show(self.translator, self.training, notify)

    def path(self) -> str:
        """A graph, or plain and why."""
        return self._objective().path

    def rows(self, first_epoch: int) -> Iterator[TranslationRow]:
        """Teacher forcing or scheduled sampling, the gradient clipped, Adam."""
        config, optimiser = self.config, self.adams[""]
        others = map(self._objective_on, self.replicas, self.devices[1:])
        objectives = [self._objective(), *others]
        sharded: Any = None
        together: Any = optimiser
        heldout_iter = self.heldout_iter
        if self.workers is not None and self.workers.rank:
            heldout_iter = None  # the first one records it
        if self.is_shared:
            adams = [
                Adam(Parameters.of(net), config.lr, config.theta)
                for net in self.replicas
            ]
            for net, adam in zip(self.replicas, adams):
                put_arrays(named_arrays(net), self.arrays(), adam)
            sharded = Sharded(
                objectives, self.devices, mean=False, workers=self.workers
            )
            together = SummedGradients([optimiser, *adams], sharded)
        return train_translation(
            objectives[0],
            self.train_iter,
            together,
            self.config.num_epochs,
            seed=self.config.seed,
            first_epoch=first_epoch,
            heldout_iter=heldout_iter,
            sharded=sharded,
        )

    @classmethod
    def why_one_device(cls, config: TranslationConfig) -> str:
        """None with teacher forcing, without dropout and without a penalty."""
        if cls.rows is not TranslationRun.rows:  # a reader's own training
            return super().why_one_device(config)
        if config.schedule != "none":
            return f"--schedule {config.schedule} draws other numbers on each device"
        if getattr(config, "attention_penalty", 0.0):
            return "--attention-penalty is recorded of one device"
        return why_not_with_dropout(config)

    def _objective(self) -> TracedTranslation:
        return self._objective_on(self.translator.net, self.device)

    def _objective_on(self, net: Any, device: Device) -> TracedTranslation:
        config = self.config
        return TracedTranslation(
            net,
            self.translator.tgt_vocab["<bos>"],
            device,
            self.train_iter,
            num_epochs=config.num_epochs,
            schedule=config.schedule,
            final_probability=config.final_probability,
            penalty=getattr(config, "attention_penalty", 0.0),
            tau=getattr(config, "tau", 1.0),
        )

    def metrics(self, row: TranslationRow) -> Mapping[str, float]:
        """What the book prints, how it was trained, and the held-out perplexity."""
        found = {
            "book_loss": row.book_loss,
            "teacher_probability": row.teacher_probability,
        }
        if row.coverage_penalty is not None:
            found["coverage_penalty"] = row.coverage_penalty
        if row.heldout_loss is not None and row.heldout_tokens:
            found["heldout_perplexity"] = perplexity(
                row.heldout_loss, row.heldout_tokens
            )
        return found

    def notes(self) -> Mapping[str, Any]:
        """Both vocabularies."""
        return {
            "src_vocab": self.translator.src_vocab.idx_to_token,
            "tgt_vocab": self.translator.tgt_vocab.idx_to_token,
        }

    def result(self, epochs: Sequence[Json]) -> Json:
        """The book's sentences, corpus BLEU held out, how attention was spread."""
        config, translator = self.config, self.translator
        result: Json = {
            "book_loss": epochs[-1]["book_loss"],
            "pairs": len(self.training[0]),
            "vocabulary": [len(translator.src_vocab), len(translator.tgt_vocab)],
            **demonstration(translator, self.shown),
        }
        if self.heldout_iter is not None:
            result["heldout_perplexity"] = epochs[-1]["heldout_perplexity"]
            result["heldout"] = corpus_bleu_held_out(
                translator, self.heldout, config.beams(), config.alpha
            )
        if isinstance(config, Seq2SeqAttentionConfig):
            data_iter = self.heldout_iter or self.train_iter
            result["coverage"] = coverage_histogram(translator, data_iter, config.tau)
        return result

    def draw(self, directory: Path) -> None:
        """The curve; of a decoder with attention, where it looks."""
        from ..results.plots import save
        from ..results.plots_attention import attention_figure

        super().draw(directory)
        if self.translator.has_attention:
            sentences = [source.split(" ") for source in self.shown]
            found = self.translator.greedy(sentences)
            maps = list(map(self.translator.attention, sentences, found))
            save(attention_figure(maps), directory / "attention.png")

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """With teacher forcing alone: a schedule falls over the whole training."""
        if self.config.schedule == "none":
            return ""
        return f"its schedule ({self.config.schedule}) spans all epochs"

    @classmethod
    def load(cls, saved: Saved[TranslationConfig]) -> LiveTranslator:
        """The trained net with its vocabularies."""
        config = saved.config
        vocabs = saved.vocabulary("src_vocab"), saved.vocabulary("tgt_vocab")
        net = build(config, *map(len, vocabs))
        initialize_seq2seq(net, config.num_steps, saved.device)
        put_arrays(named_arrays(net), saved.arrays)
        return LiveTranslator(net, *vocabs, config.num_steps, saved.device)


def build(config: TranslationConfig, src_size: int, tgt_size: int) -> Any:
    """The encoder-decoder of a configuration, not initialised."""
    check_sizes(config, src_size, tgt_size)
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
