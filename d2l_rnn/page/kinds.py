"""Which net is shown how: a name, and what JavaScript has to know beside the arrays."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Dict, Mapping, NamedTuple, Tuple

from ..errors import RunError
from ..export.nets import (
    BothSidesNet,
    HiddenMarkovNet,
    LanguageNet,
    PixelNet,
    Stack,
    Trained,
    TranslationNet,
)

Facts = Dict[str, Any]


class Kind(NamedTuple):
    """How a type of net is shown.

    Attributes
    ----------
    name : str
        Of the JavaScript's ``registerKind``.
    facts : callable
        ``facts(net)``: how its arrays are put together, in JSON.
    """

    name: str
    facts: Callable[[Any], Facts]


def stack_facts(stack: Stack) -> Facts:
    """How the layers of a stack stand: ``StackFacts`` of ``network.mjs``."""
    return {
        "cell": stack.cell,
        "num_layers": len(stack.layers),
        "num_directions": stack.num_directions,
        "num_hiddens": stack.num_hiddens,
        "reset_after": stack.reset_after,
    }


def _language(net: LanguageNet) -> Facts:
    return stack_facts(net.stack)


def _both_sides(net: BothSidesNet) -> Facts:
    if net.distance == 0:
        raise RunError("no page shows a net of labels")
    return {
        "forwards": stack_facts(net.forwards),
        "backwards": stack_facts(net.backwards),
        "distance": net.distance,
    }


def _translation(net: TranslationNet) -> Facts:
    return {
        **dataclasses.asdict(net.design),
        "encoder": stack_facts(net.encoder),
        "decoder": stack_facts(net.decoder),
    }


def _pixels(net: PixelNet) -> Facts:
    num_levels = len(net.dense.bias)
    return {
        **stack_facts(net.stack),
        "num_levels": num_levels,
        "num_classes": 0 if net.embedding is None else len(net.embedding) - num_levels,
    }


def _hidden_markov(net: HiddenMarkovNet) -> Facts:
    return {"num_states": len(net.initial)}


#: By the types of :mod:`d2l_rnn.export.nets`.
KINDS: Mapping[type, Kind] = {
    LanguageNet: Kind("language", _language),
    BothSidesNet: Kind("both-sides", _both_sides),
    TranslationNet: Kind("translation", _translation),
    PixelNet: Kind("pixels", _pixels),
    HiddenMarkovNet: Kind("hmm", _hidden_markov),
}


def kind_of(trained: Trained) -> Tuple[str, Facts]:
    """The name of a net's kind, and how its arrays are put together.

    Raises
    ------
    RunError
        If no page shows such a net.
    """
    kind = KINDS.get(type(trained.net))
    if kind is None:
        raise RunError(f"no page shows a net of {trained.experiment}")
    return kind.name, kind.facts(trained.net)
