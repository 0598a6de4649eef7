"""The arrays by name, for a program of the reader's own: ``.npz`` or ``.safetensors``.

Recurrent layers in Gluon's layout (see :mod:`.nets`). What the arrays do not tell, as
cell, layers and vocabulary, is a JSON object, whose values are texts: the array
``metadata`` of an ``.npz``, itself a text that needs no pickle, or the metadata of a
safetensors file.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Dict

import numpy as np

from ..inference.translation_network import Design
from .nets import (
    BothSidesNet,
    ClassifierNet,
    LanguageNet,
    Stack,
    Trained,
    TranslationNet,
)
from .writing import Exported, as_json, tensors

SUFFIXES = (".npz", ".safetensors")


def export(trained: Trained, path: Path) -> Exported:
    """The file of a net, of the kind that its name asks for.

    Parameters
    ----------
    trained : Trained
    path : pathlib.Path
        ``NAME.npz`` or ``NAME.safetensors``.
    """
    arrays = trained.net.named()
    facts = {**trained.facts, **_structure(trained)}
    vocabularies = trained.vocabularies
    if path.suffix == ".npz":
        buffer = io.BytesIO()
        text = json.dumps({**facts, **as_json(vocabularies)}, sort_keys=True)
        # A dict of arrays alone does not fit its types, where flags have names too.
        contents: Dict[str, Any] = {"metadata": np.array(text), **arrays}
        np.savez(buffer, **contents)
        content = buffer.getvalue()
    else:
        content = tensors(arrays, facts, vocabularies)
    width = max(map(len, arrays))
    lines = [f"  {name:{width}}  {array.shape}" for name, array in arrays.items()]
    return Exported({path: content}, "\n".join([f"{path}:", *lines]))


def _structure(trained: Trained) -> Dict[str, str]:
    """How the arrays are put together, each number and truth value as a text."""
    net = trained.net
    found: Dict[str, str] = {}
    if isinstance(net, TranslationNet):
        for name in Design.__dataclass_fields__:
            found[name] = str(getattr(net.design, name))
        return found
    if isinstance(net, (LanguageNet, ClassifierNet)):
        found = _of_stack(net.stack)
    elif isinstance(net, BothSidesNet):
        found = {**_of_stack(net.forwards), "distance": str(net.distance)}
    return found


def _of_stack(stack: Stack) -> Dict[str, str]:
    found = {
        "cell": stack.cell,
        "num_layers": str(len(stack.layers)),
        "num_directions": str(stack.num_directions),
        "num_hiddens": str(stack.num_hiddens),
    }
    if stack.cell == "gru":
        found["reset"] = "after the product" if stack.reset_after else "before it"
    return found
