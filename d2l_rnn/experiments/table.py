"""The experiments: name, configuration, section of the book, published number."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional

from ..errors import UsageError
from .configs import Config, LanguageModelConfig
from .configs_bidirectional import AuditConfig, ClozeConfig, HMMConfig, TaggingConfig
from .configs_sequences import (
    BpttConfig,
    EditionV1Config,
    HandwrittenConfig,
    LinesConfig,
    OneToManyConfig,
    SequenceConfig,
    TextStatsConfig,
)
from .configs_translation import Seq2SeqAttentionConfig, Seq2SeqConfig
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
    family : str
        Module of this package whose ``run(config, run)`` does the work.
    """

    name: str
    config: Config
    section: str
    summary: str
    family: str


_LSTM = LanguageModelConfig()
_LANGUAGE = "language"
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
_EDITION_V1 = "edition_v1"

# Each configuration is a step from another; the reason stands behind it.
_ROWS: List[Experiment] = [
    Experiment(
        "sequence",
        SequenceConfig(),
        "8.1",
        "noisy sine, predicted 1, 4, 16 and 64 steps ahead",
        "sequence",
    ),
    Experiment(
        "text-stats",
        TextStatsConfig(),
        "8.2, 8.3",
        "tokens, n-grams, Zipf's law, n-gram language models",
        "text_stats",
    ),
    Experiment(
        "rnn-handwritten",
        HandwrittenConfig(),
        "8.4, 8.7",
        "RNN in NumPy, forward and backward pass by hand",
        "handwritten",
    ),
    Experiment(
        "rnn-scratch",
        _RNN_SCRATCH,
        "8.5",
        "RNN from scratch, state carried over",
        _LANGUAGE,
    ),
    Experiment(
        "rnn-scratch-reset",
        replace(_RNN_SCRATCH, sampling="reset"),  # what the book calls random sampling
        "8.5",
        "RNN from scratch, the same minibatches, state fresh with each",
        _LANGUAGE,
    ),
    Experiment(
        "rnn-scratch-random",
        replace(_RNN_SCRATCH, sampling="random"),  # truly random; the book: TensorFlow
        "8.5",
        "RNN from scratch, subsequences in random order",
        _LANGUAGE,
    ),
    Experiment(
        "rnn", replace(_LSTM, cell="rnn"), "8.6", "RNN language model", _LANGUAGE
    ),
    Experiment(
        "bptt",
        BpttConfig(),
        "8.7",
        "full, truncated and randomly truncated backpropagation compared",
        "bptt",
    ),
    Experiment(
        "gru-scratch",
        replace(_SCRATCH, cell="gru"),
        "9.1.2",
        "GRU from scratch",
        _LANGUAGE,
    ),
    Experiment(
        "gru", replace(_LSTM, cell="gru"), "9.1.3", "GRU language model", _LANGUAGE
    ),
    Experiment("lstm-scratch", _SCRATCH, "9.2.2", "LSTM from scratch", _LANGUAGE),
    Experiment(
        "lstm-peephole",
        replace(_SCRATCH, cell="lstm-peephole"),  # gates that see the memory cell
        "9.2",
        "LSTM from scratch with diagonal peepholes",
        _LANGUAGE,
    ),
    Experiment("lstm", _LSTM, "9.2.3", "LSTM language model", _LANGUAGE),
    Experiment(
        "deep-scratch",
        replace(_SCRATCH, num_layers=2, lr=2.0),  # as deep-lstm
        "9.3.1",
        "LSTM of two layers from scratch",
        _LANGUAGE,
    ),
    Experiment(
        "deep-lstm",
        replace(_LSTM, num_layers=2, lr=2.0),  # the book: deeper, so a larger lr
        "9.3.3",
        "LSTM language model of two layers",
        _LANGUAGE,
    ),
    Experiment(
        "deep-gru",
        replace(_LSTM, cell="gru", num_layers=2, lr=2.0),  # exercise 9.3.6 (2)
        "9.3.6",
        "GRU language model of two layers",
        _LANGUAGE,
    ),
    Experiment(
        "birnn-scratch",
        replace(_SCRATCH, cell="rnn", bidirectional=True),
        "9.4.2",
        "bidirectional RNN from scratch: two passes, one over the flipped input",
        _LANGUAGE,
    ),
    Experiment(
        "bilstm",
        replace(_LSTM, num_layers=2, bidirectional=True),
        "9.4.3",
        "bidirectional LSTM, wrongly used as a language model",
        _LANGUAGE,
    ),
    Experiment(
        "bilstm-audit",
        AuditConfig(),
        "9.4.3",
        "what the bidirectional language model sees when it predicts",
        "audit",
    ),
    Experiment(
        "hmm",
        HMMConfig(),
        "9.4.1",
        "hidden Markov model of the text, learned by Baum-Welch",
        "hmm",
    ),
    Experiment(
        "cloze",
        _CLOZE,
        "9.4",
        "filling a missing character from both sides, five models",
        "cloze",
    ),
    Experiment(
        "cloze-word",
        _CLOZE_WORD,
        "9.4",
        "filling a missing word from both sides, five models",
        "cloze",
    ),
    Experiment(
        "tagging",
        # Few words to learn from: many passes, and much dropout.
        TaggingConfig(min_freq=2, match="hiddens", num_epochs=30, dropout=0.5),
        "9.4",
        "restoring capitals and punctuation, with and without the future",
        "tagging",
    ),
    Experiment(
        "many-to-one",
        LinesConfig(),
        "8.4",
        "which language a line is in",
        "many_to_one",
    ),
    Experiment(
        "one-to-many",
        OneToManyConfig(),
        "8.4",
        "lines of a language that is asked for",
        "one_to_many",
    ),
    Experiment(
        "rnn-scratch-v1",
        replace(_V1, cell="rnn-scratch"),
        "9.5 (1.0)",
        "edition 1.0: RNN from scratch",
        _EDITION_V1,
    ),
    Experiment(
        "rnn-v1",
        _V1,
        "9.6 (1.0)",
        "edition 1.0: RNN",
        _EDITION_V1,
    ),
    Experiment(
        "lstm-v1",
        replace(_V1, cell="lstm", lr=4.0, num_epochs=50),  # the edition's own
        "10.1 (1.0)",
        "edition 1.0: LSTM",
        _EDITION_V1,
    ),
    Experiment(
        "gru-v1",
        replace(_V1, cell="gru", lr=4.0, num_epochs=50),
        "10.2 (1.0)",
        "edition 1.0: GRU",
        _EDITION_V1,
    ),
    Experiment(
        "birnn-v1",
        replace(_V1, cell="birnn", lr=2.0, num_epochs=50),
        "10.4 (1.0)",
        "edition 1.0: bidirectional GRU, wrongly used as a language model",
        _EDITION_V1,
    ),
    Experiment(
        "seq2seq",
        Seq2SeqConfig(),
        "9.7",
        "translation, the encoder's last state as context",
        "translation",
    ),
    Experiment(
        "seq2seq-attention",
        Seq2SeqAttentionConfig(),
        "10.4",
        "translation with attention, five scores",
        "translation",
    ),
]

EXPERIMENTS: Dict[str, Experiment] = {row.name: row for row in _ROWS}


def published_settings() -> Dict[str, Dict[str, Any]]:
    """The settings of each experiment that change a number, as the book has them."""
    return {row.name: settings_with(row.config, "number") for row in _ROWS}


def find(name: str) -> Experiment:
    """The experiment of that name.

    Raises
    ------
    UsageError
        If there is none; names the nearest, or all.
    """
    if name in EXPERIMENTS:
        return EXPERIMENTS[name]
    near: List[str] = difflib.get_close_matches(name, EXPERIMENTS, n=3)
    hint: Optional[str] = " or ".join(near) if near else ", ".join(EXPERIMENTS)
    raise UsageError(f"experiment {name!r} is unknown; did you mean {hint}?")
