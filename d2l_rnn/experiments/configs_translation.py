"""Configurations of the translation experiments (Sections 9.7 and 10.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

from ..errors import UsageError
from .configs import Config, whose_weights
from .settings import (
    LARGEST_REAL,
    MOST,
    data_dir_setting,
    setting,
)
from .usual_settings import (
    batch_setting,
    epochs_setting,
    layers_setting,
    rate_setting,
    steps_setting,
    units_setting,
)


@dataclass(frozen=True)
class TranslationConfig(Config):
    """An encoder and a decoder, trained as in the book's ``train_seq2seq``."""

    corpus: str = setting(
        "auto",
        "auto, fra-eng, sample, or the path of a UTF-8 text file of pairs, one a line: "
        "source, tab, target",
        effect="source",
    )
    data_dir: str = data_dir_setting()
    num_examples: int = setting(
        600,
        "index of the last pair to read, from 0 as in the book; 0: all",
        minimum=0,
        maximum=MOST,
    )
    num_heldout: int = setting(
        0, "of these, how many to hold out and evaluate on", minimum=0, maximum=MOST
    )
    min_freq: int = setting(
        2,
        "how often a word must occur to be in the vocabulary",
        minimum=1,
        maximum=MOST,
    )
    batch_size: int = batch_setting(64, "pairs a minibatch")
    num_steps: int = steps_setting(
        10, "tokens that a sentence is cut or padded to, <eos> among them", minimum=2
    )
    embed_size: int = units_setting(32, "numbers that stand for a token")
    num_hiddens: int = units_setting(32, "hidden units a layer")
    num_layers: int = layers_setting(2, "recurrent layers on each side")
    dropout: float = setting(
        0.1, "rate between the layers and on attention", minimum=0, maximum=0.99
    )
    cell: str = setting("gru", "kind of recurrent layer", ("gru", "lstm"))
    bridge: str = setting(
        "state",
        "what the decoder begins with: all of the encoder's state, its hidden states, "
        "its memory cells (lstm), or its top layer's output for every layer",
        ("state", "hidden", "cell", "output"),
    )
    bidirectional: bool = setting(
        False, "encoder that reads in both directions, each with half the units"
    )
    mask_padding: bool = setting(
        False, "encoder that ends at a sentence's length; always with --bidirectional"
    )
    num_epochs: int = epochs_setting(300, "passes over the pairs")
    lr: float = rate_setting(0.005, "learning rate of Adam")
    theta: float = setting(1.0, "largest norm of the gradient", above=0)
    schedule: str = setting(
        "none",
        "how the probability of reading the true token falls; none: teacher forcing",
        ("none", "linear", "exponential", "inverse-sigmoid"),
    )
    final_probability: float = setting(
        0.25, "that probability in the last epoch", minimum=0.001, maximum=0.999
    )
    beam_sizes: str = setting(
        "2,4,8",
        "beams to translate held-out sentences with, beside greedy search",
        effect="text",
    )
    alpha: float = setting(
        0.75,
        "exponent of the length in a beam's ranking",
        minimum=0,
        maximum=10,
        effect="text",
    )
    initial_weights: str = whose_weights()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.beams()
        if 0 < self.num_examples <= self.num_heldout:
            raise UsageError(
                f"--num-heldout {self.num_heldout} contradicts --num-examples "
                f"{self.num_examples}: none would be left to train on"
            )
        if self.bridge == "cell" and self.cell != "lstm":
            raise UsageError(
                f"--bridge cell contradicts --cell {self.cell}: only an LSTM has "
                "memory cells"
            )
        if self.bidirectional and self.num_hiddens % 2:
            raise UsageError(
                f"--bidirectional contradicts --num-hiddens {self.num_hiddens}: each "
                "direction has half of them, so the number must be even"
            )
        if self.schedule == "none" and self.final_probability != 0.25:
            raise UsageError(
                f"--final-probability {self.final_probability} contradicts --schedule "
                "none: teacher forcing always reads the true token"
            )

    def beams(self) -> List[int]:
        """The beam sizes, one by one."""
        try:
            beams = [int(size) for size in self.beam_sizes.split(",")]
        except ValueError:
            beams = []
        if not beams or min(beams) < 1:
            raise UsageError(
                f"--beam-sizes {self.beam_sizes!r:.60}: accepted are whole numbers "
                "from 1 on, separated by commas"
            )
        return beams


@dataclass(frozen=True)
class Seq2SeqConfig(TranslationConfig):
    """The encoder's last state is the context of every step (Section 9.7)."""

    book_context: bool = setting(
        False,
        "when translating, take the decoder's own last state for the context, as the "
        "0.17 edition does",
        effect="text",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.book_context and self.bridge == "cell":
            raise UsageError(
                "--book-context contradicts --bridge cell: that context is the hidden "
                "state, which then begins with 0"
            )


@dataclass(frozen=True)
class Seq2SeqAttentionConfig(TranslationConfig):
    """The decoder attends to the encoder's outputs at every step (Section 10.4)."""

    num_epochs: int = epochs_setting(250, "passes over the pairs")
    score: str = setting(
        "additive",
        "how well a query matches a key; dot is scaled by the root of the size",
        ("additive", "dot", "dot-unscaled", "cosine", "bilinear"),
    )
    normalise: bool = setting(
        True, "attention weights are the softmax of the scores, not the scores"
    )
    attention_penalty: float = setting(
        0.0,
        "weight of the squares by which each source position's attention, summed over "
        "the target, strays from --tau",
        minimum=0,
        maximum=LARGEST_REAL,
    )
    tau: float = setting(
        1.0,
        "attention that a source position should get in sum",
        above=0,
        maximum=1_000,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tau != 1.0 and not self.attention_penalty:
            raise UsageError(
                f"--tau {self.tau} contradicts --attention-penalty 0: without the "
                "penalty it has no effect"
            )
