"""Training on examples that stand each for itself: a window, a line, a label."""

from __future__ import annotations

import time
from typing import Any, Callable, Iterable, Iterator, Optional, Tuple

from mxnet import autograd

from ..seeding import epoch_seed, set_seed
from .adam_loop import AdamTraining
from .divergence import read_losses
from .loop import EpochRow

#: ``(*minibatch) -> (summed loss, how many it is the sum of)``
SummedLoss = Callable[..., Tuple[Any, int]]


class ExampleTraining(AdamTraining):
    """Minimise any loss of a net over independent examples with Adam.

    Parameters, checkpoint and resumption as in :class:`AdamTraining`; the net is only
    asked for its parameters, the loss calls it.
    """

    def epochs(
        self,
        train_iter: Iterable[Any],
        summed_loss: SummedLoss,
        num_epochs: int,
        seed: int,
        first_epoch: int = 1,
        batch_size: Optional[int] = None,
    ) -> Iterator[EpochRow]:
        """Train, yielding a row after each epoch.

        Parameters
        ----------
        train_iter : iterable of sequences of mxnet.np.ndarray
            Iterated anew for each epoch; each minibatch is moved to the device.
        summed_loss : callable
            ``summed_loss(*minibatch) -> (loss, count)``, a sum and of how many terms.
        num_epochs : int
            The last epoch's number.
        seed : int
            An epoch's random numbers follow from (seed, epoch) alone.
        first_epoch : int
            Where to go on.
        batch_size : int, optional
            What the sum is divided by before its gradient is taken; None: ``count``.
            The book's ``trainer.step(batch_size)`` divides by the full size also where
            the last minibatch is smaller.

        Raises
        ------
        DivergenceError
            If a loss is not finite.
        """
        for epoch in range(first_epoch, num_epochs + 1):
            set_seed(epoch_seed(seed, epoch))
            losses, total = [], 0
            start = time.perf_counter()
            for minibatch in train_iter:
                arrays = [array.as_in_ctx(self.device) for array in minibatch]
                with autograd.record():
                    loss, count = summed_loss(*arrays)
                    scaled = loss / (batch_size or count)
                scaled.backward()
                self._update()
                losses.append(loss)
                total += count
            sums = read_losses(losses, epoch)
            seconds = time.perf_counter() - start
            yield EpochRow(epoch, float(sums.sum()), total, seconds)


def total_loss(
    data_iter: Iterable[Any], summed_loss: SummedLoss, device: Any
) -> Tuple[float, int]:
    """The loss over all minibatches, and of how many terms it is the sum."""
    total, terms = 0.0, 0
    for minibatch in data_iter:
        loss, count = summed_loss(*(array.as_in_ctx(device) for array in minibatch))
        total += float(loss)
        terms += count
    return total, terms
