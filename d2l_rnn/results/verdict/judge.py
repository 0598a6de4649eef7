"""The statistical rules: could our runs be further builds of the book?

The builds of the book are unseeded runs of one program, and MXNet unseeded draws the
same numbers in every process: all builds began from the *same* weights and differ in
the offsets of their minibatches (for pairs, their order) and in what a GPU rounds.
Three rules follow, and the runs say which of them holds.

- **permutation**: two runs or more from the builds' own initial weights. If ours is the
  same experiment, nothing but the label tells them from builds; :mod:`.permutation`
  counts how many regroupings of all curves lie as far apart. Exact, and one level for
  the whole curve: the last epoch is one of them and gets no second look.
- **quarter**: one run from these weights. No count of 42 regroupings can reach the
  level, so it differs where it lies farther out than every build by a quarter
  (:func:`quarter_rule`).
- **mixed**: runs from weights of their own seeds, whose scatter the builds do not
  show. :mod:`.mixed` adds it, as measured between our runs, and has less power.

``differs`` is said of a right reproduction with a chance of at most ``LEVEL``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional, Sequence, Union

import numpy as np

from ...arrays import Floats
from .mixed import mixed_p
from .permutation import permutation_p

LEVEL = 0.01
MARGIN = 1.25  # of the quarter rule: how much farther out than the farthest build
CUT = 4.0  # of the quarter rule: spreads beyond which an epoch counts no more
FEWEST_BUILDS = 10  # what fewer scatter is not known well enough to judge by
ENOUGH_BUILDS = 20  # from here on one run is enough

PERMUTATION, QUARTER, MIXED = "permutation", "quarter", "mixed"

_SMALLEST_SPREAD = 5e-4  # of a logarithm: the last digit of the published values
_LARGEST_LOGARITHM = 50.0  # stands in for the logarithm of an infinite perplexity


@dataclass(frozen=True)
class Judgement:
    """What a rule found.

    Attributes
    ----------
    rule : {'permutation', 'quarter', 'mixed'}
    differs : bool
    p : float or None
        Of the whole curve; None by the quarter rule, which has none.
    p_shared : float or None
        By the mixed rule, what the permutation test would say had our runs begun from
        the builds' weights: reported, and not ruled by.
    scatter : float
        r, what the weights add to a curve, in standard deviations of the builds; 0 but
        by the mixed rule.
    ratio : float or None
        By the quarter rule: our distance, in distances of the farthest build.
    inside : int
        At how many of the published epochs the mean of our runs lies within the
        builds' minimum and maximum.
    epoch : int
        Index of the published epoch at which our runs are farthest out.
    """

    rule: str
    differs: bool
    p: Optional[float]
    p_shared: Optional[float]
    scatter: float
    ratio: Optional[float]
    inside: int
    epoch: int


def judge(
    ours: Union[Floats, Sequence[Sequence[float]]],
    builds: Union[Floats, Sequence[Sequence[float]]],
    scatter: float = 0.0,
) -> Judgement:
    """Judge m curves of ours by n curves of the builds; the rules are the module's.

    Parameters
    ----------
    ours : array_like, shape (m, num_epochs)
        Positive values (perplexity or loss) at the published epochs; infinity and NaN
        count as arbitrarily large.
    builds : array_like, shape (n, num_epochs)
        The same of the builds, n >= 10.
    scatter : float
        r, in standard deviations of the builds: what our runs' initial weights add to
        their curves; 0 where all began from the builds'.

    Raises
    ------
    ValueError
        If these are too few to judge; see :func:`too_few`.
    """
    runs = len(ours)
    reason = too_few(runs, len(builds))
    if reason is not None:
        raise ValueError(reason)
    values = logarithms(np.vstack([ours, builds]))  # (m + n, num_epochs)
    own, others = values[:runs], values[runs:]
    p: Optional[float] = None
    p_shared: Optional[float] = None
    ratio: Optional[float] = None
    if scatter:
        rule, p = MIXED, mixed_p(own, others, scatter)
        if runs > 1:
            p_shared = permutation_p(own, others)
        differs = p <= LEVEL
    elif runs > 1:
        rule, p = PERMUTATION, permutation_p(own, others)
        differs = p <= LEVEL
    else:
        rule, ratio = QUARTER, quarter_rule(own[0], others)
        differs = ratio > MARGIN
    mean = own.mean(axis=0)
    low, high = others.min(axis=0), others.max(axis=0)
    # half of the last published digit: a build's own value is inside
    inside = (mean >= low - _SMALLEST_SPREAD) & (mean <= high + _SMALLEST_SPREAD)
    return Judgement(
        rule=rule,
        differs=bool(differs),
        p=p,
        p_shared=p_shared,
        scatter=scatter,
        ratio=ratio,
        inside=int(inside.sum()),
        epoch=int(np.argmax(np.maximum(low - mean, mean - high) / (high - low + 1e-9))),
    )


def quarter_rule(run: Floats, builds: Floats) -> float:
    """How far out one run lies, in distances of the farthest build.

    At every epoch the distance from the pooled median, in pooled spreads (1.4826 x
    median absolute deviation) and cut off at 4, so that the spikes of single epochs,
    which the builds have too, do not decide; averaged over the epochs. More than 1.25
    differs. Each build left out in turn and judged by the others: 1 of 480 (0.2 %) is
    told; without the quarter, one in 42 would be.

    Parameters
    ----------
    run : ndarray, shape (num_epochs,)
        Logarithms, as those of the builds.
    builds : ndarray, shape (n, num_epochs)
    """
    pool = np.vstack([run[None], builds])
    centred = np.abs(pool - np.median(pool, axis=0))
    spread = np.maximum(1.4826 * np.median(centred, axis=0), _SMALLEST_SPREAD)
    distances = np.minimum(centred / spread, CUT).mean(axis=1)  # (1 + n,)
    return float(distances[0] / max(float(distances[1:].max()), 1e-9))


def too_few(runs: int, builds: int) -> Optional[str]:
    """Why so many runs and builds cannot be judged; None where they can."""
    if runs < 1:
        return "no runs"
    if builds < FEWEST_BUILDS:
        return f"the book has {builds} builds only, {FEWEST_BUILDS} are needed"
    needed = runs
    while builds < ENOUGH_BUILDS and math.comb(needed + builds, needed) * LEVEL < 2:
        needed += 1
    if needed > runs:
        return f"{runs} of the {needed} seeds that {builds} builds need"
    return None


def logarithms(values: Floats) -> Floats:
    """Logarithms of a curve's values; those that are not finite are very large."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(np.asarray(values, dtype=float))
    found = np.where(np.isnan(found), np.inf, found)
    return found.clip(-_LARGEST_LOGARITHM, _LARGEST_LOGARITHM)
