"""The experiments: name, configuration, section of the book, published number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List

from ..errors import UsageError
from ..hints import did_you_mean
from . import families
from .configs import ChineseConfig, Config, LanguageModelConfig
from .configs_bidirectional import AuditConfig, ClozeConfig, HMMConfig, TaggingConfig
from .configs_pixels import PixelsConfig
from .configs_sequences import (
    BpttConfig,
    EditionV1Config,
    HandwrittenConfig,
    HandwrittenGatedConfig,
    LinesConfig,
    OneToManyConfig,
    SequenceConfig,
    TextStatsConfig,
)
from .configs_translation import Seq2SeqAttentionConfig, Seq2SeqConfig
from .contract import Family
from .settings import settings_with


@dataclass(frozen=True)
class Experiment:
    """One row of the table.

    Attributes
    ----------
    name : str
    config : Config
        Its defaults: the published hyperparameters.
    section : str
        Where the book (0.17 edition) has it.
    summary : str
    family : callable
        Imports the class of the experiments of this kind.
    file_sha256 : str
        Of the file that a reader's own experiment stands in; see :mod:`.own`.
    """

    name: str
    config: Any
    family: Family
    section: str = ""
    summary: str = ""
    file_sha256: str = ""


_LSTM = LanguageModelConfig()
_SCRATCH = replace(_LSTM, implementation="scratch")
_RNN_SCRATCH = replace(_SCRATCH, cell="rnn", num_hiddens=512)  # the book: 512 here
_CLOZE = ClozeConfig()
# Words are few and mostly rare: those seen once are unknown, counts are smoothed more,
# and the nets need more passes and more dropout.
_CLOZE_WORD = replace(
    _CLOZE,
    token="word",
    min_freq=2,
    num_epochs=20,
    dropout=0.5,
    ngram_width=2,
    smoothing=30.0,
)
_V1 = EditionV1Config()

#: Who runs what a configuration of a kind says.
_FAMILIES: Dict[type, Family] = {
    LanguageModelConfig: families.language,
    ChineseConfig: families.language,
    HandwrittenConfig: families.handwritten,
    HandwrittenGatedConfig: families.handwritten,
    BpttConfig: families.bptt,
    EditionV1Config: families.edition_v1,
    SequenceConfig: families.sequence,
    TextStatsConfig: families.text_stats,
    LinesConfig: families.many_to_one,
    OneToManyConfig: families.one_to_many,
    PixelsConfig: families.pixels,
    AuditConfig: families.audit,
    HMMConfig: families.hmm,
    ClozeConfig: families.cloze,
    TaggingConfig: families.tagging,
    Seq2SeqConfig: families.translation,
    Seq2SeqAttentionConfig: families.translation,
}


def _row(name: str, config: Config, section: str, summary: str) -> Experiment:
    return Experiment(name, config, _FAMILIES[type(config)], section, summary)


# Each configuration is a step from another; the reason stands behind it.
_ROWS: List[Experiment] = [
    _row(
        "sequence",
        SequenceConfig(),
        "8.1",
        "noisy sine, predicted 1, 4, 16 and 64 steps ahead",
    ),
    _row(
        "text-stats",
        TextStatsConfig(),
        "8.2, 8.3",
        "tokens, n-grams, Zipf's law, n-gram language models",
    ),
    _row(
        "rnn-handwritten",
        HandwrittenConfig(),
        "8.4, 8.7",
        "RNN in NumPy, forward and backward pass by hand",
    ),
    _row("rnn-scratch", _RNN_SCRATCH, "8.5", "RNN from scratch, state carried over"),
    _row(
        "rnn-scratch-reset",
        replace(_RNN_SCRATCH, sampling="reset"),  # what the book calls random sampling
        "8.5",
        "RNN from scratch, the same minibatches, state fresh with each",
    ),
    _row(
        "rnn-scratch-random",
        replace(_RNN_SCRATCH, sampling="random"),  # truly random; the book: TensorFlow
        "8.5",
        "RNN from scratch, subsequences in random order",
    ),
    _row("rnn", replace(_LSTM, cell="rnn"), "8.6", "RNN language model"),
    _row(
        "rnn-zh",
        ChineseConfig(),
        "6.5 (zh v1)",
        "first Chinese edition: RNN of Chinese characters, on the embedded text",
    ),
    _row(
        "bptt",
        BpttConfig(),
        "8.7",
        "full, truncated and randomly truncated backpropagation compared",
    ),
    _row(
        "gru-handwritten",
        HandwrittenGatedConfig(cell="gru"),
        "9.1",
        "GRU in NumPy, forward and backward pass by hand",
    ),
    _row("gru-scratch", replace(_SCRATCH, cell="gru"), "9.1.2", "GRU from scratch"),
    _row("gru", replace(_LSTM, cell="gru"), "9.1.3", "GRU language model"),
    _row(
        "lstm-handwritten",
        HandwrittenGatedConfig(),
        "9.2",
        "LSTM in NumPy, forward and backward pass by hand",
    ),
    _row("lstm-scratch", _SCRATCH, "9.2.2", "LSTM from scratch"),
    _row(
        "lstm-peephole",
        replace(_SCRATCH, cell="lstm-peephole"),  # gates that see the memory cell
        "9.2",
        "LSTM from scratch with diagonal peepholes",
    ),
    _row("lstm", _LSTM, "9.2.3", "LSTM language model"),
    _row(
        "deep-scratch",
        replace(_SCRATCH, num_layers=2, lr=2.0),  # as deep-lstm
        "9.3.1",
        "LSTM of two layers from scratch",
    ),
    _row(
        "deep-lstm",
        replace(_LSTM, num_layers=2, lr=2.0),  # the book: deeper, so a larger lr
        "9.3.3",
        "LSTM language model of two layers",
    ),
    _row(
        "deep-gru",
        replace(_LSTM, cell="gru", num_layers=2, lr=2.0),  # exercise 9.3.6 (2)
        "9.3.6",
        "GRU language model of two layers",
    ),
    _row(
        "birnn-scratch",
        replace(_SCRATCH, cell="rnn", bidirectional=True),
        "9.4.2",
        "bidirectional RNN from scratch: two passes, one over the flipped input",
    ),
    _row(
        "bilstm",
        replace(_LSTM, num_layers=2, bidirectional=True),
        "9.4.3",
        "bidirectional LSTM, wrongly used as a language model",
    ),
    _row(
        "bilstm-audit",
        AuditConfig(),
        "9.4.3",
        "what the bidirectional language model sees when it predicts",
    ),
    _row(
        "hmm",
        HMMConfig(),
        "9.4.1",
        "hidden Markov model of the text, learned by Baum-Welch",
    ),
    _row(
        "cloze",
        _CLOZE,
        "9.4",
        "filling a missing character from both sides, five models",
    ),
    _row(
        "cloze-word",
        _CLOZE_WORD,
        "9.4",
        "filling a missing word from both sides, five models",
    ),
    _row(
        "tagging",
        # Few words to learn from: many passes, and much dropout.
        TaggingConfig(min_freq=2, match="hiddens", num_epochs=30, dropout=0.5),
        "9.4",
        "restoring capitals and punctuation, with and without the future",
    ),
    _row("many-to-one", LinesConfig(), "8.4", "which language a line is in"),
    _row(
        "one-to-many", OneToManyConfig(), "8.4", "lines of a language that is asked for"
    ),
    _row(
        "pixels",
        PixelsConfig(),
        "8.4",
        "pictures drawn pixel by pixel: digits of a class that is asked for",
    ),
    _row(
        "rnn-scratch-v1",
        replace(_V1, cell="rnn-scratch"),
        "9.5 (1.0)",
        "edition 1.0: RNN from scratch",
    ),
    _row("rnn-v1", _V1, "9.6 (1.0)", "edition 1.0: RNN"),
    _row(
        "lstm-v1",
        replace(_V1, cell="lstm", lr=4.0, num_epochs=50),  # the edition's own
        "10.1 (1.0)",
        "edition 1.0: LSTM",
    ),
    _row(
        "gru-v1",
        replace(_V1, cell="gru", lr=4.0, num_epochs=50),
        "10.2 (1.0)",
        "edition 1.0: GRU",
    ),
    _row(
        "birnn-v1",
        replace(_V1, cell="birnn", lr=2.0, num_epochs=50),
        "10.4 (1.0)",
        "edition 1.0: bidirectional GRU, wrongly used as a language model",
    ),
    _row(
        "seq2seq",
        Seq2SeqConfig(),
        "9.7",
        "translation, the encoder's last state as context",
    ),
    _row(
        "seq2seq-attention",
        Seq2SeqAttentionConfig(),
        "10.4",
        "translation with attention, five scores",
    ),
]

EXPERIMENTS: Dict[str, Experiment] = {row.name: row for row in _ROWS}


def published_settings() -> Dict[str, Dict[str, Any]]:
    """The settings of each experiment that change a number, as the book has them.

    With them the number of epochs: two lengths are two things to compare.
    """
    return {row.name: settings_with(row.config, "number", "length") for row in _ROWS}


def is_ours(experiment: Experiment) -> bool:
    """Whether it is a row of this table: a reader's own may have any net."""
    return EXPERIMENTS.get(experiment.name) is experiment


def find(name: str) -> Experiment:
    """The experiment of that name, or a reader's own: see :mod:`.own`.

    Raises
    ------
    UsageError
        If there is none; names the nearest, or where all stand.
    """
    if ".py:" in name:
        from .own import load

        return load(name)
    if name in EXPERIMENTS:
        return EXPERIMENTS[name]
    from .own import installed, load_installed

    if name in installed():
        return load_installed(installed()[name])
    hint = did_you_mean(name, [*EXPERIMENTS, *installed()], "see 'd2l-rnn list'")
    raise UsageError(f"experiment {name!r} is unknown; {hint}")
