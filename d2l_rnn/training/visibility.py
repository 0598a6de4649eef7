"""What a language model has seen when it predicts, and what that is worth to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Optional

import numpy
from mxnet import autograd, gluon, np, npx

from ..arrays import Floats
from ..errors import DataError
from ..protocols import Array, Device, LanguageModel, Minibatch, State


@dataclass(frozen=True, eq=False)
class VisibleLosses:
    """Losses of a language model that is shown only the beginning of each window.

    Attributes
    ----------
    losses : numpy.ndarray of float64, shape (num_steps, num_steps)
        Entry [t, v] with v >= t: cross-entropy in nats of predicting what follows
        position ``t`` where the model sees positions 0, ..., v of the window, summed
        over windows. NaN for v < t.
    windows : int
        Number of windows summed over.
    """

    losses: Floats
    windows: int

    @property
    def num_tokens(self) -> int:
        """How many predictions a perplexity is made from."""
        return self.windows * len(self.losses)

    def perplexity(self, right_context: Optional[int] = None) -> float:
        """Perplexity where position t sees ``right_context`` tokens after itself.

        Parameters
        ----------
        right_context : int, optional
            0 is honest: what is to be predicted, and all after it, is out of sight.
            None shows the whole window, as the book does. A window's end is an end:
            near it there is less to see.
        """
        num_steps = len(self.losses)
        steps = numpy.arange(num_steps)
        reach = num_steps if right_context is None else right_context
        visible = numpy.minimum(steps + reach, num_steps - 1)
        mean = float(self.losses[steps, visible].sum()) / self.num_tokens
        return math.exp(mean) if mean < 700 else math.inf


def visible_losses(
    net: LanguageModel,
    batches: Iterable[Minibatch],
    device: Device,
    carry_state: bool = True,
) -> VisibleLosses:
    """Evaluate a language model on every prefix of every window.

    One pass over a window's first ``v + 1`` tokens gives the predictions of all its
    positions t <= v with v - t tokens of right context, so ``num_steps`` passes give
    all. State is carried from whole window to whole window: it belongs to the past.

    Parameters
    ----------
    net : callable
        ``net(X, state) -> (logits, state)`` with ``begin_state``.
    batches : iterable of (X, Y)
        Token ids, each (batch_size, num_steps), all of the same shape.
    device : mxnet.Context
    carry_state : bool
        Whether the state goes on from minibatch to minibatch.

    Raises
    ------
    DataError
        If there is no minibatch.
    """
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    state: Optional[State] = None
    losses: Optional[Floats] = None
    windows = 0
    for X, Y in batches:
        X, Y = X.as_in_ctx(device), Y.as_in_ctx(device)
        batch_size, num_steps = X.shape
        if losses is None:
            losses = numpy.full((num_steps, num_steps), numpy.nan)
            losses[numpy.triu_indices(num_steps)] = 0
        if state is None or not carry_state:
            state = net.begin_state(batch_size=batch_size, ctx=device)
        next_state = state
        for v in range(num_steps):
            logits, next_state = net(X[:, : v + 1], state)
            each = loss(logits, Y[:, : v + 1].T.reshape(-1))
            # (v + 1, batch_size)
            each = each.reshape(v + 1, batch_size).asnumpy().astype("float64")
            losses[: v + 1, v] += each.sum(axis=1)
        state = next_state
        windows += batch_size
    if losses is None:
        raise DataError("the text is too short for one minibatch of windows")
    return VisibleLosses(losses, windows)


def input_gradients(
    net: LanguageModel,
    logits_of: Callable[[Array, Any], Array],
    X: Array,
    Y: Array,
    vocab_size: int,
) -> Floats:
    """How strongly each input moves the score that the right answer gets.

    The derivative of logit y_t at position t with respect to the one-hot input at
    position s, as a Euclidean norm. For a causal model it is exactly zero where
    s > t: no path leads there.

    Parameters
    ----------
    net : object with ``begin_state``
        Each window begins with a fresh state.
    logits_of : callable
        ``logits_of(inputs, state)`` with inputs (num_steps, batch_size, vocab_size).
    X, Y : mxnet.np.ndarray of int, shape (num_windows, num_steps)
    vocab_size : int

    Returns
    -------
    numpy.ndarray, shape (num_steps, num_steps)
        Entry [t, s], the mean over windows.
    """
    num_windows, num_steps = X.shape
    rows = num_windows * num_steps
    # Each window num_steps times: copy t is differentiated at position t alone, so
    # that one backward pass gives all derivatives, each in a row of its own.
    # (num_steps, num_windows * num_steps, vocab_size)
    inputs = npx.one_hot(np.repeat(X, num_steps, axis=0).T, vocab_size)
    inputs.attach_grad()
    t = np.tile(np.arange(num_steps, ctx=X.ctx), num_windows).astype("int64")
    row = np.arange(rows, ctx=X.ctx).astype("int64")
    answers = Y.reshape(-1).astype("int64")
    with autograd.record():
        logits = logits_of(inputs, net.begin_state(batch_size=rows, ctx=X.ctx))
        logits = logits.reshape(num_steps, rows, vocab_size)
        total = logits[t, row, answers].sum()
    total.backward()
    # (num_steps [s], num_windows, num_steps [t])
    norms: Floats = np.sqrt((inputs.grad**2).sum(axis=2)).asnumpy()
    mean: Floats = norms.reshape(num_steps, num_windows, num_steps).mean(axis=1)
    return mean.T
