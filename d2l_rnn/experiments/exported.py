"""A finished run as plain arrays that can be taken elsewhere: to the room export."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

import numpy

from .. import __version__
from ..data.images import MOST_PIXELS
from ..data.pairs import LANGUAGES
from ..errors import RunError
from ..export.nets import (
    BothSidesNet,
    ClassifierNet,
    Dense,
    HiddenMarkovNet,
    LanguageNet,
    Net,
    PixelNet,
    Stack,
    Trained,
    TranslationNet,
    Weights,
)
from ..export.reading import dense_of, stack_of_gluon, stack_of_scratch, taken
from ..files import PathLike
from ..inference.handwritten_language_model import parameter_names
from ..inference.translation_network import Design
from ..protocols import Arrays
from ..results import record
from .configs import ChineseConfig, LanguageModelConfig
from .configs_bidirectional import ClozeConfig, HMMConfig, TaggingConfig
from .configs_pixels import PixelsConfig
from .configs_sequences import (
    EditionV1Config,
    HandwrittenConfig,
    HandwrittenGatedConfig,
    LinesConfig,
    OneToManyConfig,
)
from .configs_translation import Seq2SeqAttentionConfig, Seq2SeqConfig
from .loaded import finished_run
from .networks import MODES
from .resume import checkpoint_of

#: Of the two nets of Section 9.4 the one that reads both sides.
_BOTH = "bidirectional."
#: Of the two of ``pixels`` the one that draws.
_DRAWS = "recurrent."


def load_trained(path: PathLike) -> Trained:
    """The net of a finished run.

    Parameters
    ----------
    path : path
        A run directory.

    Returns
    -------
    Trained
        Of cloze and tagging the bidirectional net.

    Raises
    ------
    RunError
        If it is no run directory, is not finished, was changed after it was written,
        has no checkpoint, or is of an experiment that leaves no such net.
    """
    trained, experiment, config = finished_run(path)
    if type(config) not in _NETS:
        raise RunError(
            f"run {path}: {experiment.name} leaves no net to export; our language "
            "models, cloze, tagging, lines, translation, hmm and pixels do"
        )
    arrays, notes = checkpoint_of(trained, Path(path) / record.CHECKPOINT)
    try:
        names = _NETS[type(config)][1]
        vocabularies = {name: _tokens(notes, name) for name in names}
        sizes = [len(tokens) for tokens in vocabularies.values()]
        net = net_of(config, arrays, *sizes)
        shape = _shape(notes) if isinstance(config, PixelsConfig) else {}
    except ValueError as error:
        raise RunError(
            f"checkpoint of run {path} does not fit its settings ({error})"
        ) from None
    if isinstance(config, LinesConfig):
        vocabularies["labels"] = list(LANGUAGES)
    facts = {"experiment": experiment.name, "d2l_rnn": __version__, **shape}
    for name in ("token", "clean", "num_steps"):
        if hasattr(config, name):
            facts[name] = str(getattr(config, name))
    return Trained(net, experiment.name, facts, vocabularies)


def net_of(config: Any, arrays: Arrays, *sizes: int) -> Net:
    """The net of a configuration and its arrays.

    Parameters
    ----------
    config : Config
    arrays : mapping of str to numpy.ndarray
        By the names that checkpoints have; others than the net's may be among them.
    sizes : int
        Of the vocabularies.

    Raises
    ------
    ValueError
        If an array is missing, or does not fit.
    """
    make, _ = _NETS[type(config)]
    return make(config, arrays, *sizes)


def _tokens(notes: Mapping[str, Any], name: str) -> List[str]:
    tokens = notes.get(name)
    if not isinstance(tokens, list) or not all(isinstance(t, str) for t in tokens):
        raise ValueError(f"{name} is no list of texts")
    return tokens


def _shape(notes: Mapping[str, Any]) -> Dict[str, str]:
    """Height and width of images."""
    height, width = notes.get("height"), notes.get("width")
    if not (isinstance(height, int) and isinstance(width, int)):
        raise ValueError(f"images of {height!r:.40} x {width!r:.40}")
    if min(height, width) < 1 or height * width > MOST_PIXELS:
        raise ValueError(f"images of {height} x {width}")
    return {"height": str(height), "width": str(width)}


def _language_model(
    config: LanguageModelConfig, arrays: Arrays, vocab_size: int
) -> LanguageNet:
    directions = 1 + config.bidirectional
    structure = vocab_size, config.num_hiddens, config.num_layers, directions
    width = directions * config.num_hiddens
    if config.implementation == "scratch":
        stack, count = stack_of_scratch(arrays, config.cell, *structure)
        W_q = taken(arrays, f"params.{count}", width, vocab_size)
        b_q = taken(arrays, f"params.{count + 1}", vocab_size)
        return LanguageNet(stack, Dense(W_q.T, b_q), separate_states=True)
    stack = stack_of_gluon(arrays, "rnn", MODES[config.cell], *structure)
    return LanguageNet(stack, dense_of(arrays, "dense", vocab_size, width))


def _handwritten(
    config: HandwrittenConfig, arrays: Arrays, vocab_size: int
) -> LanguageNet:
    """Its arrays stand as columns: ``s = U x + W h + b``, ``o = V h + c``."""
    h = config.num_hiddens
    U, W = taken(arrays, "U", h, vocab_size), taken(arrays, "W", h, h)
    b, c = taken(arrays, "b", h, 1)[:, 0], taken(arrays, "c", vocab_size, 1)[:, 0]
    weights = Weights(U, W, b, numpy.zeros_like(b))
    stack = Stack(f"rnn_{config.activation}", [[weights]])
    dense = Dense(taken(arrays, "V", vocab_size, h), c)
    return LanguageNet(stack, dense, separate_states=True)


def _handwritten_gated(
    config: HandwrittenGatedConfig, arrays: Arrays, vocab_size: int
) -> LanguageNet:
    """Its arrays are those of a net from scratch, by the book's names."""
    names = enumerate(parameter_names(config.cell))
    numbered = {f"params.{k}": arrays[name] for k, name in names if name in arrays}
    of_scratch = LanguageModelConfig(
        cell=config.cell, implementation="scratch", num_hiddens=config.num_hiddens
    )
    return _language_model(of_scratch, numbered, vocab_size)


