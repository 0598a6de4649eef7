"""The book's functions look one another up where a reader may have replaced them.

A reader who writes ``d2l.grad_clipping = mine`` expects ``train_ch8`` to hear of it,
as it does in the book, whose functions live in one module. So those of ``chapters*``,
and they alone, ask for the names of :data:`CALLS` in the package itself, at the call.
"""

from __future__ import annotations

import importlib
from typing import Any, Dict, Tuple

#: Who calls whom.
CALLS: Dict[str, Tuple[str, ...]] = {
    "train_ch8": (
        "train_epoch_ch8",
        "predict_ch8",
        "grad_clipping",
        "sgd",
        "Timer",
        "Animator",
    ),
    "train_epoch_ch8": ("grad_clipping", "Timer"),
    "load_data_time_machine": ("SeqDataLoader",),
    "SeqDataLoader": (
        "load_corpus_time_machine",
        "seq_data_iter_random",
        "seq_data_iter_sequential",
    ),
    "load_corpus_time_machine": ("read_time_machine", "tokenize", "Vocab"),
    "train_seq2seq": ("MaskedSoftmaxCELoss", "grad_clipping", "Animator", "Timer"),
    "predict_seq2seq": ("truncate_pad",),
    "load_data_nmt": (
        "read_data_nmt",
        "preprocess_nmt",
        "tokenize_nmt",
        "Vocab",
        "build_array_nmt",
        "load_array",
    ),
    "build_array_nmt": ("truncate_pad",),
}


def book(name: str) -> Any:
    """What a name of the book means now: ours, or what a reader has put in its place."""
    return getattr(importlib.import_module(__package__), name)


def replaced(name: str) -> bool:
    """Whether a reader has put something of their own in the place of a name."""
    answer: bool = importlib.import_module(__package__).replaced(name)
    return answer
