"""The frozen configurations of the experiments; flags are made from their fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List

from ..errors import UsageError
from .settings import (
    MOST,
    MOST_EPOCHS,
    MOST_STEPS,
    check_fields,
    data_dir_setting,
    setting,
)
from .usual_settings import (
    batch_setting,
    epochs_setting,
    layers_setting,
    rate_setting,
    steps_setting,
    theta_setting,
    units_setting,
)


@dataclass(frozen=True)
class Config:
    """What every experiment can be told."""

    seed: int = setting(
        1,
        "seed of all random numbers of the run",
        minimum=0,
        maximum=2**31 - 1,
        effect="seed",
    )
    device: str = setting(
        "auto",
        "auto, cpu, gpu or gpu:N; several, as gpu:0,gpu:1, share each minibatch where "
        "the experiment can",
        effect="device",
    )

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class CorpusConfig(Config):
    """An experiment on a text corpus."""

    corpus: str = setting(
        "auto",
        "auto, time-machine, sample, sample-zh, or the path of a UTF-8 text file",
        effect="source",
    )
    data_dir: str = data_dir_setting()
    clean: str = setting(
        "book", "book: letters only, lower case; none: as it is", ("book", "none")
    )
    token: str = setting("char", "what a token is", ("char", "word"))
    max_tokens: int = setting(
        10000,
        "tokens to train on; those that follow are held out",
        minimum=1,
        maximum=MOST,
    )


@dataclass(frozen=True)
class HeldOutConfig(CorpusConfig):
    """An experiment on a text of which something is held out."""

    heldout_tokens: int = setting(
        200_000,
        "tokens to hold out at most, of those that follow; 0: all",
        minimum=0,
        maximum=MOST,
        effect="text",
    )


@dataclass(frozen=True)
class ModelledTextConfig(HeldOutConfig):
    """A language model's text: its vocabulary may be bounded."""

    min_freq: int = setting(
        1, "rarer tokens are unknown", minimum=1, maximum=1_000_000_000
    )
    max_vocab: int = setting(
        0,
        "the most frequent tokens to know, all others are unknown; 0: all",
        minimum=0,
        maximum=MOST,
    )


def whose_weights() -> Any:
    """The setting of experiments that the book's builds have too."""
    return setting(
        "seed",
        "what training begins with; seed: drawn from --seed; book: what the book's "
        "builds began with; auto: book where corpus and shapes are the book's",
        ("auto", "book", "seed"),
        effect="weights",
    )


def sampled_every() -> Any:
    """The setting of experiments that show what they can while they learn."""
    return setting(
        0,
        "record what the net makes after each so many epochs; 0: only at the end",
        minimum=0,
        maximum=MOST_EPOCHS,
        effect="text",
    )


@dataclass(frozen=True)
class LanguageModelConfig(ModelledTextConfig):
    """A recurrent language model, trained as in the book's ``train_ch8``."""

    implementation: str = setting(
        "gluon",
        "gluon: the fused layer; scratch: the equations written out",
        ("gluon", "scratch"),
    )
    cell: str = setting(
        "lstm",
        "kind of recurrent layer; lstm-peephole: from scratch only",
        ("rnn", "gru", "lstm", "lstm-peephole"),
    )
    num_hiddens: int = units_setting(256, "hidden units a layer and direction")
    num_layers: int = layers_setting(1)
    bidirectional: bool = setting(False, "read the text in both directions")
    dropout: float = setting(
        0.0, "rate between the layers (gluon only)", minimum=0, maximum=0.99
    )
    batch_size: int = batch_setting(32)
    num_steps: int = steps_setting(35)
    sampling: str = setting(
        "sequential",
        "sequential: state carried over; reset: the same minibatches, state fresh "
        "(the book's 'random sampling'); random: subsequences in random order",
        ("sequential", "reset", "random"),
    )
    num_epochs: int = epochs_setting(500)
    lr: float = rate_setting(1.0)
    theta: float = theta_setting(1.0)
    prefixes: str = setting(
        "time traveller,traveller",
        "what to continue, separated by commas",
        effect="text",
    )
    num_preds: int = setting(
        50,
        "tokens to generate after each prefix",
        minimum=0,
        maximum=MOST_STEPS,
        effect="text",
    )
    initial_weights: str = whose_weights()
    sample_every: int = sampled_every()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(self.prefix_list()):
            raise UsageError(f"--prefixes {self.prefixes!r:.60}: a prefix is empty")
        if self.cell == "lstm-peephole" and self.implementation == "gluon":
            raise UsageError(
                "--cell lstm-peephole contradicts --implementation gluon: Gluon has no "
                "such layer; use --implementation scratch"
            )
        if self.dropout and self.implementation == "scratch":
            raise UsageError(
                f"--dropout {self.dropout} contradicts --implementation scratch: its "
                "layers have none"
            )
        if self.dropout and self.num_layers == 1:
            raise UsageError(
                f"--dropout {self.dropout} contradicts --num-layers 1: it acts between "
                "layers"
            )

    def prefix_list(self) -> List[str]:
        """The prefixes, one by one."""
        return [prefix.strip() for prefix in self.prefixes.split(",")]


@dataclass(frozen=True)
class ChineseConfig(LanguageModelConfig):
    """A language model of Chinese characters, as the book's first edition has it."""

    corpus: str = setting(
        "sample-zh",
        "sample-zh, or what any language model takes: auto, time-machine, sample, or "
        "the path of a UTF-8 text file",
        effect="source",
    )
    clean: str = setting(
        "none", "book: letters only, lower case; none: as it is", ("book", "none")
    )
    cell: str = setting(
        "rnn",
        "kind of recurrent layer; lstm-peephole: from scratch only",
        ("rnn", "gru", "lstm", "lstm-peephole"),
    )
    num_epochs: int = epochs_setting(250)
    lr: float = rate_setting(100.0)
    theta: float = theta_setting(0.01)
    prefixes: str = setting(
        "小镇的钟,河水", "what to continue, separated by commas", effect="text"
    )
