"""Adam on the one vector of a net's parameters (Kingma and Ba 2015)."""

from __future__ import annotations

import math
from typing import Any, Dict

from mxnet import nd, np

from .parameters import FlatParameters


class Adam:
    """Adam as Gluon's ``Trainer(..., 'adam')`` computes it, in one update.

    With gradient ``g`` at update ``t``::

        m <- beta1 m + (1 - beta1) g          v <- beta2 v + (1 - beta2) g^2
        w <- w - lr sqrt(1 - beta2^t) / (1 - beta1^t)  m / (sqrt(v) + epsilon)

    Parameters
    ----------
    parameters : FlatParameters
    lr : float
    beta1, beta2, epsilon : float

    Attributes
    ----------
    mean, var : mxnet.np.ndarray, shape of ``parameters.data``
        ``m`` and ``v``.
    num_updates : int
        ``t``; the three are all there is to save.
    """

    def __init__(
        self,
        parameters: FlatParameters,
        lr: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.parameters, self.lr = parameters, lr
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.mean = np.zeros_like(parameters.data)
        self.var = np.zeros_like(parameters.data)
        self.num_updates = 0

    def step(self) -> None:
        """Update the parameters with their gradient."""
        self.num_updates += 1
        correction = math.sqrt(1 - self.beta2**self.num_updates)
        correction /= 1 - self.beta1**self.num_updates
        data = self.parameters.data.as_nd_ndarray()
        nd.adam_update(
            data,
            self.parameters.grad.as_nd_ndarray(),
            self.mean.as_nd_ndarray(),
            self.var.as_nd_ndarray(),
            lr=self.lr * correction,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            out=data,
        )

    def state(self) -> Dict[str, Any]:
        """What a checkpoint needs to go on: ``mean``, ``var``, ``num_updates``."""
        return {"mean": self.mean, "var": self.var, "num_updates": self.num_updates}

    def restore(self, state: Dict[str, Any]) -> None:
        """Take over what :meth:`state` gave."""
        self.mean[:], self.var[:] = state["mean"], state["var"]
        self.num_updates = int(state["num_updates"])
