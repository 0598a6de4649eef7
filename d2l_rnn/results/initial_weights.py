"""Which weights a run began with, and how we know that they are those of the builds.

The builds of the book print what a net says before it is trained in Sections 8.5 and
8.6 only. There the weights are *shown*: ours say the same, letter for letter. Elsewhere
they are *argued*: drawn in the same way, with nothing printed to hold them against.
"""

from __future__ import annotations

from typing import Mapping

Json = Mapping[str, object]

#: By experiment: "time traveller" and ten characters, as 41 of the 41 builds print it.
UNTRAINED = {
    "rnn-scratch": "time traveller iiiiiiiiii",
    "rnn": "time travellervmoopwrrrr",
}
SHOWN, ARGUED = "shown", "argued"


def of_the_book(config: Json) -> bool:
    """Whether a run (its ``config.json``) began with the weights of the book's builds.

    A record without the field is from before it, when there were none but the seed's.
    """
    return config.get("initial_weights") == "book"


def evidence(config: Json) -> str:
    """``"shown"`` or ``"argued"``; empty for a run that began with its own weights."""
    if not of_the_book(config):
        return ""
    return SHOWN if config.get("experiment") in UNTRAINED else ARGUED
