"""All of the files of an export, or none."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Sequence

import numpy as np

from ..errors import UsageError, system_errors_as
from ..files import target_of, write_bytes
from ..protocols import Arrays


class Exported(NamedTuple):
    """What is to be written, and what is told about it.

    Attributes
    ----------
    files : dict of pathlib.Path to bytes
    text : str
        How the files are used.
    """

    files: Mapping[Path, bytes]
    text: str


def with_suffix(path: Path, ending: str) -> Path:
    """``PATH`` with another ending in the place of its suffix: ``a.x``, ``-b.x``."""
    return path.with_name(path.stem + ending)


def tensors(
    arrays: Arrays, facts: Mapping[str, str], vocabularies: Mapping[str, Sequence[str]]
) -> bytes:
    """A safetensors file; its metadata are the facts, and vocabularies as JSON."""
    from safetensors.numpy import save

    # It writes an array's memory as it lies, whatever its strides are.
    rows = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    content: bytes = save(rows, metadata={**facts, **as_json(vocabularies)})
    return content


def as_json(vocabularies: Mapping[str, Sequence[str]]) -> Dict[str, str]:
    """Each a JSON list, in the order of the ids."""
    return {name: json.dumps(list(tokens)) for name, tokens in vocabularies.items()}


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write files; where one cannot be written, none stays that was not there before.

    Raises
    ------
    UsageError
        If one cannot be written; names it.
    """
    for path in files:
        with system_errors_as(UsageError, f"--out {path}"):
            target_of(path)
    new: List[Path] = []
    try:
        for path, content in files.items():
            was_there = os.path.exists(path)
            with system_errors_as(UsageError, f"--out {path}"):
                write_bytes(path, content)
            if not was_there:
                new.append(path)
    except BaseException:
        for path in new:
            with suppress(OSError):
                os.unlink(path)
        raise
