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
from ..protocols import Array, Shape, Tensor
from .greedy import unroll
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

    def greedy_block(
        self, net: RNNModelScratch, token: Array, state: Sequence[Array]
    ) -> Tuple[Array, Sequence[Array]]:
        """Ids (BLOCK, B) that follow tokens (B, 1), and the state before the last."""
        return self._run(net, "greedy", 1, token, state)

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
    """``(X, *state, *params[, y]) -> [loss or ids, *state]``."""
    X, y = variable("X"), variable("y")
    state = tuple(variable(f"state{k}") for k in range(num_states))
    params = [variable(f"param{k}", shape=shape) for k, shape in enumerate(shapes)]

    def steps(
        tokens: Tensor, state: Tuple[Tensor, ...], number: int = 1
    ) -> Tuple[Tensor, Tuple[Tensor, ...]]:
        """``number`` steps over tokens (number * batch_size,), time-major."""
        # (number * batch_size, vocab_size)
        rows = symbol.numpy_extension.one_hot(tokens, vocab_size)
        logits, new_state = forward_fn(split_steps(rows, number), state, params)
        return logits, new_state

    tokens = X.T.reshape(-1)
    if kind == "greedy":
        result, new_state = unroll(steps, tokens, state)
        return static_graph([result, *new_state], [X, *state, *params])
    logits, new_state = steps(tokens, state, num_steps)
    if kind == "logits":
        return static_graph([logits, *new_state], [X, *state, *params])
    loss = gluon.loss.SoftmaxCrossEntropyLoss()(logits, y).mean()
    return static_graph([loss, *new_state], [X, *state, *params, y])
