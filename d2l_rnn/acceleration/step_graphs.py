"""Step functions from scratch as one graph: MXNet executes it rather than Python.

The same operators in the same order, hence the same numbers, sooner by a quarter
(``rnn``, 512 hidden) to a half (``lstm``, 256). The functions must keep to the
operators of :mod:`d2l_rnn.models.scratch_operators` and to arithmetic: those of this
package do.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Sequence, Tuple
from weakref import WeakKeyDictionary

from mxnet import gluon, symbol

from ..models.scratch_model import RNNModelScratch
from ..models.scratch_operators import split_steps
from ..protocols import Array, Shape
from .tracing import Graph, static_graph, variable

Shapes = Tuple[Shape, ...]
Forward = Callable[..., Any]  # on arrays or on symbols


class StepGraphs:
    """The graphs of one ``forward_fn``, made at the first call with each shape.

    The function, ours (see :func:`~.provenance.is_ours`), is not kept here: it is the
    key that this object lives by.
    """

    _known: WeakKeyDictionary[Forward, StepGraphs] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._graphs: Dict[object, Graph] = {}

    @classmethod
    def of(cls, net: RNNModelScratch) -> StepGraphs:
        """The graphs of a net's function, alike for all nets that have it."""
        if net.forward_fn not in cls._known:
            cls._known[net.forward_fn] = cls()
        return cls._known[net.forward_fn]

    def mean_loss(
        self, net: RNNModelScratch, X: Array, y: Array, state: Sequence[Array]
    ) -> Tuple[Array, Sequence[Array]]:
        """The mean cross-entropy and the next state; ``y`` time-major, (T * B,)."""
        return self._run(net, "loss", X.shape[1], X, state, y)

    def logits(
        self, net: RNNModelScratch, X: Array, state: Sequence[Array]
    ) -> Tuple[Array, Sequence[Array]]:
        """What the net itself gives: logits and the next state."""
        return self._run(net, "logits", X.shape[1], X, state)

    def _run(
        self,
        net: RNNModelScratch,
        kind: str,
        num_steps: int,
        X: Array,
        state: Sequence[Array],
        *y: Array,
    ) -> Tuple[Array, Sequence[Array]]:
        shapes = tuple(param.shape for param in net.params)
        key = (kind, num_steps, len(state), net.vocab_size, shapes)
        if key not in self._graphs:
            self._graphs[key] = _trace(net.forward_fn, *key)
        X = X.astype("float32", copy=False)
        result, *state = self._graphs[key](X, *state, *net.params, *y)
        return result, tuple(state)


def _trace(
    forward_fn: Forward,
    kind: str,
    num_steps: int,
    num_states: int,
    vocab_size: int,
    shapes: Shapes,
) -> Graph:
    """``(X, *state, *params[, y]) -> [logits or loss, *state]``."""
    X, y = variable("X"), variable("y")
    state = tuple(variable(f"state{k}") for k in range(num_states))
    params = [variable(f"param{k}", shape=shape) for k, shape in enumerate(shapes)]

    # (num_steps * batch_size, vocab_size), time-major
    rows = symbol.numpy_extension.one_hot(X.T.reshape(-1), vocab_size)
    logits, new_state = forward_fn(split_steps(rows, num_steps), state, params)
    if kind == "logits":
        return static_graph([logits, *new_state], [X, *state, *params])
    loss = gluon.loss.SoftmaxCrossEntropyLoss()(logits, y).mean()
    return static_graph([loss, *new_state], [X, *state, *params, y])
