"""Configurations of the experiments around bidirectional models (Section 9.4)."""

from __future__ import annotations

from dataclasses import dataclass

from .configs import HeldOutConfig, LanguageModelConfig
from .settings import (
    LARGEST_REAL,
    MOST,
    MOST_EPOCHS,
    MOST_LAYERS,
    MOST_STEPS,
    MOST_UNITS,
    setting,
)


@dataclass(frozen=True)
class HMMConfig(HeldOutConfig):
    """A hidden Markov model of the text's tokens, learned by Baum-Welch."""

    max_tokens: int = setting(
        0,
        "tokens to train on; those that follow are held out; 0: four fifths",
        minimum=0,
        maximum=MOST,
    )
    batch_size: int = setting(
        16,
        "rows that the held-out text is cut into, none seeing another",
        minimum=1,
        maximum=1_000_000,
    )
    num_states: int = setting(
        32, "values of the hidden variable", minimum=1, maximum=10_000
    )
    num_restarts: int = setting(
        5,
        "random models to try for --trial-epochs; the best goes on",
        minimum=1,
        maximum=1_000,
    )
    trial_epochs: int = setting(
        10, "Baum-Welch iterations of each trial", minimum=1, maximum=MOST_EPOCHS
    )
    num_epochs: int = setting(
        100,
        "Baum-Welch iterations in all",
        minimum=1,
        maximum=MOST_EPOCHS,
        flag="--epochs",
        effect="length",
    )
    pseudo_counts: float = setting(
        0.1,
        "added to every expected count, so that nothing is impossible",
        minimum=0,
        maximum=LARGEST_REAL,
    )


@dataclass(frozen=True)
class AuditConfig(LanguageModelConfig):
    """What a language model sees: of a checkpoint, or of one trained for it."""

    num_layers: int = setting(2, "recurrent layers", minimum=1, maximum=MOST_LAYERS)
    bidirectional: bool = setting(True, "read the text in both directions")
    checkpoint: str = setting(
        "", "checkpoint or run directory to audit; without it a model is trained"
    )
    audit_tokens: int = setting(
        10000, "tokens of each text to evaluate at most", minimum=1, maximum=MOST
    )


@dataclass(frozen=True)
class BothSidesConfig(HeldOutConfig):
    """A bidirectional net against one that reads from left to right."""

    max_tokens: int = setting(
        0,
        "tokens to train on; those that follow are held out; 0: four fifths",
        minimum=0,
        maximum=MOST,
    )
    embed_size: int = setting(
        32, "numbers that stand for a token", minimum=1, maximum=MOST_UNITS
    )
    num_hiddens: int = setting(
        128, "hidden units a layer and direction", minimum=1, maximum=MOST_UNITS
    )
    num_layers: int = setting(1, "recurrent layers", minimum=1, maximum=MOST_LAYERS)
    batch_size: int = setting(
        32, "subsequences a minibatch", minimum=1, maximum=1_000_000
    )
    num_steps: int = setting(35, "tokens a subsequence", minimum=1, maximum=MOST_STEPS)
    num_epochs: int = setting(
        12,
        "passes over the corpus",
        minimum=1,
        maximum=MOST_EPOCHS,
        flag="--epochs",
        effect="length",
    )
    lr: float = setting(
        0.02,
        "learning rate of Adam; it falls from epoch to epoch",
        above=0,
        maximum=LARGEST_REAL,
    )
    theta: float = setting(
        1.0, "largest norm of the gradient; inf: no clipping", above=0
    )
    dropout: float = setting(
        0.2,
        "rate at which inputs and outputs of the stacks are dropped",
        minimum=0,
        maximum=0.99,
    )
    match: str = setting(
        "parameters",
        "what the left-to-right net has as many of as the other: parameters in all, or "
        "hidden units a direction",
        ("parameters", "hiddens"),
    )
    min_freq: int = setting(
        1,
        "tokens rarer than this in the training text are unknown",
        minimum=1,
        maximum=MOST,
    )


@dataclass(frozen=True)
class ClozeConfig(BothSidesConfig):
    """Filling a blank, with the models that it is compared with."""

    num_states: int = setting(
        32, "states of the hidden Markov model", minimum=1, maximum=10_000
    )
    num_restarts: int = setting(2, "its random starts", minimum=1, maximum=1_000)
    trial_iterations: int = setting(
        5, "its iterations from each start", minimum=1, maximum=MOST_EPOCHS
    )
    num_iterations: int = setting(
        40, "its iterations in all", minimum=1, maximum=MOST_EPOCHS
    )
    pseudo_counts: float = setting(
        0.1, "added to its expected counts", minimum=0, maximum=LARGEST_REAL
    )
    ngram_width: int = setting(
        3, "neighbours on each side for the n-grams", minimum=1, maximum=20
    )
    smoothing: float = setting(
        3.0, "weight of shorter n-grams", above=0, maximum=LARGEST_REAL
    )


@dataclass(frozen=True)
class TaggingConfig(BothSidesConfig):
    """Capitals and punctuation from words."""

    token: str = setting("word", "what a token is", ("word",))
    clean: str = setting("book", "letters only, lower case", ("book",))
