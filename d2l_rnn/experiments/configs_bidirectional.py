"""Configurations of the experiments around bidirectional models (Section 9.4)."""

from __future__ import annotations

from dataclasses import dataclass

from .configs import HeldOutConfig, LanguageModelConfig
from .settings import (
    LARGEST_REAL,
    MOST,
    MOST_EPOCHS,
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
class HMMConfig(HeldOutConfig):
    """A hidden Markov model of the text's tokens, learned by Baum-Welch."""

    max_tokens: int = setting(
        0,
        "tokens to train on; those that follow are held out; 0: four fifths",
        minimum=0,
        maximum=MOST,
    )
    batch_size: int = batch_setting(
        16, "rows that the held-out text is cut into, none seeing another"
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
    num_epochs: int = epochs_setting(100, "Baum-Welch iterations in all")
    pseudo_counts: float = setting(
        0.1,
        "added to every expected count, so that nothing is impossible",
        minimum=0,
        maximum=LARGEST_REAL,
    )


@dataclass(frozen=True)
class AuditConfig(LanguageModelConfig):
    """What a language model sees: of a checkpoint, or of one trained for it."""

    num_layers: int = layers_setting(2)
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
    embed_size: int = units_setting(32, "numbers that stand for a token")
    num_hiddens: int = units_setting(128, "hidden units a layer and direction")
    num_layers: int = layers_setting(1)
    batch_size: int = batch_setting(32)
    num_steps: int = steps_setting(35)
    num_epochs: int = epochs_setting(12)
    lr: float = rate_setting(
        0.02, "learning rate of Adam; it falls from epoch to epoch"
    )
    theta: float = theta_setting(1.0)
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
