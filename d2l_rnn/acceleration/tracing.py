"""What the graphs that stand for a whole call have in common."""

from __future__ import annotations

from typing import Any, Callable, List, Sequence

from mxnet import gluon, symbol


def variable(name: str, **attributes: Any) -> Any:
    """A float32 input of a graph."""
    return symbol.var(name, dtype="float32", **attributes).as_np_ndarray()


def static_graph(outputs: List[Any], inputs: Sequence[Any]) -> Callable[..., List[Any]]:
    """A function that executes a graph again and again in the same memory.

    Its outputs are new arrays at every call: a state that is carried on is not
    overwritten. It is no block, which a net that keeps it would take for a part of it.
    """
    graph = gluon.SymbolBlock(outputs, list(inputs))
    graph.hybridize(static_alloc=True, static_shape=True)
    return graph.__call__
