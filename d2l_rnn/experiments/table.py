"""The experiments: name, configuration, section of the book, published number."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import Dict, List, Optional

from ..errors import UsageError
from .configs import Config, LanguageModelConfig


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

# Each configuration is a step from another; the reason stands behind it.
_ROWS: List[Experiment] = [
    Experiment(
        "rnn", replace(_LSTM, cell="rnn"), "8.6", "RNN language model", _LANGUAGE
    ),
    Experiment(
        "gru", replace(_LSTM, cell="gru"), "9.1.3", "GRU language model", _LANGUAGE
    ),
    Experiment("lstm", _LSTM, "9.2.3", "LSTM language model", _LANGUAGE),
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
        "bilstm",
        replace(_LSTM, num_layers=2, bidirectional=True),
        "9.4.3",
        "bidirectional LSTM, wrongly used as a language model",
        _LANGUAGE,
    ),
]

EXPERIMENTS: Dict[str, Experiment] = {row.name: row for row in _ROWS}


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
