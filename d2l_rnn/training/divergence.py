"""Numbers of an epoch read back from the device, and stopped at where none is left."""

from __future__ import annotations

from typing import Sequence

import numpy
from mxnet import np

from ..arrays import Floats
from ..errors import DivergenceError
from ..protocols import Array


def read_losses(
    losses: Sequence[Array], epoch: int, norms: Sequence[Array] = ()
) -> Floats:
    """An epoch's losses, read back all at once.

    Parameters
    ----------
    losses : sequence of mxnet.np.ndarray, each of shape ()
        One a minibatch.
    epoch : int
        For the message.
    norms : sequence of mxnet.np.ndarray, each of one element
        Of the gradients, where they are known: a step whose loss is finite may have
        made all weights infinite.

    Returns
    -------
    numpy.ndarray, shape (number of losses,), float64

    Raises
    ------
    DivergenceError
        If a loss or a norm is not finite; names the first step.
    """
    values: Floats = np.stack(losses).asnumpy().astype("float64")
    finite = numpy.isfinite(values)
    if norms:
        finite &= numpy.isfinite(np.stack(norms).asnumpy().ravel())
    if not finite.all():
        step = int(numpy.argmin(finite))
        raise DivergenceError(
            f"loss or gradient is not finite at epoch {epoch}, step {step + 1} (loss "
            f"{values[step]}): try a smaller learning rate (--lr), or clip the gradient"
        )
    return values
