"""All of the files of an export, or none."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import List, Mapping, NamedTuple

from ..files import target_of, write_bytes


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


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write files; where one cannot be written, none stays that was not there before.

    Raises
    ------
    OSError
        As of :func:`d2l_rnn.files.write_bytes`.
    """
    targets = [target_of(path) for path in files]
    new: List[Path] = []
    try:
        for target, content in zip(targets, files.values()):
            was_there = os.path.exists(target)
            write_bytes(target, content)
            if not was_there:
                new.append(target)
    except BaseException:
        for target in new:
            with suppress(OSError):
                os.unlink(target)
        raise
