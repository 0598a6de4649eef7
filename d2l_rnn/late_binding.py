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
    # chapters_softmax
    "evaluate_accuracy": ("accuracy",),
    "predict_ch3": ("get_fashion_mnist_labels", "show_images"),
    "train_ch3": ("Animator", "evaluate_accuracy", "train_epoch_ch3"),
    "train_epoch_ch3": ("accuracy",),
    # chapters_download
    "download": ("DATA_HUB",),
    "download_all": ("DATA_HUB", "download"),
    "download_extract": ("download",),
    # chapters_data
    "SNLIDataset": ("Vocab", "tokenize", "truncate_pad"),
    "load_data_imdb": (
        "Vocab",
        "download_extract",
        "load_array",
        "read_imdb",
        "tokenize",
        "truncate_pad",
    ),
    "load_data_ptb": (
        "Vocab",
        "batchify",
        "get_centers_and_contexts",
        "get_dataloader_workers",
        "get_negatives",
        "read_ptb",
        "subsample",
    ),
    "load_data_snli": (
        "SNLIDataset",
        "download_extract",
        "get_dataloader_workers",
        "read_snli",
    ),
    "load_data_wiki": (
        "Vocab",
        "download_extract",
        "get_dataloader_workers",
        "tokenize",
    ),
    "read_ptb": ("download_extract",),
    # chapters_aliases
    "predict_s2s_ch9": ("predict_seq2seq",),
    "train_s2s_ch9": ("train_seq2seq",),
    "translate": ("bleu", "predict_s2s_ch9"),
}


def book(name: str) -> Any:
    """What a name of the book means now: ours, or what a reader has put there."""
    return getattr(importlib.import_module(__package__), name)


def replaced(name: str) -> bool:
    """Whether a reader has put something of their own in the place of a name."""
    answer: bool = importlib.import_module(__package__).replaced(name)
    return answer
