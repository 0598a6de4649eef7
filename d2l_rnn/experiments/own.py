"""A reader's own experiment: of a file, ``my_cell.py:EXPERIMENT``, or installed.

A package offers its experiments as entry points of the group ``d2l_rnn.experiments``::

    [options.entry_points]
    d2l_rnn.experiments =
        my-gru = my_package.my_cell:EXPERIMENT
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from typing import Any, Dict

from ..errors import UsageError
from ..files import read_regular
from .table import EXPERIMENTS, Experiment

_LARGEST = 2**24  # bytes of a file of Python
#: Of the entry points at which other packages offer experiments.
GROUP = "d2l_rnn.experiments"


def load(reference: str) -> Experiment:
    """Import the file and take the experiment out of it.

    Parameters
    ----------
    reference : str
        A path and, after a colon, the name of an :class:`~.table.Experiment` in it.

    Returns
    -------
    Experiment
        With the SHA-256 of the file: a run of another file is not resumed.

    Raises
    ------
    UsageError
        If the file cannot be imported, has no such experiment, or the experiment has
        the name of one of ours.
    """
    path, _, name = reference.rpartition(":")
    try:
        sha256 = hashlib.sha256(read_regular(path, _LARGEST)).hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    module_name = f"{__name__}.{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None and spec.loader is not None  # the name ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # where a dataclass looks its annotations up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{path}: {type(error).__name__}: {error}") from error
    found = getattr(module, name, None)
    if not isinstance(found, Experiment):
        raise UsageError(f"{path} has no experiment {name!r}: {name} = Experiment(...)")
    check_name(found.name)
    return dataclasses.replace(found, file_sha256=sha256)


def installed() -> Dict[str, importlib.metadata.EntryPoint]:
    """What other packages offer, by name; nothing of it is imported."""
    entry_points: Any = importlib.metadata.entry_points()
    if hasattr(entry_points, "select"):
        found = entry_points.select(group=GROUP)
    else:  # Python 3.8 and 3.9: a dictionary of groups
        found = entry_points.get(GROUP, ())
    return {point.name: point for point in found}


def load_installed(point: importlib.metadata.EntryPoint) -> Experiment:
    """The experiment at an entry point, with the SHA-256 of the file it stands in.

    Raises
    ------
    UsageError
        If it cannot be imported, is no experiment, or has a name of ours or another
        than its entry point.
    """
    try:
        found = point.load()
        path = inspect.getfile(sys.modules[point.value.partition(":")[0]])
        sha256 = hashlib.sha256(read_regular(path, _LARGEST)).hexdigest()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise UsageError(f"{GROUP} {point.name} = {point.value}: {reason}") from error
    if not isinstance(found, Experiment) or found.name != point.name:
        raise UsageError(
            f"{GROUP} {point.name} = {point.value} is no Experiment of the name "
            f"{point.name!r}"
        )
    check_name(found.name)
    return dataclasses.replace(found, file_sha256=sha256)


def check_name(name: str) -> None:
    """Refuse a name that is one of ours, or makes no folder's; UsageError."""
    if name in EXPERIMENTS:
        raise UsageError(f"name {name!r}: an experiment of d2l_rnn has it already")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
        raise UsageError(f"name {name!r}: accepted are a-z, 0-9, '-', '_' and '.'")
