"""The one training loop: minibatches become a stream of epochs (book Section 8.5)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, List, Optional, Tuple

import numpy
from mxnet import autograd, gluon

from ..errors import DataError
from ..protocols import Array, Device, LanguageModel, Minibatch
from ..seeding import epoch_seed, set_seed
from .divergence import read_losses
from .objectives import Objective
from .optimisers import Optimiser


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


def train_epoch(
    objective: Objective,
    batches: Iterable[Minibatch],
    optimiser: Optimiser,
    epoch: int = 1,
) -> EpochRow:
    """Train for one epoch.

    Losses stay on the device until the epoch is over: nothing waits.

    Parameters
    ----------
    objective : callable
        ``objective(*minibatch) -> Minimised``, with ``begin_epoch(epoch)``; see
        :mod:`.objectives`.
    batches : iterable of sequences of mxnet.np.ndarray
        Iterated once.
    optimiser : object with ``step`` and ``parameters``
        See :mod:`.optimisers`.
    epoch : int
        For the row and for messages.

    Raises
    ------
    DivergenceError
        If a loss or a gradient's norm is not finite.
    DataError
        If there is no minibatch.
    """
    losses: List[Array] = []
    norms: List[Array] = []
    weights: List[float] = []
    count = 0
    start = time.perf_counter()
    objective.begin_epoch(epoch)
    with optimiser.parameters:
        for minibatch in batches:
            with autograd.record():
                minimised = objective(*minibatch)
            minimised.objective.backward()
            if minimised.batch_size == 1:
                norms.append(optimiser.step())
            else:
                norms.append(optimiser.step(minimised.batch_size))
            losses.append(minimised.loss)
            weights.append(minimised.weight)
            count += minimised.num_terms
    if not losses:
        raise DataError(
            f"the iterator gave no minibatch in epoch {epoch}: each epoch iterates "
            "over it anew, so it must not be used up, and must fill one minibatch"
        )
    # (num_batches,)
    values = read_losses(losses, epoch, norms)
    seconds = time.perf_counter() - start
    return EpochRow(epoch, float(values @ numpy.array(weights)), count, seconds)


def train(
    objective: Objective,
    batches: Iterable[Minibatch],
    optimiser: Optimiser,
    num_epochs: int,
    *,
    seed: Optional[int] = None,
    first_epoch: int = 1,
    before_epoch: Optional[Callable[[int], None]] = None,
) -> Iterator[EpochRow]:
    """Train, yielding a row after each epoch.

    Parameters
    ----------
    objective, optimiser
        As for :func:`train_epoch`.
    batches : iterable of sequences of mxnet.np.ndarray
        Iterated anew for each epoch.
    num_epochs : int
        The last epoch's number.
    seed : int, optional
        Every epoch's random numbers then follow from (seed, epoch) alone, so that a
        run can go on at any epoch as if it had never stopped. None leaves the
        generators to themselves, as in the book.
    first_epoch : int
        Where to go on.
    before_epoch : callable, optional
        ``before_epoch(epoch)``: what changes from epoch to epoch, such as a learning
        rate.

    Yields
    ------
    EpochRow

    Raises
    ------
    DivergenceError, DataError
        As :func:`train_epoch`.
    """
    for epoch in range(first_epoch, num_epochs + 1):
        if seed is not None:
            set_seed(epoch_seed(seed, epoch))
        if before_epoch is not None:
            before_epoch(epoch)
        yield train_epoch(objective, batches, optimiser, epoch)


def evaluate(
    net: LanguageModel,
    batches: Iterable[Minibatch],
    device: Device,
    carry_state: bool = True,
) -> Tuple[float, int]:
    """Cross-entropy of a language model on minibatches, without training.

    Parameters
    ----------
    net : LanguageModel
    batches : iterable of (X, Y)
        Token ids, each (batch_size, num_steps).
    device : mxnet.Context
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
