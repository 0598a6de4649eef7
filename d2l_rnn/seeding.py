"""One seed for the three random generators that a run draws from.

MXNet's generator covers initialisers and dropout, NumPy's the order of
``DataLoader(shuffle=True)``, and Python's the offsets of the book's text iterators.
"""

from __future__ import annotations

import hashlib
import random

import numpy

from .errors import UsageError

_LARGEST_SEED = 2**31 - 1  # what all three generators accept


def check_seed(seed: int) -> int:
    """Return ``seed``; raise :class:`UsageError` outside 0 ... 2**31 - 1."""
    if not 0 <= seed <= _LARGEST_SEED:
        raise UsageError(f"seed {seed}: a whole number from 0 to {_LARGEST_SEED}")
    return seed


def set_seed(seed: int) -> None:
    """Seed Python's, NumPy's and MXNet's generators.

    Parameters
    ----------
    seed : int
        0 ... 2**31 - 1.

    Raises
    ------
    UsageError
        If the seed is out of that range.
    """
    check_seed(seed)
    import mxnet

    random.seed(seed)
    numpy.random.seed(seed)
    mxnet.random.seed(seed)


def epoch_seed(seed: int, epoch: int) -> int:
    """The seed of one epoch, a function of the run's seed and the epoch alone.

    MXNet's random state cannot be read out, so a run that is to resume bit for bit
    never carries random state from one epoch to the next: it derives it. The first
    31 bits of SHA-256 of both numbers keep the streams of neighbouring seeds and
    epochs apart.

    Parameters
    ----------
    seed : int
        The seed of the run.
    epoch : int
        1 for the first epoch; 0 is the initialisation.
    """
    digest = hashlib.sha256(f"{check_seed(seed)}:{epoch}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & _LARGEST_SEED
