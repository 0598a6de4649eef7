"""What is minimised: a minibatch becomes a loss to differentiate, and what to report.

An objective is called once a minibatch, within ``autograd.record()``. It may have a
memory that lasts an epoch: a language model's state.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, NamedTuple, Optional, Protocol, Tuple

from mxnet import autograd

from ..protocols import (
    Array,
    Device,
    Differentiable,
    LanguageModel,
    Loss,
    Minibatch,
    State,
)


class Minimised(NamedTuple):
    """What an objective makes of a minibatch.

    Attributes
    ----------
    objective : mxnet.np.ndarray, or what has its ``backward()``
        What the gradient is taken of.
    loss : mxnet.np.ndarray, of one element
        What is reported: ``loss * weight`` is summed over the epoch.
    weight : float
    num_terms : int
        Of how many terms ``loss * weight`` is the sum: tokens, lines, pairs.
    batch_size : float
        What the optimiser divides the clipped gradient by.
    """

    objective: Differentiable
    loss: Array
    weight: float
    num_terms: int
    batch_size: float = 1


class Objective(Protocol):
    """Called with the arrays of a minibatch, however many these are."""

    def begin_epoch(self, epoch: int) -> None: ...

    def __call__(self, *minibatch: Any, **named: Any) -> Minimised: ...


def detach(state: Any) -> Any:
    """The same state cut off from the graph it was computed in.

    ``detach()`` returns a new array; the book's ``for s in state: s.detach()`` throws
    it away. Lists, tuples, namedtuples and dicts keep their kind; what has no
    ``detach`` is a reader's own and stays as it is, and so does what detaches itself
    in place.
    """
    if isinstance(state, dict):
        return type(state)((key, detach(s)) for key, s in state.items())
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        return type(state)(*(detach(s) for s in state))
    if isinstance(state, (list, tuple)):
        return type(state)(detach(s) for s in state)
    detached = state.detach() if hasattr(state, "detach") else None
    return state if detached is None else detached


class NextToken:
    """The mean loss of every next token (book Section 8.5).

    The state is carried over from minibatch to minibatch and detached, or begins anew
    with each.

    Parameters
    ----------
    net : LanguageModel
    loss : callable
        ``loss(y_hat, y)``, one number a token.
    device : mxnet.Context
    fresh_state : bool
        Whether each minibatch begins with a fresh state.
    """

    def __init__(
        self, net: LanguageModel, loss: Loss, device: Device, fresh_state: bool = False
    ) -> None:
        self.net, self.loss, self.device = net, loss, device
        self.fresh_state = fresh_state
        self._state: Optional[State] = None

    def begin_epoch(self, epoch: int) -> None:
        """The first minibatch of an epoch begins with a fresh state."""
        self._state = None

    def __call__(self, X: Array, Y: Array) -> Minimised:
        """``1 / (B T) sum_{b,t} loss(y_hat_{b,t}, Y_{b,t})`` of ids, each (B, T)."""
        with autograd.pause():
            state = self._begin(X)
            y = Y.T.reshape(-1)
            X, y = X.as_in_ctx(self.device), y.as_in_ctx(self.device)
        mean, self._state = self.mean_loss(X, y, state)
        return Minimised(mean, mean, y.size, y.size)

    def mean_loss(self, X: Array, y: Array, state: State) -> Tuple[Array, State]:
        """The mean loss and the next state; ``y`` time-major, (T * B,)."""
        y_hat, state = self.net(X, state)
        return self.loss(y_hat, y).mean(), state

    def _begin(self, X: Array) -> State:
        if self._state is None or self.fresh_state:
            return self.net.begin_state(batch_size=X.shape[0], ctx=self.device)
        return detach(self._state)


#: ``(*minibatch) -> (summed loss, how many it is the sum of)``
SummedLoss = Callable[..., Tuple[Array, int]]


class Examples:
    """The mean loss of examples that stand each for itself: a window, a line, a label.

    Parameters
    ----------
    summed_loss : callable
        ``summed_loss(*minibatch) -> (loss, count)``, a sum and of how many terms.
    device : mxnet.Context
        Where each minibatch is moved to.
    batch_size : int, optional
        What the sum is divided by before its gradient is taken; None: ``count``. The
        book's ``trainer.step(batch_size)`` divides by the full size also where the
        last minibatch is smaller.
    """

    def __init__(
        self, summed_loss: SummedLoss, device: Device, batch_size: Optional[int] = None
    ) -> None:
        self.summed_loss, self.device = summed_loss, device
        self.batch_size = batch_size

    def begin_epoch(self, epoch: int) -> None:
        """Nothing is remembered."""

    def __call__(self, *minibatch: Array) -> Minimised:
        """The sum divided, and the sum itself to report."""
        arrays = [array.as_in_ctx(self.device) for array in minibatch]
        loss, count = self.summed_loss(*arrays)
        return Minimised(loss / (self.batch_size or count), loss, 1, count)


def total_loss(
    data_iter: Iterable[Minibatch], summed_loss: SummedLoss, device: Device
) -> Tuple[float, int]:
    """The loss over all minibatches, and of how many terms it is the sum."""
    total, terms = 0.0, 0
    for minibatch in data_iter:
        loss, count = summed_loss(*(array.as_in_ctx(device) for array in minibatch))
        total += float(loss)
        terms += count
    return total, terms
