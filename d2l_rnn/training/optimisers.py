"""Optimisers: what a gradient is used for. ``step()`` moves the parameters."""

from __future__ import annotations

import math
from typing import Callable, Dict, List, Optional, Protocol, Tuple

import numpy
from mxnet import nd, np

from ..arrays import Floats
from ..errors import RunError
from ..protocols import Array, Arrays, LegacyArray
from .parameters import Parameters, Trainable

Clip = Callable[[], object]

MEAN, VAR, NUM_UPDATES = "adam.mean", "adam.var", "adam.num_updates"


class Optimiser(Protocol):
    """What moves parameters: ``step()``, or ``step(batch_size)``, gives the norm."""

    parameters: Parameters

    @property
    def step(self) -> Callable[..., Array]: ...


class Sgd:
    """Gradient descent on a clipped gradient: ``w <- w - lr min(1, theta / |g|) g``.

    Parameters
    ----------
    parameters : Parameters
    lr : float
    theta : float
        Largest norm of the gradient; ``inf`` does not clip.
    clip : callable, optional
        Clips in place of ``theta``'s rule: a reader's own.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float,
        theta: float = 1.0,
        clip: Optional[Clip] = None,
    ) -> None:
        self.parameters, self.lr, self.theta, self.clip = parameters, lr, theta, clip

    def step(self) -> Array:
        """Move the parameters; return the norm of the gradient, (1,).

        It is the norm before clipping, or after it where the clipping is a reader's.
        """
        if self.clip is None:
            return self.parameters.sgd(self.lr, self.theta)
        self.clip()
        norm = self.parameters.norm()
        self.parameters.descend(self.lr)
        return norm


class Adam:
    """Adam as Gluon's ``Trainer(..., 'adam')`` computes it (Kingma and Ba 2015).

    With the gradient ``g``, clipped and then divided by the batch size, at update
    ``t``::

        m <- beta1 m + (1 - beta1) g          v <- beta2 v + (1 - beta2) g^2
        w <- w - lr sqrt(1 - beta2^t) / (1 - beta1^t)  m / (sqrt(v) + epsilon)

    Parameters
    ----------
    parameters : Parameters
        Their ``m`` and ``v`` are made at the first step, so that shapes which Gluon
        leaves open until the first forward pass may still be open.
    lr : float
    theta, clip
        As for :class:`Sgd`.
    beta1, beta2, epsilon : float
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float,
        theta: float = 1.0,
        clip: Optional[Clip] = None,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.parameters, self.lr, self.theta, self.clip = parameters, lr, theta, clip
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.num_updates = 0
        # By the array that they belong to: (array, m, v).
        self._moments: Dict[int, Tuple[Array, LegacyArray, LegacyArray]] = {}

    def step(self, batch_size: float = 1) -> Array:
        """Move the parameters; return the norm of the gradient, as :class:`Sgd` does.

        Parameters
        ----------
        batch_size : float
            What the clipped gradient is divided by; the arrays keep it undivided.
        """
        if self.clip is None:
            norm = self.parameters.clip(self.theta)
        else:
            self.clip()
            norm = self.parameters.norm()
        self.num_updates += 1
        correction = math.sqrt(1 - self.beta2**self.num_updates)
        correction /= 1 - self.beta1**self.num_updates
        for trained in self.parameters.trained():
            data = trained.data.as_nd_ndarray()
            mean, var = self._moments_of(trained)
            nd.adam_update(
                data,
                trained.grad.as_nd_ndarray(),
                mean,
                var,
                lr=self.lr * correction * trained.lr_mult,
                beta1=self.beta1,
                beta2=self.beta2,
                epsilon=self.epsilon,
                rescale_grad=1 / batch_size,
                out=data,
            )
        return norm

    def _moments_of(self, trained: Trainable) -> Tuple[LegacyArray, LegacyArray]:
        array = trained.data
        if id(array) not in self._moments:
            mean, var = (np.zeros_like(array).as_nd_ndarray() for _ in range(2))
            self._moments[id(array)] = (array, mean, var)
        _, mean, var = self._moments[id(array)]
        return mean, var

    def arrays(self) -> Dict[str, Floats]:
        """What a checkpoint needs to go on, by name.

        ``adam.mean`` and ``adam.var`` hold all moments one behind the other, (number
        of parameters,); ``adam.num_updates`` is ``t``, (1,).
        """
        moments = [self._moments_of(t) for t in self.parameters.trained()]
        return {
            MEAN: _joined([mean for mean, _ in moments]),
            VAR: _joined([var for _, var in moments]),
            NUM_UPDATES: numpy.array([self.num_updates]),
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what :meth:`arrays` gave.

        Raises
        ------
        RunError
            If it is not there, or of another net.
        """
        try:
            stored = [arrays[MEAN], arrays[VAR]]
            num_updates = int(arrays[NUM_UPDATES][0])
        except (KeyError, IndexError):
            raise RunError("checkpoint without Adam's state: cannot go on") from None
        found = self.parameters.trained()
        size = sum(t.data.size for t in found)
        if any(array.shape != (size,) for array in stored):
            raise RunError(
                f"checkpoint of another model: Adam's state is of {stored[0].size} "
                f"parameters, not {size}"
            )
        self.num_updates, start = num_updates, 0
        for trained in found:
            stop = start + trained.data.size
            for target, values in zip(self._moments_of(trained), stored):
                target[:] = values[start:stop].reshape(trained.data.shape)
            start = stop


def _joined(moments: List[LegacyArray]) -> Floats:
    return numpy.concatenate([moment.asnumpy().ravel() for moment in moments])


def without_optimiser(arrays: Arrays) -> Dict[str, Floats]:
    """The parameters alone, for a net that is only used."""
    return {name: a for name, a in arrays.items() if not name.startswith("adam.")}
