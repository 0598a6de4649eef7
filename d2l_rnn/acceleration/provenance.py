"""Is a class, an object or a function still as its package wrote it?

Python lets a reader replace a method of a class, set another one on an instance, or
hand in a function of their own. Where code comes from is told by the file that it was
compiled from.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Dict, List, Optional, Set

PACKAGE = str(Path(__file__).resolve().parent.parent)


def _code_of(value: object) -> List[Optional[CodeType]]:
    """The code of a function, method or property; of anything else nothing."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    if isinstance(value, property):
        found = [value.fget, value.fset, value.fdel]
        return [getattr(f, "__code__", None) for f in found if f is not None]
    return [value.__code__] if isinstance(value, FunctionType) else []


def _file_of(cls: type) -> Optional[str]:
    module = sys.modules.get(cls.__module__)
    return getattr(module, "__file__", None)


# What each class held when it was found to be as it was written.
_written: Dict[type, Dict[str, object]] = {}


def replaced_in_class(cls: type) -> str:
    """The first method of a class, or of its bases, that is not its module's own.

    Returns
    -------
    str
        ``Class.method``; empty where all are as they were written.
    """
    for base in cls.__mro__[:-1]:
        now, known = vars(base), _written.get(base)
        if known is not None and len(known) == len(now):
            if all(known.get(name) is value for name, value in now.items()):
                continue  # nothing was put there since
        name = _foreign_in(base)
        if name:
            return f"{base.__name__}.{name}"
        _written[base] = dict(now)
    return ""


def _foreign_in(cls: type) -> str:
    """The first method that stands in a class and comes from another file."""
    own = _file_of(cls)
    for name, value in vars(cls).items():
        codes = _code_of(value)
        if any(code is None or code.co_filename != own for code in codes):
            return name
        if callable(value) and not _is_written_in(cls, name, value):
            return name
    return ""


def _is_written_in(cls: type, name: str, value: object) -> bool:
    """Whether a callable attribute is a function or class, and not put in its place."""
    if isinstance(value, (FunctionType, staticmethod, classmethod, type)):
        return True
    return name.startswith("__") and name.endswith("__")


def replaced_in_instance(thing: object) -> str:
    """The first attribute of an instance that hides a method of its class.

    Returns
    -------
    str
        The attribute's name; empty where there is none.
    """
    kind = type(thing)
    for name in vars(thing):
        if callable(getattr(kind, name, None)):
            return name
    return ""


def is_ours(function: object, _seen: Optional[Set[int]] = None) -> bool:
    """Whether a function, with all that it closes over, was written in this package.

    Parameters
    ----------
    function : object
        A function, or a tuple of functions as :class:`~d2l_rnn.models.scratch.Layer`.
        Plain values that a closure holds say nothing and pass.
    """
    seen = set() if _seen is None else _seen
    if id(function) in seen:
        return True
    seen.add(id(function))
    if isinstance(function, tuple):
        return all(is_ours(part, seen) for part in function)
    if isinstance(function, (int, float, str, type(None))):
        return True
    target = getattr(function, "func", function)  # functools.partial
    if not isinstance(target, FunctionType):
        return False
    if not target.__code__.co_filename.startswith(PACKAGE):
        return False
    cells = [cell.cell_contents for cell in target.__closure__ or ()]
    arguments = getattr(function, "args", ())
    return all(is_ours(value, seen) for value in [*cells, *arguments])


def replaced_in_module(module: ModuleType) -> str:
    """The first function of one of our modules that comes from elsewhere.

    Returns
    -------
    str
        ``module.function``; empty where all are as they were written.
    """
    names: Dict[str, object] = vars(module)
    for name, value in names.items():
        if not isinstance(value, FunctionType) or value.__module__ == "typing":
            continue
        if not is_ours(value):
            return f"{module.__name__.rsplit('.', 1)[-1]}.{name}"
    return ""
