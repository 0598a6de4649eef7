"""A noisy sine, and what a model of it learns from (book Section 8.1)."""

from __future__ import annotations

from typing import Tuple

import numpy as np

from ..arrays import Floats
from ..errors import UsageError


def noisy_sine(noise: Floats) -> Tuple[Floats, Floats]:
    """``x_t = sin(0.01 t) + noise_t`` for t = 1, ..., num_points.

    Parameters
    ----------
    noise : np.ndarray, shape (num_points,)

    Returns
    -------
    time, x : np.ndarray of float32, shape (num_points,)
    """
    time = np.arange(1, len(noise) + 1, dtype=np.float32)
    return time, (np.sin(0.01 * time) + noise).astype(np.float32)


def windows(x: Floats, tau: int) -> Tuple[Floats, Floats]:
    """Every value that has ``tau`` values before it, and these.

    Parameters
    ----------
    x : np.ndarray, shape (num_points,)
    tau : int

    Returns
    -------
    features : np.ndarray, shape (num_points - tau, tau)
        ``x_{t-tau}, ..., x_{t-1}``.
    labels : np.ndarray, shape (num_points - tau, 1)
        ``x_t``.

    Raises
    ------
    UsageError
        If the series is not longer than ``tau``.
    """
    if not 0 < tau < len(x):
        raise UsageError(f"tau {tau}: from 1 to {len(x) - 1} for {len(x)} points")
    features = np.stack([x[i : len(x) - tau + i] for i in range(tau)], axis=1)
    return features, x[tau:, None]
