"""How often a decoder in training is shown the truth (Bengio et al. 2015).

With teacher forcing a decoder always reads the true token before; when it predicts, it
reads its own. Scheduled sampling goes over from the one to the other: each input token
is the true one with probability epsilon, else drawn from the model, and epsilon falls
from epoch to epoch.
"""

from __future__ import annotations

import math

from ..errors import UsageError


def linear_decay(i: int, c: float, k: float = 1.0, minimum: float = 0.0) -> float:
    """``epsilon_i = max(minimum, k - c i)``."""
    return max(minimum, k - c * i)


def exponential_decay(i: int, k: float) -> float:
    """``epsilon_i = k^i`` with ``0 < k < 1``."""
    return k**i


def inverse_sigmoid_decay(i: int, k: float) -> float:
    """``epsilon_i = k / (k + exp(i / k))`` with ``k >= 1``."""
    # The same, without overflow where i / k is large.
    return 1 / (1 + math.exp(min(i / k - math.log(k), 700.0)))


SCHEDULES = ("none", "linear", "exponential", "inverse-sigmoid")


def teacher_probability(
    schedule: str, epoch: int, num_epochs: int, final: float = 0.25
) -> float:
    """Probability of the true token in an epoch, ``final`` in the last.

    The schedule's own constant follows from ``num_epochs`` and ``final``.

    Parameters
    ----------
    schedule : {'none', 'linear', 'exponential', 'inverse-sigmoid'}
        ``none`` is teacher forcing, probability 1 throughout.
    epoch : int
        1 ... num_epochs.
    num_epochs : int
    final : float
        Between 0 and 1, both excluded.

    Raises
    ------
    UsageError
        For any other schedule or final probability.
    """
    if schedule not in SCHEDULES:
        raise UsageError(f"schedule {schedule!r}: accepted are {', '.join(SCHEDULES)}")
    if not 0 < final < 1:
        raise UsageError(f"final probability {final}: between 0 and 1, both excluded")
    if schedule == "none":
        return 1.0
    i, last = epoch - 1, max(1, num_epochs - 1)
    if schedule == "linear":
        return linear_decay(i, c=(1 - final) / last)
    if schedule == "exponential":
        return exponential_decay(i, k=final ** (1 / last))
    return inverse_sigmoid_decay(i, k=_inverse_sigmoid_constant(last, final))


def _inverse_sigmoid_constant(last: int, final: float) -> float:
    """``k`` with ``inverse_sigmoid_decay(last, k) = final``, by bisection.

    The probability rises with ``k``. A ``k`` below 1, where few epochs leave no
    other, begins below one half.
    """
    low, high = 1e-3, 1e3 * last
    for _ in range(100):
        middle = (low + high) / 2
        if inverse_sigmoid_decay(last, middle) < final:
            low = middle
        else:
            high = middle
    return high
