"""Trained parameters as a file: no pickle, written whole, checked when read.

The format is safetensors: a JSON header with the place of every array, then the raw
numbers. The format alone does not notice a flipped bit, so a SHA-256 over names,
shapes, numbers and notes travels in the header.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import Any, Dict, Mapping, Tuple

import numpy

from . import safetensors_file
from .arrays import Floats
from .errors import RunError, UsageError
from .files import PathLike, read_regular, write_bytes
from .strict_json import loads

_DIGEST = "sha256"
_LARGEST_FILE = 64 << 30  # bytes


def save(path: PathLike, arrays: Dict[str, Floats], notes: Mapping[str, Any]) -> None:
    """Save arrays and notes, atomically.

    Parameters
    ----------
    path : path
    arrays : dict of str to numpy.ndarray
    notes : mapping
        What is needed to use the arrays, in JSON: vocabulary, epoch.

    Raises
    ------
    UsageError
        If the notes are no JSON.
    """
    from safetensors.numpy import save as serialise

    try:
        text = json.dumps(notes, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"notes of a checkpoint: no JSON ({error})") from None
    metadata = {"notes": text, _DIGEST: _digest(arrays, text)}
    write_bytes(path, serialise(arrays, metadata=metadata))


def load(path: PathLike) -> Tuple[Dict[str, Floats], Dict[str, Any]]:
    """Read what :func:`save` wrote.

    Returns
    -------
    arrays : dict of str to numpy.ndarray
    notes : as saved

    Raises
    ------
    RunError
        If the file is missing, is no checkpoint of ours, or is damaged.
    """
    try:
        largest = min(os.stat(path).st_size, _LARGEST_FILE)  # no more is asked for
        arrays, metadata = safetensors_file.parse(read_regular(path, largest))
    except FileNotFoundError:
        raise RunError(f"checkpoint {path}: no such file") from None
    except OSError as error:
        reason = error.strerror or error
        raise RunError(f"checkpoint {path}: unreadable ({reason})") from None
    except MemoryError:
        raise RunError(f"checkpoint {path}: does not fit into memory") from None
    except ValueError as error:
        raise RunError(f"checkpoint {path}: unreadable ({error})") from None
    if "notes" not in metadata or _DIGEST not in metadata:
        raise RunError(f"checkpoint {path}: not written by d2l_rnn")
    if metadata[_DIGEST] != _digest(arrays, metadata["notes"]):
        raise RunError(f"checkpoint {path}: damaged (its SHA-256 does not agree)")
    try:
        notes = loads(metadata["notes"], safetensors_file.LARGEST_HEADER)
    except ValueError as error:
        raise RunError(
            f"checkpoint {path}: its notes are unreadable ({error})"
        ) from None
    if not isinstance(notes, dict):
        raise RunError(f"checkpoint {path}: its notes are no JSON object")
    renamed = {current_name(name): array for name, array in arrays.items()}
    if len(renamed) < len(arrays):
        raise RunError(f"checkpoint {path}: has a parameter under its old name too")
    return renamed, notes


_OLD_NAME = re.compile(r"_unfused\.(\d+)\.(?:([lr])_cell\.)?([ih]2h_(?:weight|bias))\Z")


def current_name(name: str) -> str:
    """The name of a parameter that a checkpoint of version 0.1.0 has under another.

    ``rnn._unfused.0.i2h_weight`` and ``rnn._unfused.0.r_cell.i2h_weight`` are
    ``rnn.l0_i2h_weight`` and ``rnn.r0_i2h_weight``: Gluon's own names know no layer
    above the tenth.
    """
    return _OLD_NAME.sub(
        lambda match: f"{match.group(2) or 'l'}{match.group(1)}_{match.group(3)}", name
    )


def _digest(arrays: Dict[str, Floats], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = numpy.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{array.dtype.str}:{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