def _edition_v1(
    config: EditionV1Config, arrays: Arrays, vocab_size: int
) -> LanguageNet:
    h = config.num_hiddens
    if config.cell == "rnn-scratch":
        # As d2l finds them, in the order of their names.
        order = ("W_hq", "b_q", "W_hh", "W_xh", "b_h")
        renamed = {name: arrays.get(f"params.{k}") for k, name in enumerate(order)}
        own: Dict[str, Any] = {k: a for k, a in renamed.items() if a is not None}
        b_h = taken(own, "b_h", h)
        weights = Weights(
            taken(own, "W_xh", vocab_size, h).T,
            taken(own, "W_hh", h, h).T,
            b_h,
            numpy.zeros_like(b_h),
        )
        W_hq, b_q = taken(own, "W_hq", h, vocab_size), taken(own, "b_q", vocab_size)
        stack = Stack("rnn_tanh", [[weights]])
        return LanguageNet(stack, Dense(W_hq.T, b_q), separate_states=True)
    directions = 1 + (config.cell == "birnn")
    stack = stack_of_gluon(
        arrays, "rnn.rnn", MODES[config.cell], vocab_size, h, 1, directions
    )
    return LanguageNet(stack, dense_of(arrays, "linear", vocab_size, directions * h))


def _embedded(
    config: LinesConfig, arrays: Arrays, vocab_size: int, num_outputs: int
) -> Tuple[numpy.ndarray[Any, Any], Stack, Dense]:
    embedding = taken(arrays, "embedding.weight", vocab_size, config.embed_size)
    sizes = config.embed_size, config.num_hiddens
    stack = stack_of_gluon(arrays, "rnn", "gru", *sizes)
    return embedding, stack, dense_of(arrays, "dense", num_outputs, sizes[1])


def _many_to_one(config: LinesConfig, arrays: Arrays, vocab_size: int) -> Net:
    return ClassifierNet(*_embedded(config, arrays, vocab_size, len(LANGUAGES)))


def _one_to_many(config: OneToManyConfig, arrays: Arrays, vocab_size: int) -> Net:
    embedding, stack, dense = _embedded(config, arrays, vocab_size, vocab_size)
    classes = taken(arrays, "classes.weight", len(LANGUAGES), config.num_hiddens)
    return LanguageNet(stack, dense, embedding, classes)


def _cloze(config: ClozeConfig, arrays: Arrays, vocab_size: int) -> Net:
    return _both_sides(config, arrays, vocab_size, vocab_size, 1)


def _tagging(
    config: TaggingConfig, arrays: Arrays, vocab_size: int, num_labels: int
) -> Net:
    return _both_sides(config, arrays, vocab_size, num_labels, 0)


