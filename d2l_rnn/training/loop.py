"""The book's training loop for language models as a stream of epochs (Section 8.5)."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator, Optional, Tuple

import numpy
from mxnet import autograd, gluon, init, np

from ..seeding import epoch_seed, set_seed
from .divergence import read_losses
from .parameters import FlatParameters, parameter_arrays


@dataclass(frozen=True)
class EpochRow:
    """What one epoch brought.

    Attributes
    ----------
    epoch : int
        1 for the first.
    loss : float
        Cross-entropy summed over the epoch's tokens, in nats.
    tokens : int
        Number of predicted tokens.
    seconds : float
        Wall time of the epoch, training only.
    """

    epoch: int
    loss: float
    tokens: int
    seconds: float


def grad_clipping(net: Any, theta: float) -> Any:
    """Clip the gradient: ``g <- min(1, theta / |g|) g`` (book Section 8.5).

    Parameters
    ----------
    net : gluon.Block or object with ``params``
        ``|g|`` is the norm over all its gradients together.
    theta : float
        Largest norm.

    Returns
    -------
    mxnet.np.ndarray, shape ()
        The norm before clipping (the book returns nothing).
    """
    grads = [array.grad for array in parameter_arrays(net)]
    norm = np.sqrt(sum((grad**2).sum() for grad in grads))
    factor = theta / np.maximum(norm, theta)
    for grad in grads:
        grad[:] *= factor
    return norm


def detach(state: Any) -> Any:
    """The same state cut off from the graph it was computed in.

    ``detach()`` returns a new array; the book's ``for s in state: s.detach()`` throws
    it away.
    """
    if isinstance(state, (list, tuple)):
        return type(state)(detach(s) for s in state)
    return state.detach()


# ``(X, Y, state) -> (mean loss, next state)``
Objective = Callable[[Any, Any, Any], Tuple[Any, Any]]


def mean_of(net: Any, loss: Callable[[Any, Any], Any]) -> Objective:
    """The mean of ``loss(logits, y)`` over a minibatch's tokens."""

    def objective(X: Any, Y: Any, state: Any) -> Tuple[Any, Any]:
        y_hat, state = net(X, state)
        return loss(y_hat, Y.T.reshape(-1)).mean(), state

    return objective


def cross_entropy(net: Any) -> Objective:
    """The mean softmax cross-entropy, as one graph where the net can (``mean_loss``).

    That saves half a millisecond of a step: a tenth for the book's smallest net.
    """
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    loss.hybridize()
    plain = mean_of(net, loss)
    if not hasattr(net, "mean_loss"):
        return plain

    def objective(X: Any, Y: Any, state: Any) -> Tuple[Any, Any]:
        return net.mean_loss(X, Y, state) or plain(X, Y, state)

    return objective


def train_epoch(
    net: Any,
    train_iter: Iterable[Any],
    objective: Objective,
    update: Callable[[], Any],
    device: Any,
    use_random_iter: bool = False,
    epoch: int = 1,
) -> EpochRow:
    """Train for one epoch (book Section 8.5).

    The state is carried over from minibatch to minibatch and detached, or begins anew
    with each. Losses stay on the device until the epoch is over: nothing waits.

    Parameters
    ----------
    net : object with ``begin_state``
    train_iter : iterable of (X, Y)
        Token ids, each (batch_size, num_steps).
    objective : callable
        What is minimised, of this net: :func:`mean_of`, :func:`cross_entropy`.
    update : callable
        Uses the gradients, and returns their norm (or None).
    device : mxnet.Context
    use_random_iter : bool
        Whether each minibatch begins with a fresh state.
    epoch : int
        For the row and for messages.

    Raises
    ------
    DivergenceError
        If a loss or a gradient's norm is not finite.
    """
    state, losses, norms, tokens = None, [], [], []
    start = time.perf_counter()
    for X, Y in train_iter:
        if state is None or use_random_iter:
            state = net.begin_state(batch_size=X.shape[0], ctx=device)
        else:
            state = detach(state)
        with autograd.record():
            mean_loss, state = objective(
                X.as_in_ctx(device), Y.as_in_ctx(device), state
            )
        mean_loss.backward()
        norm = update()
        losses.append(mean_loss)
        norms.append(mean_loss if norm is None else norm)
        tokens.append(Y.size)
    # (num_batches,)
    means = read_losses(losses, epoch, norms)
    seconds = time.perf_counter() - start
    return EpochRow(epoch, float(means @ numpy.array(tokens)), sum(tokens), seconds)


