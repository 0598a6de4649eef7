"""Parameters in another form while an epoch runs, where they may be."""

from __future__ import annotations

import math
from typing import Callable, ClassVar, Sequence

from mxnet import np

from ..protocols import Array
from ..training.parameters import Parameters, Trainable, clipping_factor

Reason = Callable[[], str]


class WhileEpochs(Parameters):
    """Parameters that are prepared when an epoch begins, and given back after it.

    Parameters
    ----------
    find : callable
        As for :class:`~d2l_rnn.training.parameters.Parameters`.
    reason : callable
        Why they may not be, asked when an epoch begins; empty where they may.
    """

    #: What ``path`` says of an epoch in which they are.
    word: ClassVar[str]

    def __init__(self, find: Callable[[], Sequence[Trainable]], reason: Reason) -> None:
        super().__init__(find)
        self._reason = reason

    def __enter__(self) -> WhileEpochs:
        reason = self._reason()
        self.path = f"plain: {reason}" if reason else self.word
        if not reason:
            self.begin()
        return self

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self.end()

    def begin(self) -> None:
        """Prepare them."""
        raise NotImplementedError

    def end(self) -> None:
        """Give them back, if they were prepared."""
        raise NotImplementedError


def clipped_by(norm: Array, theta: float) -> Array:
    """``min(1, theta / norm)``, (1,); 1 where ``theta`` is infinite."""
    return clipping_factor(norm, theta) if math.isfinite(theta) else np.ones_like(norm)
