"""Is a class, an object or a function still as its package wrote it?

Python lets a reader replace a method of a class, set another one on an instance, or
hand in a function of their own. Where code comes from is told by the file that it was
compiled from.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, GetSetDescriptorType, ModuleType
from typing import Dict, List, Optional, Set

# As the import system writes it into code objects: links are not resolved.
PACKAGE = str(Path(__file__).parent.parent) + os.sep
_LIBRARIES = ("d2l_rnn", "mxnet")
_WITH_CODE = (FunctionType, staticmethod, classmethod, property)


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
        ``Class.method``, or the name of a base that a reader has put among the others;
        empty where all are as they were written.
    """
    for base in cls.__mro__[:-1]:
        if base.__module__.partition(".")[0] not in _LIBRARIES:
            return base.__name__
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
        if not isinstance(value, _WITH_CODE) and _acts(value):
            return name
    return ""


def _acts(value: object) -> bool:
    """Whether an attribute of a class does something when it is looked up or called.

    The classes that we know have functions for that, and nothing else: no descriptor
    (``functools.partialmethod``), no object that can be called.
    """
    if isinstance(value, GetSetDescriptorType):  # __dict__ and __weakref__
        return False
    return callable(value) or hasattr(type(value), "__get__")


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
        kind = type(function)
        written_here = kind is tuple or kind.__module__.startswith("d2l_rnn.")
        return written_here and all(is_ours(part, seen) for part in function)
    if isinstance(function, (int, float, str, type(None))):
        return True
    if type(function) is partial:
        parts = [function.func, *function.args, *function.keywords.values()]
        return all(is_ours(part, seen) for part in parts)
    if not isinstance(function, FunctionType):
        return False
    if not function.__code__.co_filename.startswith(PACKAGE):
        return False
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return all(is_ours(value, seen) for value in cells)


def replaced_in_module(module: ModuleType) -> str:
    """The first function of one of our modules in whose place is something else.

    Returns
    -------
    str
        ``module.function``; empty where all are as they were written.
    """
    names: Dict[str, object] = vars(module)
    for name, value in names.items():
        origins = (type(value).__module__, getattr(value, "__module__", None))
        if isinstance(value, type) or "typing" in origins:
            continue
        if callable(value) and not is_ours(value):
            return f"{module.__name__.rsplit('.', 1)[-1]}.{name}"
    return ""
