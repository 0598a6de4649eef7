"""Settings that many experiments have: one text and the same bounds for all of them."""

from __future__ import annotations

from typing import Any

from .settings import (
    LARGEST_REAL,
    MOST_EPOCHS,
    MOST_LAYERS,
    MOST_STEPS,
    MOST_UNITS,
    setting,
)


def epochs_setting(default: int, text: str = "passes over the corpus") -> Any:
    """How often the data are passed through: ``--epochs``."""
    return setting(
        default,
        text,
        minimum=1,
        maximum=MOST_EPOCHS,
        flag="--epochs",
        effect="length",
    )


def batch_setting(default: int, text: str = "subsequences a minibatch") -> Any:
    """How many are trained on at a time."""
    return setting(default, text, minimum=1, maximum=1_000_000)


def steps_setting(
    default: int, text: str = "tokens a subsequence", minimum: int = 1
) -> Any:
    """How long a sequence is."""
    return setting(default, text, minimum=minimum, maximum=MOST_STEPS)


def units_setting(default: int, text: str = "hidden units") -> Any:
    """How wide a layer is."""
    return setting(default, text, minimum=1, maximum=MOST_UNITS)


def layers_setting(default: int, text: str = "recurrent layers") -> Any:
    """How many layers stand on one another."""
    return setting(default, text, minimum=1, maximum=MOST_LAYERS)


def rate_setting(default: float, text: str = "learning rate") -> Any:
    """The learning rate."""
    return setting(default, text, above=0, maximum=LARGEST_REAL)


def theta_setting(default: float) -> Any:
    """Where the gradient is clipped."""
    return setting(default, "largest norm of the gradient; inf: no clipping", above=0)
