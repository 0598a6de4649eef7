"""Which weights a run begins with: those of the book's builds, or its seed's own.

``--initial-weights auto`` is settled here, before a run has a place: it never stands in
a record. A build's weights need its corpus, which makes the vocabulary, and its shapes;
what else a run does differently, it does from the same weights.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, List, Tuple

from ..data.corpora import SOURCES, SampleCorpusWarning, load_text
from ..data.pairs import load_pairs
from ..errors import UsageError
from .configs import Config, LanguageModelConfig
from .contract import Notify
from .table import EXPERIMENTS, Experiment

#: The experiments that the book's MXNet builds have, and train from weights of theirs.
OF_THE_BUILDS = (
    "rnn-scratch",
    "rnn-scratch-reset",
    "rnn",
    "lstm-scratch",
    "lstm",
    "gru-scratch",
    "gru",
    "deep-lstm",
    "bilstm",
    "seq2seq",
    "seq2seq-attention",
)
_OF_A_LANGUAGE_MODEL = (
    "implementation",
    "cell",
    "num_layers",
    "bidirectional",
    "num_hiddens",
    "dropout",  # another kind of layer
    "clean",
    "token",
)
_OF_A_TRANSLATOR = (
    "num_examples",
    "num_heldout",
    "min_freq",
    "embed_size",
    "num_hiddens",
    "num_layers",
    "cell",
    "bidirectional",
    "mask_padding",
    "score",
)


def settled(experiment: Experiment, config: Any, notify: Notify) -> Any:
    """A configuration that says "book" or "seed" where it said "auto", and tells which.

    Raises
    ------
    UsageError
        If it says "book", and that cannot be.
    """
    asked = getattr(config, "initial_weights", "seed")
    if asked == "seed":
        return config
    why_not = why_not_the_builds(experiment, config)
    if asked == "book":
        if why_not:
            raise UsageError(f"--initial-weights book: {why_not}; accepted: seed, auto")
        return config
    if why_not:
        notify(f"{experiment.name}: initial weights of its own seed: {why_not}")
        return replace(config, initial_weights="seed")
    notify(f"{experiment.name}: initial weights of the book's builds")
    return replace(config, initial_weights="book")


def why_not_the_builds(experiment: Experiment, config: Config) -> str:
    """Why a run cannot begin with the builds' weights; empty where it can."""
    if experiment.name not in EXPERIMENTS:
        return "an experiment of your own has no builds"
    if getattr(config, "checkpoint", ""):
        return "the checkpoint is of a net that is trained already"
    name, others = nearest(config)
    if others:
        return f"no build has such a net ({'; '.join(others)})"
    return _other_corpus(config)


def nearest(config: Config) -> Tuple[str, List[str]]:
    """The builds' experiment whose net is most like that of a configuration.

    Returns
    -------
    name : str
    others : list of str
        The settings that make another net of it, each with both values.
    """
    found = [
        (name, _others(name, config))
        for name in OF_THE_BUILDS
        if isinstance(config, type(EXPERIMENTS[name].config))
    ]
    return min(found, key=lambda pair: len(pair[1]))


def _others(name: str, config: Config) -> List[str]:
    published = EXPERIMENTS[name].config
    names = list(_OF_A_TRANSLATOR)
    if isinstance(config, LanguageModelConfig):
        names = list(_OF_A_LANGUAGE_MODEL)
        if name.startswith("rnn-scratch"):  # two nets, one after the other
            names.append("sampling")
    return [
        f"{key} {getattr(config, key)}, {name} has {getattr(published, key)}"
        for key in names
        if getattr(config, key, None) != getattr(published, key, None)
    ]


def _other_corpus(config: Any) -> str:
    folder = config.data_dir or None
    with warnings.catch_warnings():  # the run itself warns of it
        warnings.simplefilter("ignore", SampleCorpusWarning)
        if isinstance(config, LanguageModelConfig):
            book_s, sha1 = "time-machine", load_text(config.corpus, folder).sha1
        else:
            book_s, sha1 = "fra-eng", load_pairs(config.corpus, folder).sha1
    if sha1 == SOURCES[book_s].sha1:
        return ""
    return f"the corpus is not the book's {book_s}"
