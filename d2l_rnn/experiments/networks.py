"""The arrays of a finished run become what steps in NumPy: a maker a kind of run.

No MXNet is needed. A reader's own experiment has a net of its own, whatever its
configuration: it is not made here but asked (:mod:`..generation.asking`).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from ..data.text import Vocab
from ..generation.choosing import Steps
from ..inference.both_sides_network import BothSidesNetwork
from ..inference.cells import ElmanCell, Gate, State
from ..inference.handwritten_language_model import parameter_names
from ..inference.hmm import HiddenMarkovModel
from ..inference.hmm_steps import HMMSteps
from ..inference.network import Network, of_gluon, of_scratch
from ..inference.ngram_steps import NgramSteps, tables_in
from ..inference.ngrams import ngram_model
from ..inference.translation_network import Design, TranslationNetwork
from ..protocols import Arrays
from .configs import ChineseConfig, LanguageModelConfig
from .configs_bidirectional import ClozeConfig, HMMConfig
from .configs_sequences import (
    EditionV1Config,
    HandwrittenConfig,
    HandwrittenGatedConfig,
    OneToManyConfig,
    TextStatsConfig,
)
from .configs_translation import TranslationConfig

# Gluon's own default for ``rnn.RNN``, which the book uses, is relu.
MODES = {"rnn": "rnn_relu", "gru": "gru", "lstm": "lstm", "birnn": "gru"}


def _language_model(
    config: LanguageModelConfig, arrays: Arrays, tokens: List[str]
) -> Tuple[Vocab, Steps]:
    structure = config.num_layers, 1 + config.bidirectional
    if config.implementation == "scratch":
        params = [arrays[f"params.{number}"] for number in range(len(arrays))]
        steps = of_scratch(config.cell, *structure, params)
    else:
        steps = of_gluon(MODES[config.cell], *structure, arrays)
    return Vocab.from_tokens(tokens), steps


def _handwritten(
    config: HandwrittenConfig, arrays: Arrays, tokens: List[str]
) -> Tuple[Vocab, Steps]:
    """Its arrays stand as columns: ``s = U x + W h + b``, ``o = V h + c``."""
    U, W, b, V, c = (arrays[name] for name in "UWbVc")
    cell = ElmanCell(Gate(U.T, W.T, b[:, 0]), relu=config.activation == "relu")
    return Vocab.from_tokens(tokens), Network([[cell]], V.T, c[:, 0])


def _handwritten_gated(
    config: HandwrittenGatedConfig, arrays: Arrays, tokens: List[str]
) -> Tuple[Vocab, Steps]:
    params = [arrays[name] for name in parameter_names(config.cell)]
    return Vocab.from_tokens(tokens), of_scratch(config.cell, 1, 1, params)


def _one_to_many(
    config: OneToManyConfig, arrays: Arrays, tokens: List[str]
) -> Tuple[Vocab, Steps]:
    return Vocab.from_tokens(tokens), of_gluon("gru", 1, 1, arrays)


def first_state(arrays: Arrays, label: int, rows: int) -> State:
    """What a label becomes, ``h_0 = tanh(C[label])``, in each of so many rows.

    Parameters
    ----------
    arrays : mapping of str to numpy.ndarray
        Of a :class:`d2l_rnn.models.shapes.LineGenerator`.
    label, rows : int
    """
    return [np.tile(np.tanh(arrays["classes.weight"][label]), (rows, 1))]


def _edition_v1(
    config: EditionV1Config, arrays: Arrays, tokens: List[str]
) -> Tuple[Vocab, Steps]:
    """Its vocabulary is in the order of the alphabet; ours begin with ``<unk>``."""
    order = sorted(range(len(tokens)), key=lambda i: tokens[i] != "<unk>")
    vocab = Vocab.from_tokens([tokens[i] for i in order])
    if config.cell == "rnn-scratch":
        # d2l 1.0.3 numbers them by name, the language model's own before the layer's.
        W_hq, b_q, W_hh, W_xh, b_h = (arrays[f"params.{k}"] for k in range(5))
        own = [W_xh[order], W_hh, b_h, W_hq[:, order], b_q[order]]
        return vocab, of_scratch("rnn", 1, 1, own)
    moved = dict(arrays)
    for name, array in arrays.items():
        if name.startswith("linear."):
            moved[name] = array[order]
        elif name.endswith("_i2h_weight"):
            moved[name] = array[:, order]
    directions = 1 + (config.cell == "birnn")
    steps = of_gluon(MODES[config.cell], 1, directions, moved, "rnn.rnn", "linear")
    return vocab, steps


def _hmm(config: HMMConfig, arrays: Arrays, tokens: List[str]) -> Tuple[Vocab, Steps]:
    tables = (arrays[name] for name in ("initial", "transition", "emission"))
    return Vocab.from_tokens(tokens), HMMSteps(HiddenMarkovModel(*tables))


def _ngrams(
    config: TextStatsConfig, arrays: Arrays, tokens: List[str]
) -> Tuple[Vocab, Steps]:
    """The longest n-grams whose counts were kept."""
    tables = tables_in(arrays)
    model = ngram_model(len(tables), len(tokens), smoothing=config.smoothing)
    return Vocab.from_tokens(tokens), NgramSteps(model.add(tables))


Maker = Callable[[Any, Arrays, List[str]], Tuple[Vocab, Steps]]
_MAKERS: Dict[type, Maker] = {
    LanguageModelConfig: _language_model,
    ChineseConfig: _language_model,
    HandwrittenConfig: _handwritten,
    HandwrittenGatedConfig: _handwritten_gated,
    OneToManyConfig: _one_to_many,
    EditionV1Config: _edition_v1,
    HMMConfig: _hmm,
    TextStatsConfig: _ngrams,
}


def maker_of(config: object) -> Optional[Maker]:
    """What makes a model that continues texts; None for a run that is none."""
    return _MAKERS.get(type(config))


def steps_of(config: object, arrays: Arrays, tokens: List[str]) -> Tuple[Vocab, Steps]:
    """The model of one of our runs, and its vocabulary.

    Parameters
    ----------
    config : Config
        With a :func:`maker_of`.
    arrays : mapping of str to numpy.ndarray
        Of its checkpoint.
    tokens : list of str
        The vocabulary in the order of ids.

    Raises
    ------
    AttributeError, LookupError, TypeError, ValueError, UsageError
        If they do not fit one another.
    """
    vocab, steps = _MAKERS[type(config)](config, arrays, tokens)
    # The last token is read: what does not fit shows here, not amid a text.
    log_probs, _ = steps.step([len(vocab) - 1], steps.begin_state(1))
    if log_probs.shape != (1, len(vocab)):
        raise ValueError(f"{log_probs.shape[-1]} outputs for {len(vocab)} tokens")
    return vocab, steps


def filler_network(
    config: ClozeConfig, arrays: Arrays, vocab_size: int
) -> BothSidesNetwork:
    """The bidirectional net of a run of ``cloze`` or ``cloze-word``.

    Raises
    ------
    LookupError, TypeError, ValueError
        If its arrays do not fit.
    """
    start = "bidirectional."
    own = {k[len(start) :]: a for k, a in arrays.items() if k.startswith(start)}
    network = BothSidesNetwork(config.num_layers, own)
    given = network.probabilities(np.full((1, 2), vocab_size - 1))
    if given.shape != (1, 2, vocab_size):
        raise ValueError(f"{given.shape[-1]} outputs for {vocab_size} tokens")
    return network


def translation_network(
    config: TranslationConfig, arrays: Arrays, src_size: int, tgt_size: int
) -> TranslationNetwork:
    """The encoder-decoder of a run of ``seq2seq`` or ``seq2seq-attention``.

    Raises
    ------
    LookupError, TypeError, ValueError
        If its arrays do not fit.
    """
    design = Design(
        config.cell,
        config.num_layers,
        config.bidirectional,
        config.mask_padding or config.bidirectional,
        config.bridge,
        getattr(config, "book_context", False),
        getattr(config, "score", ""),
        getattr(config, "normalise", True),
    )
    network = TranslationNetwork(design, arrays)
    state = network.begin_state(np.full((1, 2), src_size - 1), np.array([2]))
    log_probs, _ = network.step([tgt_size - 1], state)
    if log_probs.shape != (1, tgt_size):
        raise ValueError(f"{log_probs.shape[-1]} outputs for {tgt_size} tokens")
    return network
