"""What an experiment's nets take at least, from its settings and its vocabulary.

Only what will certainly be there counts: weight matrices (no biases), as often as
training holds them (the weights, their gradients, Adam's two moments), and the states.
Activations do not, however large they may be. A run that is beyond its machine is
refused before its weights are drawn; one that may fit is begun.
"""

from __future__ import annotations

from dataclasses import fields
from functools import singledispatch
from math import prod
from typing import Any, List, NamedTuple, Sequence

from ..memory import Shape, check_fits
from .configs import Config, LanguageModelConfig
from .configs_bidirectional import BothSidesConfig, HMMConfig
from .configs_pixels import PixelsConfig
from .configs_sequences import (
    BpttConfig,
    ByHandConfig,
    EditionV1Config,
    LinesConfig,
    OneToManyConfig,
    SequenceConfig,
)
from .configs_translation import Seq2SeqAttentionConfig, TranslationConfig
from .settings import flag_of

_GATES = {"rnn": 1, "gru": 3, "lstm": 4, "lstm-peephole": 4}
_OF_V1 = {"rnn-scratch": 1, "rnn": 1, "gru": 3, "lstm": 4, "birnn": 6}
_SGD, _ADAM = 2, 4  # copies: weights and gradients; and two moments
_SIZES = "num_hiddens num_layers embed_size num_states batch_size num_steps num_points"


class Sizes(NamedTuple):
    """Lower bounds: ``weights`` are there ``copies`` times, ``others`` once."""

    weights: List[Shape]
    copies: int
    others: Sequence[Shape] = ()
    item_bytes: int = 4

    def number_of_bytes(self) -> int:
        """All of them together."""
        weights, others = (sum(map(prod, group)) for group in (self[0], self[2]))
        return self.item_bytes * (self.copies * weights + others)


def check_sizes(config: Config, *vocab_sizes: int) -> None:
    """Refuse a configuration whose nets cannot be; UsageError names its settings.

    Where several devices train, one net of theirs is counted.

    Parameters
    ----------
    config : Config
        Of an experiment of ours; nothing is known of what a reader builds.
    vocab_sizes : int
        Of the input's vocabulary, and of the output's where it is another.
    """
    from ..devices import devices_from

    needed = sizes(config, *vocab_sizes)
    told = " ".join(
        f"{flag_of(field)} {getattr(config, field.name)}"
        for field in fields(config)
        if field.name in _SIZES.split()
    )
    # A finished run's net is made again also where its GPU is not.
    on_gpu = config.device.startswith("gpu")
    on_host = not on_gpu and devices_from(config.device)[0].device_type == "cpu"
    arrays = [*needed.weights, *needed.others]
    check_fits(arrays, needed.number_of_bytes(), told, on_host)


def recurrent(
    gates: int, num_hiddens: int, num_inputs: int, num_layers: int, directions: int = 1
) -> List[Shape]:
    """The weight matrices of a stack: from below, and from the step before."""
    found: List[Shape] = []
    for layer in range(num_layers):
        below = directions * num_hiddens if layer else num_inputs
        one = [(gates * num_hiddens, below), (gates * num_hiddens, num_hiddens)]
        found += one * directions
    return found


def fused(stack: Sequence[Shape]) -> Shape:
    """The one vector into which Gluon's layers put their weights for each step."""
    return (sum(map(prod, stack)),)


@singledispatch
def sizes(config: Any, *vocab_sizes: int) -> Sizes:
    """What is certain to be there, by the kind of a configuration."""
    return Sizes([], 1)


@sizes.register
def _language(config: LanguageModelConfig, vocab_size: int) -> Sizes:
    directions = 2 if config.bidirectional else 1
    gates, h, layers = _GATES[config.cell], config.num_hiddens, config.num_layers
    others: List[Shape] = [(layers * directions, config.batch_size, h)]
    if config.implementation == "scratch":  # each gate's weights lie apart
        weights = gates * recurrent(1, h, vocab_size, layers, directions)
    else:
        weights = recurrent(gates, h, vocab_size, layers, directions)
        others.append(fused(weights))
    return Sizes([*weights, (directions * h, vocab_size)], _SGD, others)


@sizes.register
def _by_hand(config: ByHandConfig, vocab_size: int) -> Sizes:
    gates, h = _GATES[getattr(config, "cell", "rnn")], config.num_hiddens
    return Sizes([*recurrent(gates, h, vocab_size, 1), (h, vocab_size)], _SGD)


@sizes.register
def _bptt(config: BpttConfig, vocab_size: int) -> Sizes:
    h = config.num_hiddens
    stack = recurrent(_GATES[config.cell], h, vocab_size, 1)
    one = [*stack, (h, vocab_size)]
    return Sizes(3 * one, _SGD, [fused(stack)])  # a net for each strategy


@sizes.register
def _both_sides(config: BothSidesConfig, vocab_size: int, num_outputs: int) -> Sizes:
    h, e = config.num_hiddens, config.embed_size
    stack = recurrent(4, h, e, config.num_layers)
    both = [(vocab_size, e), *stack, *stack, (2 * h, num_outputs)]
    forward = [(vocab_size, e), *stack, (h, num_outputs)]
    return Sizes(both + forward, _ADAM, [fused(stack)])


@sizes.register
def _lines(config: LinesConfig, vocab_size: int) -> Sizes:
    h, e = config.num_hiddens, config.embed_size
    stack = recurrent(3, h, e, 1)
    weights = [(vocab_size, e), *stack]
    if isinstance(config, OneToManyConfig):
        weights.append((h, vocab_size))
    return Sizes(weights, _ADAM, [fused(stack)])


@sizes.register
def _pixels(config: PixelsConfig, num_classes: int, num_pixels: int) -> Sizes:
    h, e, gates = config.num_hiddens, config.embed_size, _GATES[config.cell]
    embedding, output = (config.levels + num_classes, e), (h, config.levels)
    stack = recurrent(gates, h, e, config.num_layers)
    without = [embedding, (h, e), (num_pixels, h), (num_classes, h), output]
    return Sizes([embedding, *stack, output, *without], _ADAM, [fused(stack)])


@sizes.register
def _edition_v1(config: EditionV1Config, vocab_size: int) -> Sizes:
    gates, h = _OF_V1[config.cell], config.num_hiddens
    return Sizes([*recurrent(gates, h, vocab_size, 1), (h, vocab_size)], _SGD)


@sizes.register
def _translation(config: TranslationConfig, src_size: int, tgt_size: int) -> Sizes:
    gates, h, e = _GATES[config.cell], config.num_hiddens, config.embed_size
    directions = 2 if config.bidirectional else 1
    layers = config.num_layers
    encoder = recurrent(gates, h // directions, e, layers, directions)
    decoder = recurrent(gates, h, e + h, layers)
    weights = [(src_size, e), (tgt_size, e), *encoder, *decoder, (tgt_size, h)]
    if isinstance(config, Seq2SeqAttentionConfig) and config.score == "additive":
        weights += [(h, h), (h, h)]
    return Sizes(weights, _ADAM, [fused(decoder)])


@sizes.register
def _sequence(config: SequenceConfig) -> Sizes:
    # (num_starts, tau + max_steps), of the predictions several steps ahead
    starts = config.num_points - config.tau - config.max_steps + 1
    ahead = (starts, config.tau + config.max_steps)
    return Sizes([(config.num_hiddens, config.tau)], _ADAM, [ahead])


@sizes.register
def _hidden_markov_model(config: HMMConfig, vocab_size: int) -> Sizes:
    k = config.num_states
    return Sizes([(k, k), (k, vocab_size)], 1, item_bytes=8)
