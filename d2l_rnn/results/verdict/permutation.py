"""An exact permutation test of curves: the mean squared Mann-Whitney z of the epochs.

At every epoch the m runs and n builds are ranked together (ties share the mean rank);
with N = m + n and the ranks less their mean, ``R``::

    z = (mean of R over the m) / sqrt(sum of R^2 / (N - 1) * (N - m) / (N m))

has mean 0 and variance 1 over all ways of choosing m of the N, ties or none. ``T`` is
the mean of ``z^2`` over the epochs. If nothing but the label tells runs from builds,
every way was as likely as ours, and the share of them with ``T`` at least as large is a
p-value: ``P(p <= a) <= a`` for every a, whatever the curves' distribution and however
their epochs hang together. All ways are counted up to 20,000 of them (three runs and 41
builds: 13,244); beyond, ours and 9,999 drawn with a fixed seed, which is as valid.
Ranks leave out how far an epoch spikes, which the builds' do too.

Mann and Whitney 1947, Annals of Mathematical Statistics 18; Phipson and Smyth 2010 on
permutations that are drawn.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np

from ...arrays import Floats

ENUMERATED = 20000
SAMPLES = 9999


def permutation_p(ours: Floats, builds: Floats) -> float:
    """The share of regroupings that lie at least as far apart as runs and builds.

    Parameters
    ----------
    ours : ndarray, shape (m, num_epochs)
        Any values, finite; only their order at each epoch counts.
    builds : ndarray, shape (n, num_epochs)
    """
    pool = np.vstack([ours, builds])
    statistics = statistic(centred_ranks(pool), regroupings(len(pool), len(ours)))
    # the rounding of equal sums in another order must not decide
    return float(np.mean(statistics >= statistics[0] - 1e-9))


def statistic(ranks: Floats, groups: Floats) -> Floats:
    """T of each group.

    Parameters
    ----------
    ranks : ndarray, shape (N, num_epochs)
        As :func:`centred_ranks` has them.
    groups : ndarray, shape (number of groups, N)
        1 / m where a curve is in the group, else 0.
    """
    total = len(ranks)
    size = round(1 / float(groups[0].max()))
    variance = (ranks**2).sum(axis=0) / (total - 1) * (total - size) / (total * size)
    z = groups @ (ranks / np.sqrt(np.where(variance > 0, variance, 1.0)))
    return np.asarray((z**2).mean(axis=1))


def centred_ranks(values: Floats) -> Floats:
    """Ranks along the first axis (ties share the mean rank), less the middle rank."""
    below = (values[:, None] > values[None, :]).sum(axis=1)
    above = (values[:, None] < values[None, :]).sum(axis=1)
    return np.asarray((below - above) / 2.0)


@lru_cache(maxsize=8)
def regroupings(total: int, size: int) -> Floats:
    """Ways of choosing ``size`` of ``total``, as rows of averaging weights.

    The first row is the actual one, the first ``size``.
    """
    if math.comb(total, size) <= ENUMERATED:
        chosen = np.array(list(itertools.combinations(range(total), size)))
    else:
        order = np.random.RandomState(0).random_sample((SAMPLES, total))
        drawn = np.argpartition(order, size - 1, axis=1)[:, :size]
        chosen = np.vstack([np.arange(size), drawn])
    weights = np.zeros((len(chosen), total))
    np.put_along_axis(weights, chosen, 1.0 / size, axis=1)
    weights.flags.writeable = False
    return weights