def _both_sides(
    config: Any, arrays: Arrays, vocab_size: int, num_outputs: int, distance: int
) -> Net:
    h, start = config.num_hiddens, len(_BOTH)
    own = {k[start:]: a for k, a in arrays.items() if k.startswith(_BOTH)}
    forwards, backwards = [
        stack_of_gluon(own, name, "lstm", config.embed_size, h, config.num_layers)
        for name in ("forward_stack", "backward_stack")
    ]
    embedding = taken(own, "embedding.weight", vocab_size, config.embed_size)
    dense = dense_of(own, "dense", num_outputs, 2 * h)
    return BothSidesNet(embedding, forwards, backwards, dense, distance)


def _translation(config: Any, arrays: Arrays, src_size: int, tgt_size: int) -> Net:
    h, layers = config.num_hiddens, config.num_layers
    score = getattr(config, "score", "")
    design = Design(
        config.cell,
        layers,
        config.bidirectional,
        config.mask_padding or config.bidirectional,
        config.bridge,
        getattr(config, "book_context", False),
        score,
        getattr(config, "normalise", True),
    )
    directions = 1 + config.bidirectional
    encoder = stack_of_gluon(
        arrays,
        "encoder.rnn",
        config.cell,
        config.embed_size,
        h // directions,
        layers,
        directions,
    )
    decoder = stack_of_gluon(
        arrays, "decoder.rnn", config.cell, config.embed_size + h, h, layers
    )
    shapes = _scores(h)[score]
    attention = {
        name: taken(arrays, f"decoder.attention.{name}", *shape)
        for name, shape in shapes.items()
    }
    embeddings = [
        taken(arrays, f"{side}.embedding.weight", size, config.embed_size)
        for side, size in (("encoder", src_size), ("decoder", tgt_size))
    ]
    return TranslationNet(
        design,
        embeddings[0],
        encoder,
        embeddings[1],
        decoder,
        dense_of(arrays, "decoder.dense", tgt_size, h),
        attention,
    )


def _scores(h: int) -> Dict[str, Dict[str, Tuple[int, ...]]]:
    """Shapes of what each attention score has learnt, of ``h`` hidden units."""
    return {
        "": {},
        "dot": {},
        "dot-unscaled": {},
        "additive": {
            "W_q.weight": (h, h),
            "W_k.weight": (h, h),
            "w_v.weight": (1, h),
        },
        "bilinear": {"W.weight": (h, h)},
        "cosine": {"sharpen.log_sharpness": (1, 1, 1)},
    }


def _pixels(config: PixelsConfig, arrays: Arrays, num_classes: int) -> Net:
    own = {k[len(_DRAWS) :]: a for k, a in arrays.items() if k.startswith(_DRAWS)}
    h, inputs = config.num_hiddens, config.levels + max(1, num_classes)
    stack = stack_of_gluon(
        own, "rnn", config.cell, config.embed_size, h, config.num_layers
    )
    embedding = taken(own, "embedding.weight", inputs, config.embed_size)
    return PixelNet(stack, dense_of(own, "dense", config.levels, h), embedding)


def _hmm(config: HMMConfig, arrays: Arrays, vocab_size: int) -> Net:
    n = config.num_states
    return HiddenMarkovNet(
        taken(arrays, "initial", n, dtype="float64"),
        taken(arrays, "transition", n, n, dtype="float64"),
        taken(arrays, "emission", n, vocab_size, dtype="float64"),
    )


# Of each configuration what makes the net, and its vocabularies in the notes.
_NETS: Dict[type, Tuple[Callable[..., Net], Sequence[str]]] = {
    LanguageModelConfig: (_language_model, ["vocab"]),
    ChineseConfig: (_language_model, ["vocab"]),
    HandwrittenConfig: (_handwritten, ["vocab"]),
    HandwrittenGatedConfig: (_handwritten_gated, ["vocab"]),
    EditionV1Config: (_edition_v1, ["vocab"]),
    LinesConfig: (_many_to_one, ["vocab"]),
    OneToManyConfig: (_one_to_many, ["vocab"]),
    ClozeConfig: (_cloze, ["vocab"]),
    TaggingConfig: (_tagging, ["vocab", "labels"]),
    HMMConfig: (_hmm, ["vocab"]),
    PixelsConfig: (_pixels, ["classes"]),
    Seq2SeqConfig: (_translation, ["src_vocab", "tgt_vocab"]),
    Seq2SeqAttentionConfig: (_translation, ["src_vocab", "tgt_vocab"]),
}
