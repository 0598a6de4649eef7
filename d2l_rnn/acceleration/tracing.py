"""What the graphs that stand for a whole call have in common."""

from __future__ import annotations

import os
from typing import Any, Callable, List, Sequence

from mxnet import gluon, symbol

_MERGING = "MXNET_ELIMINATE_COMMON_EXPR"


def variable(name: str, **attributes: Any) -> Any:
    """A float32 input of a graph."""
    return symbol.var(name, dtype="float32", **attributes).as_np_ndarray()


def executed_first(graph: Any, arrays: Sequence[Any]) -> Any:
    """The first call of a graph, in which MXNet prepares it without merging operators.

    It would make one of two equal operators, whose gradient then is rounded once where
    that of the plain path is rounded twice.
    """
    before = os.environ.get(_MERGING)
    os.environ[_MERGING] = "0"
    try:
        return graph(*arrays)
    finally:
        if before is None:
            del os.environ[_MERGING]
        else:
            os.environ[_MERGING] = before


def static_graph(outputs: List[Any], inputs: Sequence[Any]) -> Callable[..., List[Any]]:
    """A function that executes a graph again and again in the same memory.

    Its outputs are new arrays at every call: a state that is carried on is not
    overwritten. It is no block, which a net that keeps it would take for a part of it.
    """
    graph = gluon.SymbolBlock(outputs, list(inputs))
    graph.hybridize(static_alloc=True, static_shape=True)
    return graph.__call__
