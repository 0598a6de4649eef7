"""The configuration of the experiment that draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

from ..data.images import ACCEPTED, DIGITS
from ..errors import UsageError
from .configs import Config, sampled_every
from .settings import (
    LARGEST_REAL,
    MOST,
    setting,
)
from .usual_settings import (
    batch_setting,
    epochs_setting,
    layers_setting,
    rate_setting,
    theta_setting,
    units_setting,
)

MOST_TEMPERATURES = 10


@dataclass(frozen=True)
class PixelsConfig(Config):
    """Images as sequences of pixels, each predicted from those before."""

    images: str = setting(DIGITS, ACCEPTED, effect="source")
    num_examples: int = setting(
        0,
        "images to use, the first; 0: all; the last fifth of them is held out",
        minimum=0,
        maximum=MOST,
    )
    levels: int = setting(
        17, "grey levels, from black to the lightest pixel", minimum=2, maximum=256
    )
    cell: str = setting("gru", "kind of recurrent layer", ("lstm", "gru"))
    conditional: bool = setting(True, "tell the net an image's class")
    embed_size: int = units_setting(16, "numbers that stand for a level")
    num_hiddens: int = units_setting(128, "hidden units a layer")
    num_layers: int = layers_setting(1)
    dropout: float = setting(
        0.3, "rate at the uppermost hidden states", minimum=0, maximum=0.99
    )
    batch_size: int = batch_setting(32, "images a minibatch")
    num_epochs: int = epochs_setting(25, "passes over the images")
    lr: float = rate_setting(
        0.005, "learning rate of Adam at the beginning; falls in equal steps"
    )
    theta: float = theta_setting(1.0)
    temperatures: str = setting(
        "0.5,0.8,1",
        "of the samples, separated by commas: below 1 surer, above bolder",
        effect="text",
    )
    num_samples: int = setting(
        10,
        "images to draw at each temperature: of each class, where it is told",
        minimum=1,
        maximum=1_000,
        effect="text",
    )
    sample_every: int = sampled_every()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.temperature_list()

    def temperature_list(self) -> List[float]:
        """The temperatures, one by one.

        Raises
        ------
        UsageError
            If one is no number greater than 0.
        """
        words = self.temperatures.split(",")
        try:
            found = [float(word) for word in words]
        except ValueError:
            found = []
        if not found or not all(0 < t < LARGEST_REAL for t in found):
            raise UsageError(
                f"--temperatures {self.temperatures!r:.60}: accepted are numbers "
                "greater than 0, separated by commas"
            )
        if len(found) > MOST_TEMPERATURES:
            raise UsageError(
                f"--temperatures: {len(found)} of them; at most {MOST_TEMPERATURES}"
            )
        return found
