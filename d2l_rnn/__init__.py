"""The recurrent chapters of *Dive into Deep Learning*, running again on MXNet.

``import d2l_rnn as d2l`` and the book's 0.17 code runs unchanged below that line.

The house, in the order in which data flows through it::

    data         characters -> ids -> minibatches
    models       minibatch -> logits, state
    inference    probabilities -> sequences and posteriors (NumPy only)
    training     net + minibatches -> stream of EpochRow
    results      numbers -> file -> verdict -> picture (never imports MXNet)

    acceleration nets that we know -> the same numbers, sooner
    generation   net -> text
    page         trained nets -> one HTML file in which they run
    experiments  name -> configuration -> recorded run
    chapters     the book's functions, wired from the rooms
    d2lzh        those of its first edition (Chinese, mxnet.nd): import d2l_rnn.d2lzh
    exercises    the notebooks' questions, and whether an answer is right
    cli          the one door: d2l-rnn list | run | ...

The rooms never import one another. Names are found on first use, so that
``import d2l_rnn`` loads neither MXNet nor d2l.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any, Dict, List

from . import blas_kernels, runtime
from .compatibility import (
    install_import_hook,
    restore_ipython_table,
    semantics_wanted,
)

__version__ = "1.0.0"

runtime.have_a_home()
blas_kernels.install_import_hook()
# Engine and threads must be chosen before mxnet is loaded, by whomever.
if "mxnet" in sys.modules:
    runtime.configure_after_mxnet()
else:
    install_import_hook()

_HOMES = {
    "chapters": ("predict_ch8", "train_ch8", "train_epoch_ch8"),
    "chapters_aliases": (
        "MLPAttention",
        "predict_s2s_ch9",
        "train_s2s_ch9",
        "translate",
    ),
    "chapters_data": (
        "SNLIDataset",
        "load_data_imdb",
        "load_data_ptb",
        "load_data_snli",
        "load_data_wiki",
        "read_ptb",
    ),
    "chapters_download": ("download", "download_all", "download_extract"),
    "chapters_softmax": (
        "accuracy",
        "evaluate_accuracy",
        "get_fashion_mnist_labels",
        "predict_ch3",
        "train_ch3",
        "train_epoch_ch3",
    ),
    "chapters_text": (
        "SeqDataLoader",
        "load_corpus_time_machine",
        "load_data_time_machine",
        "read_time_machine",
    ),
    "chapters_translation": (
        "build_array_nmt",
        "load_data_nmt",
        "predict_seq2seq",
        "train_seq2seq",
    ),
    "data.hub": ("DATA_HUB", "DATA_URL"),
    "data.sequences": ("seq_data_iter_random", "seq_data_iter_sequential"),
    "data.text": ("Vocab", "count_corpus", "tokenize"),
    "data.translation": (
        "preprocess_nmt",
        "read_data_nmt",
        "tokenize_nmt",
        "truncate_pad",
    ),
    "devices": ("try_all_gpus", "try_gpu"),
    "experiments.loaded": ("load_run",),
    "experiments.recorded": ("record",),
    "history": ("History",),
    "models.attention": (
        "AdditiveAttention",
        "DotProductAttention",
        "masked_softmax",
    ),
    "models.attention_decoder": ("AttentionDecoder", "Seq2SeqAttentionDecoder"),
    "models.encoder_decoder": ("Decoder", "Encoder", "EncoderDecoder"),
    "models.language_model": ("RNNModel",),
    "models.multihead_attention": (
        "MultiHeadAttention",
        "transpose_output",
        "transpose_qkv",
    ),
    "models.scratch_model": ("RNNModelScratch",),
    "models.seq2seq": ("Seq2SeqDecoder", "Seq2SeqEncoder"),
    "models.transformer": (
        "AddNorm",
        "EncoderBlock",
        "PositionWiseFFN",
        "PositionalEncoding",
        "TransformerEncoder",
    ),
    "results.plots_book": (
        "show_heatmaps",
        "show_images",
        "show_list_len_pair_hist",
    ),
    "results.plots_live": ("Animator",),
    "results.translation_metrics": ("bleu",),
    "training.losses": ("MaskedSoftmaxCELoss",),
    "training.parameters": ("grad_clipping",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)

# What each name meant when it was first asked for: a reader may replace any.
_found: Dict[str, Any] = {}


def __getattr__(name: str) -> Any:
    """Find a public name: ours in its room, any other in d2l 1.0.3."""
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _HOME_OF:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        semantics_wanted()
    elif importlib.util.find_spec(f"{__name__}.{name}"):
        value = importlib.import_module(f"{__name__}.{name}")
    else:
        value = _from_d2l(name)
    _found[name] = globals()[name] = value
    return value


def replaced(name: str) -> bool:
    """Whether a reader has put something of their own in the place of a name."""
    return name in globals() and globals()[name] is not _found.get(name)


def _from_d2l(name: str) -> Any:
    restore_ipython_table()
    try:
        from d2l import mxnet as d2l
    # What was compiled for another NumPy raises the last two.
    except (ImportError, OSError, ValueError, AttributeError) as error:
        from .installation import cure_of_d2l

        raise ImportError(
            f"{name!r} is not one of d2l_rnn's own names, and the d2l package that may "
            f"have it cannot be imported ({error}): {cure_of_d2l(str(error)).text}"
        ) from error
    try:
        return getattr(d2l, name)
    except AttributeError:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}, nor has d2l 1.0.3"
        ) from None


def __dir__() -> List[str]:
    return sorted(set(globals()) | set(__all__))