def initialize(net: Any, device: Any) -> None:
    """Give a Gluon block fresh weights as the book does: Normal(0.01), biases zero.

    A net from scratch keeps the parameters that it was made with.
    """
    if isinstance(net, gluon.Block):
        net.initialize(ctx=device, force_reinit=True, init=init.Normal(0.01))
        # One step with ids 0 settles the shapes that Gluon leaves open until then.
        net(np.zeros((1, 1), ctx=device), net.begin_state(batch_size=1, ctx=device))


def train(
    net: Any,
    train_iter: Iterable[Any],
    lr: float,
    num_epochs: int,
    device: Any,
    use_random_iter: bool = False,
    *,
    theta: float = 1.0,
    seed: Optional[int] = None,
    first_epoch: int = 1,
    flat: bool = True,
) -> Iterator[EpochRow]:
    """Train an initialised language model, yielding a row after each epoch.

    Minimises the mean softmax cross-entropy by gradient descent with the gradient
    clipped to norm ``theta``: the mathematics of the book's ``train_ch8``.

    Parameters
    ----------
    net : gluon.Block or object with ``params``
        Initialised; trained in place.
    train_iter : iterable of (X, Y)
        Iterated anew for each epoch.
    lr : float
        Learning rate.
    num_epochs : int
        The last epoch's number.
    device : mxnet.Context
    use_random_iter : bool
        Whether each minibatch begins with a fresh state.
    theta : float
        Largest norm of the gradient; ``inf`` switches clipping off.
    seed : int, optional
        Every epoch's random numbers then follow from (seed, epoch) alone, so that a
        run can go on at any epoch as if it had never stopped. None leaves the
        generators to themselves, as in the book.
    first_epoch : int
        Where to go on.
    flat : bool
        Whether to lay the parameters out as one vector
        (:class:`~d2l_rnn.training.parameters.FlatParameters`): the same numbers,
        sooner. False takes the plain path.

    Yields
    ------
    EpochRow

    Raises
    ------
    DivergenceError
        If a loss or a gradient is not finite.
    """
    objective = cross_entropy(net)
    update = (_flat_update if flat else _plain_update)(net, lr, theta)
    for epoch in range(first_epoch, num_epochs + 1):
        if seed is not None:
            set_seed(epoch_seed(seed, epoch))
        yield train_epoch(
            net, train_iter, objective, update, device, use_random_iter, epoch
        )


def _flat_update(net: Any, lr: float, theta: float) -> Callable[[], Any]:
    parameters = FlatParameters(net)
    return lambda: parameters.sgd(lr, theta)


def _plain_update(net: Any, lr: float, theta: float) -> Callable[[], Any]:
    arrays = parameter_arrays(net)

    def update() -> Any:
        norm = grad_clipping(net, theta) if math.isfinite(theta) else None
        for array in arrays:
            array[:] -= lr * array.grad
        return norm

    return update


def evaluate(
    net: Any, batches: Iterable[Any], device: Any, carry_state: bool = True
) -> Tuple[float, int]:
    """Cross-entropy of a language model on minibatches, without training.

    Parameters
    ----------
    net, device
        As in :func:`train`.
    batches : iterable of (X, Y)
        Token ids, each (batch_size, num_steps).
    carry_state : bool
        Whether the state goes on from minibatch to minibatch.

    Returns
    -------
    loss : float
        Summed, in nats.
    tokens : int
        How many were predicted.
    """
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    state, total, tokens = None, 0.0, 0
    for X, Y in batches:
        if state is None or not carry_state:
            state = net.begin_state(batch_size=X.shape[0], ctx=device)
        y_hat, state = net(X.as_in_ctx(device), state)
        y = Y.as_in_ctx(device).T.reshape(-1)
        total += float(loss(y_hat, y).sum())
        tokens += y.size
    return total, tokens
