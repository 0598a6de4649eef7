"""Training with Adam, epoch by epoch, and what it takes to go on exactly."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, Optional

import numpy
from mxnet import np

from ..errors import RunError
from ..seeding import epoch_seed, set_seed
from .adam import Adam
from .checkpoint import arrays_of, put_arrays
from .loop import EpochRow, cross_entropy, train_epoch
from .parameters import FlatParameters

_MEAN, _VAR, _NUM_UPDATES = "adam.mean", "adam.var", "adam.num_updates"


class AdamTraining:
    """Minimise the mean softmax cross-entropy of a net with Adam.

    The gradient is clipped to norm ``theta`` before Adam sees it. The learning rate
    falls in equal steps, one an epoch: ``lr (E - e + 1) / E`` in epoch e of E.

    Parameters
    ----------
    net : gluon.Block
        Initialised; ``net(X, state) -> (logits, state)``; trained in place.
    lr : float
        Of the first epoch.
    theta : float
        Largest norm of the gradient; ``inf`` switches clipping off.
    device : mxnet.Context
    """

    def __init__(self, net: Any, lr: float, theta: float, device: Any) -> None:
        self.net, self.lr, self.theta, self.device = net, lr, theta, device
        self._parameters = FlatParameters(net)
        self._adam = Adam(self._parameters, lr)

    def rows(
        self,
        train_iter: Iterable[Any],
        num_epochs: int,
        seed: int,
        first_epoch: int = 1,
        use_random_iter: bool = False,
    ) -> Iterator[EpochRow]:
        """Train, yielding a row after each epoch.

        Parameters
        ----------
        train_iter : iterable of (X, Y)
            Iterated anew for each epoch; X and Y are (batch_size, num_steps).
        num_epochs : int
            The last epoch's number.
        seed : int
            An epoch's random numbers follow from (seed, epoch) alone.
        first_epoch : int
            Where to go on.
        use_random_iter : bool
            Whether each minibatch begins with a fresh state.

        Raises
        ------
        DivergenceError
            If a loss or a gradient is not finite.
        """
        objective = cross_entropy(self.net)
        for epoch in range(first_epoch, num_epochs + 1):
            set_seed(epoch_seed(seed, epoch))
            self._adam.lr = self.lr * (num_epochs - epoch + 1) / num_epochs
            yield train_epoch(
                self.net,
                train_iter,
                objective,
                self._update,
                self.device,
                use_random_iter,
                epoch,
            )

    def _update(self) -> Optional[Any]:
        norm = self._parameters.clip(self.theta)
        self._adam.step()
        return norm

    def arrays(self) -> Dict[str, numpy.ndarray]:
        """The net's parameters and Adam's state, for a checkpoint."""
        return arrays_with_adam(self.net, self._adam)

    def restore(self, arrays: Dict[str, numpy.ndarray]) -> None:
        """Take over what :meth:`arrays` gave, see :func:`restore_with_adam`."""
        restore_with_adam(self.net, self._adam, arrays)


def arrays_with_adam(net: Any, adam: Adam) -> Dict[str, numpy.ndarray]:
    """A net's parameters and the state of its optimiser, for a checkpoint."""
    state = adam.state()
    return {
        **arrays_of(net),
        _MEAN: state["mean"].asnumpy(),
        _VAR: state["var"].asnumpy(),
        _NUM_UPDATES: numpy.array([state["num_updates"]]),
    }


def restore_with_adam(net: Any, adam: Adam, arrays: Dict[str, numpy.ndarray]) -> None:
    """Take over what :func:`arrays_with_adam` gave.

    Raises
    ------
    RunError
        If the arrays are another net's, or without Adam's state.
    """
    put_arrays(net, without_adam(arrays))
    try:
        mean, var = arrays[_MEAN], arrays[_VAR]
        num_updates = int(arrays[_NUM_UPDATES][0])
    except (KeyError, IndexError):
        raise RunError("checkpoint without Adam's state: cannot go on") from None
    adam.restore(
        {"mean": np.array(mean), "var": np.array(var), "num_updates": num_updates}
    )


def without_adam(arrays: Dict[str, numpy.ndarray]) -> Dict[str, numpy.ndarray]:
    """The parameters alone, for a net that is only used."""
    return {
        name: array for name, array in arrays.items() if not name.startswith("adam.")
    }
