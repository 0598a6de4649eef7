"""Names of the book that a reader may replace, looked up when they are called.

The book's functions call one another by the names of one module, so a reader who
assigns ``d2l.read_imdb = mine`` is heard by ``d2l.load_data_imdb``. Here the functions
live in many modules; ``book`` finds a name where the reader replaces it, in ``d2l_rnn``
itself. Only ``chapters*`` call it, for the names that :data:`CALLS` lists.
"""

from __future__ import annotations

import importlib
from typing import Any, Dict, Tuple

CALLS: Dict[str, Tuple[str, ...]] = {
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
    """What ``d2l_rnn`` holds under a name at this moment."""
    return getattr(importlib.import_module("d2l_rnn"), name)
