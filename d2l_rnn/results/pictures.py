"""The pictures of a finished run, as its result says that they were drawn."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Dict, List, Mapping, Tuple

from ..errors import RunError
from ..files import read_regular
from .record import CURVE, RunRecord

LARGEST_PICTURE = 4 << 20  # bytes
PNG = b"\x89PNG\r\n\x1a\n"


def pictures(run: RunRecord) -> Tuple[Dict[str, bytes], List[str]]:
    """A run's pictures beside its training curve.

    Parameters
    ----------
    run : RunRecord
        A verified one.

    Returns
    -------
    pictures : dict of str to bytes
        PNG files by their name, each with the SHA-256 that the result states.
    left_out : list of str
        Of those that are not shown, in words, why not. Empty for an unfinished run,
        which does not say what its pictures are.
    """
    found: Dict[str, bytes] = {}
    left_out: List[str] = []
    if run.result is None:
        return found, left_out
    stated = run.result.get("files", {})
    there = {path.name: path for path in run.directory.glob("*.png")}
    for name in sorted({*there, *(name for name in stated if name.endswith(".png"))}):
        if name != CURVE:
            try:
                found[name] = _read(name, there, stated)
            except RunError as error:
                left_out.append(f"{name}: {error}")
    return found, left_out


def _read(name: str, there: Mapping[str, Path], stated: Mapping[str, str]) -> bytes:
    if name not in there:
        raise RunError("missing")
    if name not in stated:
        raise RunError("its result does not state its SHA-256")
    try:
        content = read_regular(there[name], LARGEST_PICTURE)
    except OSError as error:
        raise RunError(error.strerror or str(error)) from None
    if hashlib.sha256(content).hexdigest() != stated[name]:
        raise RunError("changed after it was drawn (its SHA-256 does not agree)")
    if not content.startswith(PNG):
        raise RunError("not a PNG file")
    return content
