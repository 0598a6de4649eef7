"""Several steps ahead with a model of one step (book Section 8.1).

``predict`` stands for the model: (batch_size, tau) last values -> (batch_size,) next
ones. Beyond the data it is fed with its own predictions.
"""

from __future__ import annotations

from typing import Callable, Dict

import numpy as np

from ..arrays import Floats
from ..errors import UsageError

Predict = Callable[[Floats], Floats]


def continue_series(predict: Predict, x: Floats, num_steps: int, tau: int) -> Floats:
    """Go on after the end of a series, each prediction built on those before it.

    Parameters
    ----------
    predict : callable
    x : np.ndarray, shape (num_points,)
        At least ``tau`` values.
    num_steps, tau : int

    Returns
    -------
    np.ndarray, shape (num_steps,)
    """
    _check(x, tau, num_steps)
    # (1, tau + num_steps)
    values: Floats = np.concatenate([x[-tau:], np.zeros(num_steps, x.dtype)])[None]
    for i in range(num_steps):
        values[:, tau + i] = predict(values[:, i : i + tau])
    return np.asarray(values[0, tau:])


def predict_ahead(predict: Predict, x: Floats, max_steps: int, tau: int) -> Floats:
    """The k-step-ahead predictions from every point, for k = 1, ..., max_steps::

        x^_{t+1} = f(x_{t-tau+1}, ..., x_t)
        x^_{t+k} = f(x^_{t+k-tau}, ..., x^_{t+k-1}),   x^_s = x_s for s <= t

    Parameters
    ----------
    predict : callable
    x : np.ndarray, shape (num_points,)
    max_steps, tau : int

    Returns
    -------
    np.ndarray, shape (max_steps, num_points - tau - max_steps + 1)
        Entry (k - 1, i) predicts the point ``tau + i + k - 1`` (from 0) out of the
        ``tau`` points from ``i`` on: the last row's target is the series' last point.

    Raises
    ------
    UsageError
        If the series is too short for one prediction of every kind.
    """
    _check(x, tau, max_steps)
    num_starts = len(x) - tau - max_steps + 1
    if num_starts < 1:
        raise UsageError(
            f"{len(x)} points: {max_steps} steps ahead of {tau} known need "
            f"{tau + max_steps}"
        )
    # (num_starts, tau + max_steps): known points, then predictions
    values = np.zeros((num_starts, tau + max_steps), x.dtype)
    values[:, :tau] = np.stack([x[i : i + num_starts] for i in range(tau)], axis=1)
    for k in range(max_steps):
        values[:, tau + k] = predict(values[:, k : k + tau])
    return values[:, tau:].T


def errors(
    ahead: Floats, continued: Floats, x: Floats, known: int, tau: int
) -> Dict[str, object]:
    """Root mean square errors, of targets that were not trained on.

    A target is one for every number of steps ahead, so that the numbers compare.

    Parameters
    ----------
    ahead : np.ndarray, shape (max_steps, num_points - tau - max_steps + 1)
        Of :func:`predict_ahead`.
    continued : np.ndarray, shape (num_points - known,)
        Of :func:`continue_series`.
    x : np.ndarray, shape (num_points,)
    known : int
        How many of the points, from the first on, were seen in training.
    tau : int

    Returns
    -------
    dict
        ``rmse_ahead`` by number of steps; ``rmse_continued``; ``continued_ends_at``,
        and from which time (1 for the first point) it stays there.
    """
    error = {}
    for k in range(1, len(ahead) + 1):
        first = tau + k - 1  # the point that ahead[k - 1, 0] predicts
        start = known + len(ahead) - 1 - first
        targets = x[first + start : first + ahead.shape[1]]
        error[str(k)] = _rms(ahead[k - 1, start:] - targets)
    return {
        "rmse_ahead": error,
        "rmse_continued": _rms(continued - x[known:]),
        "continued_ends_at": float(continued[-1]),
        "continued_constant_from": _constant_from(continued, known),
    }


def _constant_from(continued: Floats, known: int) -> int:
    """The time (1 for the first point) from which the continuation stays at its end."""
    away = np.flatnonzero(abs(continued - continued[-1]) > 0.02)
    return int(known + 1 + (away[-1] + 1 if len(away) else 0))


def _rms(difference: Floats) -> float:
    return float(np.sqrt(np.mean(difference.astype("float64") ** 2)))


def _check(x: Floats, tau: int, num_steps: int) -> None:
    if tau < 1 or num_steps < 1 or len(x) < tau:
        raise UsageError(
            f"tau {tau} and {num_steps} steps of {len(x)} points: at least 1 each, and "
            "tau points"
        )
