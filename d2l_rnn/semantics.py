"""Whose rules MXNet's arrays follow: NumPy's (``mx.np``), or those of before (``nd``).

The book's 0.17 edition calls ``npx.set_np()`` once for all; its first edition knows
``mxnet.nd`` alone, whose arrays Gluon's layers refuse under NumPy's rules, and the
other way round. What stands between a context's begin and end follows one of both,
and after it the thread is as it was found.
"""

from __future__ import annotations

import functools
from types import TracebackType
from typing import Callable, Optional, Type, TypeVar

from mxnet import util

Function = TypeVar("Function", bound=Callable[..., object])


class Semantics:
    """A context in which one of both rules holds.

    Parameters
    ----------
    numpy : bool
        NumPy's (``npx.set_np()``), or those of ``mxnet.nd`` (``npx.reset_np()``).
    """

    def __init__(self, numpy: bool) -> None:
        shape, array = util.np_shape(numpy), util.np_array(numpy)
        # NumPy's arrays need NumPy's shapes: never the one without the other.
        self._scopes = (shape, array) if numpy else (array, shape)

    def __enter__(self) -> Semantics:
        for scope in self._scopes:
            scope.__enter__()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        for scope in reversed(self._scopes):
            scope.__exit__(kind, error, trace)


def of_numpy(function: Function) -> Function:
    """A function that runs under NumPy's rules, whatever it finds."""
    return _under(True, function)


def of_nd(function: Function) -> Function:
    """A function that runs under the rules of ``mxnet.nd``, whatever it finds."""
    return _under(False, function)


def _under(numpy: bool, function: Function) -> Function:
    @functools.wraps(function)
    def run(*args: object, **kwargs: object) -> object:
        with Semantics(numpy):
            return function(*args, **kwargs)

    return run  # type: ignore[return-value]
