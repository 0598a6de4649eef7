"""Configurations of the experiments beside the language models of chapters 8 and 9."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

from ..errors import UsageError
from .configs import (
    Config,
    CorpusConfig,
    HeldOutConfig,
    ModelledTextConfig,
    sampled_every,
)
from .settings import (
    LARGEST_REAL,
    MOST,
    MOST_STEPS,
    data_dir_setting,
    setting,
)
from .usual_settings import (
    batch_setting,
    epochs_setting,
    rate_setting,
    steps_setting,
    theta_setting,
    units_setting,
)


@dataclass(frozen=True)
class _Generating(Config):
    """An experiment that ends with texts of its model."""

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
    sample_every: int = sampled_every()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(self.prefix_list()):
            raise UsageError(f"--prefixes {self.prefixes!r:.60}: a prefix is empty")

    def prefix_list(self) -> List[str]:
        """The prefixes, one by one."""
        return [prefix.strip() for prefix in self.prefixes.split(",")]


@dataclass(frozen=True)
class TextStatsConfig(HeldOutConfig):
    """Counts of a text, and n-gram language models of it."""

    max_order: int = setting(5, "largest n of the n-gram models", minimum=1, maximum=20)
    smoothing: float = setting(
        1.0,
        "Laplace smoothing: imagined counts given to the shorter n-gram",
        above=0,
        maximum=LARGEST_REAL,
    )
    num_top: int = setting(
        10, "how many of the most frequent n-grams to name", minimum=1, maximum=10_000
    )


@dataclass(frozen=True)
class SequenceConfig(Config):
    """Predicting a noisy sine from its last values."""

    data_seed: int = setting(
        0,
        "seed of the noise and the first weights; 0 is MXNet's own and the book's, "
        "while --seed orders the minibatches",
        minimum=0,
        maximum=2**31 - 1,
    )
    num_points: int = setting(
        1000, "length of the series", minimum=1, maximum=1_000_000
    )
    noise: float = setting(
        0.2, "standard deviation of its noise", minimum=0, maximum=LARGEST_REAL
    )
    tau: int = setting(
        4, "past values that a prediction sees", minimum=1, maximum=1_000
    )
    num_train: int = setting(
        600, "pairs to train on, from the first", minimum=1, maximum=MOST
    )
    max_steps: int = setting(
        64, "farthest prediction, in steps", minimum=1, maximum=1_000
    )
    num_hiddens: int = units_setting(10)
    batch_size: int = batch_setting(16, "pairs a minibatch")
    num_epochs: int = epochs_setting(5, "passes over the pairs")
    lr: float = rate_setting(0.01, "learning rate of Adam")

    def __post_init__(self) -> None:
        super().__post_init__()
        # One target at least is the same for every number of steps, and not trained on.
        needed = self.num_train + self.tau + 2 * self.max_steps - 1
        if self.num_points < needed:
            raise UsageError(
                f"--num-points {self.num_points}: at least {needed} with --num-train "
                f"{self.num_train}, --tau {self.tau} and --max-steps {self.max_steps}"
            )


@dataclass(frozen=True)
class ByHandConfig(ModelledTextConfig, _Generating):
    """A language model in NumPy, trained by gradients that are written by hand."""

    num_hiddens: int = units_setting(256)
    batch_size: int = batch_setting(32)
    num_steps: int = steps_setting(35)
    num_epochs: int = epochs_setting(500)
    lr: float = rate_setting(1.0)
    theta: float = theta_setting(1.0)


@dataclass(frozen=True)
class HandwrittenConfig(ByHandConfig):
    """The character RNN in NumPy."""

    activation: str = setting("tanh", "of the hidden state", ("tanh", "relu"))
    concatenated: bool = setting(
        False, "compute [U, W] [x; s] instead of U x + W s: the same numbers"
    )


@dataclass(frozen=True)
class HandwrittenGatedConfig(ByHandConfig):
    """A gated character RNN in NumPy."""

    cell: str = setting("lstm", "kind of recurrent layer", ("gru", "lstm"))


@dataclass(frozen=True)
class BpttConfig(CorpusConfig):
    """Three ways to cut the gradient through time, on one task."""

    cell: str = setting("rnn", "kind of recurrent layer", ("rnn", "gru", "lstm"))
    num_hiddens: int = units_setting(64)
    batch_size: int = batch_setting(32)
    num_steps: int = steps_setting(
        64, "tokens a subsequence: as far as full computation reaches", minimum=2
    )
    length: int = setting(
        8, "steps a segment of regular truncation", minimum=1, maximum=MOST_STEPS
    )
    probability: float = setting(
        0.5, "that randomised truncation lets the gradient pass", above=0, maximum=1
    )
    period: int = setting(
        4,
        "steps between its draws; its mean segment is period / (1 - probability)",
        minimum=1,
        maximum=MOST_STEPS,
    )
    num_epochs: int = epochs_setting(150)
    lr: float = rate_setting(1.0)
    theta: float = theta_setting(1.0)
    num_draws: int = setting(
        200,
        "random truncations of one minibatch to measure",
        minimum=2,
        maximum=100_000,
    )
    flow_steps: int = setting(
        60,
        "steps of the demonstration of vanishing and exploding",
        minimum=2,
        maximum=10_000,
    )


@dataclass(frozen=True)
class LinesConfig(Config):
    """English and French sentences, a character at a time."""

    corpus: str = setting(
        "auto",
        "auto, fra-eng, sample, or the path of a file of sentence pairs",
        effect="source",
    )
    data_dir: str = data_dir_setting()
    num_examples: int = setting(
        4000,
        "lines of each language, chosen from the whole file",
        minimum=2,
        maximum=MOST,
    )
    heldout_fraction: float = setting(
        0.2, "part of the lines that is held out", above=0, maximum=0.9
    )
    num_steps: int = steps_setting(40, "longer lines are left out", minimum=2)
    embed_size: int = units_setting(16, "numbers that stand for a character")
    num_hiddens: int = units_setting(64)
    batch_size: int = batch_setting(64, "lines a minibatch")
    num_epochs: int = epochs_setting(5, "passes over the lines")
    lr: float = rate_setting(0.01, "learning rate of Adam")
    theta: float = theta_setting(1.0)


@dataclass(frozen=True)
class OneToManyConfig(LinesConfig):
    """A language in, a line out."""

    num_hiddens: int = units_setting(128)
    num_epochs: int = epochs_setting(15, "passes over the lines")
    temperature: float = setting(
        0.7,
        "of the sampled lines: below 1 sharper, above flatter",
        above=0,
        maximum=LARGEST_REAL,
    )
    num_samples: int = setting(
        5, "lines to sample for each language", minimum=1, maximum=10_000
    )
    sample_every: int = sampled_every()


@dataclass(frozen=True)
class EditionV1Config(_Generating):
    """A language model as d2l 1.0.3 builds, feeds and trains it."""

    corpus: str = setting(
        "auto",
        "auto, time-machine, sample, sample-zh, or the path of a UTF-8 text file",
        effect="source",
    )
    data_dir: str = data_dir_setting()
    cell: str = setting(
        "rnn", "which of its models", ("rnn-scratch", "rnn", "gru", "lstm", "birnn")
    )
    num_hiddens: int = units_setting(32, "hidden units a direction")
    batch_size: int = batch_setting(1024)
    num_steps: int = steps_setting(32)
    num_train: int = setting(
        10000,
        "subsequences to train on: one begins at each token",
        minimum=1,
        maximum=MOST,
    )
    num_val: int = setting(
        5000, "subsequences that follow, to validate on", minimum=1, maximum=MOST
    )
    num_epochs: int = epochs_setting(100, "passes over them")
    lr: float = rate_setting(1.0)
    theta: float = setting(1.0, "gradient_clip_val; 0: no clipping", minimum=0)
    prefixes: str = setting(
        "it has", "what to continue, separated by commas", effect="text"
    )
    num_preds: int = setting(
        20,
        "tokens to generate after each prefix",
        minimum=0,
        maximum=MOST_STEPS,
        effect="text",
    )
