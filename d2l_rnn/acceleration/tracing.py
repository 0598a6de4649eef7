"""What the graphs that stand for a whole call have in common."""

from __future__ import annotations

import os
from typing import Callable, List, Optional, Sequence, TypeVar

from mxnet import gluon, symbol

from ..protocols import Array, Shape, Tensor

#: What :func:`static_graph` gives: arrays become arrays.
Graph = Callable[..., List[Array]]

Answer = TypeVar("Answer")

_MERGING = "MXNET_ELIMINATE_COMMON_EXPR"


def variable(name: str, shape: Optional[Shape] = None) -> Tensor:
    """A float32 input of a graph."""
    given: Tensor = symbol.var(name, dtype="float32", shape=shape).as_np_ndarray()
    return given


def executed_first(graph: Callable[..., Answer], arrays: Sequence[Array]) -> Answer:
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


def static_graph(outputs: List[Tensor], inputs: Sequence[Tensor]) -> Graph:
    """A function that executes a graph again and again in the same memory.

    Its outputs are new arrays at every call: a state that is carried on is not
    overwritten. It is no block, which a net that keeps it would take for a part of it.
    """
    graph = gluon.SymbolBlock(outputs, list(inputs))
    graph.hybridize(static_alloc=True, static_shape=True)
    call: Graph = graph.__call__
    return call
