"""What a page says about a run, beside its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping

from ..errors import RunError
from ..export.nets import Trained
from .kinds import kind_of
from .weights import Carried, carried

#: What stands for something else than a character, in vocabularies of characters.
RESERVED = ("<unk>", "<pad>", "<bos>", "<eos>")


@dataclass(frozen=True, eq=False)
class RunOnPage:
    """A run as a page carries it.

    Attributes
    ----------
    name : str
        What tells it from the page's others.
    kind : str
    net : dict
        How the arrays are put together.
    vocabularies : dict of str to list of str
    told : dict
        What the record says, in JSON: settings, prefixes, texts, ...
    weights : Carried
    """

    name: str
    kind: str
    net: Mapping[str, Any]
    vocabularies: Mapping[str, Any]
    weights: Carried
    told: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> Dict[str, Any]:
        """``RunFacts`` of ``kinds.mjs``."""
        return {
            "kind": self.kind,
            "name": self.name,
            "net": self.net,
            "vocabularies": self.vocabularies,
            "arrays": self.weights.arrays,
            "dtype": self.weights.dtype,
            "sha256": self.weights.sha256,
            "told": self.told,
        }


def run_on_page(
    name: str, trained: Trained, told: Mapping[str, Any], dtype: str = "float32"
) -> RunOnPage:
    """A trained net as a page carries it.

    Parameters
    ----------
    name : str
    trained : Trained
    told : mapping
        As of :class:`RunOnPage`.
    dtype : "float32" or "float16"

    Raises
    ------
    RunError
        If no page shows such a net, its vocabulary is none, or its weights cannot be
        carried.
    """
    kind, net = kind_of(trained)
    if trained.facts.get("token", "char") == "char" and "vocab" in trained.vocabularies:
        _check_characters(trained.vocabularies["vocab"])
    vocabularies = {k: list(tokens) for k, tokens in trained.vocabularies.items()}
    weights = carried(trained.net.named(), dtype)
    return RunOnPage(name, kind, net, vocabularies, weights, told)


def _check_characters(vocab: Any) -> None:
    """RunError where a token is no character."""
    for token in vocab:
        if len(token) != 1 and token not in RESERVED:
            raise RunError(f"its vocabulary has {token[:40]!r}, which is no character")
