"""The statistical rule: could our runs be further builds of the book?

**The question.** The builds of the book are unseeded runs of one program. If ours is
the same experiment, our m runs and the n builds are n + m draws from one distribution,
and nothing but the label tells them apart. So we take all ways of choosing m of the
n + m (all of them up to 20000, else 4999 at random with a fixed seed) and ask how many
of these regroupings lie at least as far from the rest as our runs do: an exact
permutation test, with no assumption on the distribution and with the number of seeds
taken into account by itself.

**How far.** Two distances, each of a group of m curves:

- *curve*: at every published epoch the logarithm of the value, less the pooled median,
  in units of the pooled spread (1.4826 x median absolute deviation) and cut off at 4,
  so that the spikes of single epochs, which the builds have too, do not decide;
  averaged over the group with its sign, then the size of that averaged over the epochs;
- *final*: the ranks of the last epoch's values; how far the group's mean rank is from
  the middle (Wilcoxon's rank sum).

**What the builds share.** They set no seed, and MXNet unseeded draws the same numbers
in every process: all builds began from the *same* weights and differ only in the
offsets of their minibatches and in what a GPU rounds. Our seeds begin from weights of
their own, so they scatter more, and the builds' middle is itself one draw. With r the
scatter that comes from the weights, in standard deviations of the builds, the mean of m
runs of ours lies around the builds' with 1 + (m + 1) r^2 times the variance of a mean
of m builds. Before regrouping, our logarithms are therefore drawn towards the builds'
median by the root of that. r is measured on our recorded runs, as the excess of their
variance over the builds' (``scripts/initialisation_scatter.py``), and taken half as
large again (``SMOOTHNESS``): what the weights do to a curve is smooth along it, so the
average over epochs evens it out less than what the offsets do.

**The verdict** is ``differs`` when either p-value is at most 0.5 %. The chance that a
right reproduction is told ``differs`` is then **at most 1 % per experiment**. With one
seed there are n + 1 groupings and no p-value can be that small: then ours must be
farther out than every build by a quarter (curve), or lie outside the builds' range by
more than a quarter of its width (final). With r = 0, leaving out each of the builds in
turn and judging it by the others, this was wrong in 4 of 480 cases (0.8 %); being the
farthest of 42, without the quarter, would be wrong in 2.4 % of them for each test.
Below 20 builds that is too coarse, and as many seeds are asked for as make 200
groupings.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Optional, Sequence

import numpy as np

from ...arrays import Floats

LEVEL = 0.005  # of each of the two tests; together at most 1 %
MARGIN = 1.25  # how much farther than the farthest regrouping, where these are few
CUT = 4.0  # spreads beyond which a single epoch counts no more
SAMPLES = 4999  # random regroupings where there are more than ENUMERATED
ENUMERATED = 20000
FEWEST_BUILDS = 10  # a spread of fewer is not known well enough to judge by
ENOUGH_BUILDS = 20  # from here on one seed is enough

INITIALISATION = 0.93  # r of the docstring; measured 2026-11-21
SMOOTHNESS = 1.5  # by simulation: false alarms stay below the level (test_judge.py)
_SMALLEST_SPREAD = 5e-4  # of a logarithm: the last digit of the published values
_LARGEST_LOGARITHM = 50.0  # stands in for the logarithm of an infinite perplexity


@dataclass(frozen=True)
class Judgement:
    """What the rule found.

    Attributes
    ----------
    differs : bool
    p_curve, p_final : float
        Share of the regroupings that lie at least as far out as our runs.
    distance, farthest : float
        The curve's distance of our runs, and of the farthest regrouping, in spreads.
    inside : int
        At how many of the published epochs the mean of our runs lies within the
        builds' minimum and maximum.
    epoch : int
        Index of the published epoch at which our runs are farthest out.
    """

    differs: bool
    p_curve: float
    p_final: float
    distance: float
    farthest: float
    inside: int
    epoch: int


def judge(
    ours: Sequence[Sequence[float]],
    builds: Sequence[Sequence[float]],
    initialisation: float = INITIALISATION,
) -> Judgement:
    """Judge m curves of ours by n curves of the builds; the rule is the module's.

    Parameters
    ----------
    ours : array_like, shape (m, num_epochs)
        Positive values (perplexity or loss) at the published epochs; infinity and NaN
        count as arbitrarily large.
    builds : array_like, shape (n, num_epochs)
        The same of the builds, n >= 10.
    initialisation : float
        r of the rule; 0 where ours share the builds' initial weights.

    Raises
    ------
    ValueError
        If these are too few to judge; see ``too_few``.
    """
    runs = len(ours)
    reason = too_few(runs, len(builds))
    if reason is not None:
        raise ValueError(reason)
    values = _logarithms(np.vstack([ours, builds]))  # (n + m, num_epochs)
    pool = np.vstack(
        [_drawn_in(values[:runs], values[runs:], initialisation), values[runs:]]
    )
    deviations = _deviations(pool)
    ranks = _centred_ranks(pool[:, -1])
    groups = _regroupings(len(pool), runs)  # (number of regroupings, n + m)

    distance = float(np.abs(deviations[:runs].mean(axis=0)).mean())
    distances = np.abs(groups @ deviations).mean(axis=1)
    rank_distance = abs(float(ranks[:runs].mean()))
    rank_distances = np.abs(groups @ ranks)
    p_curve = _share_as_far(distance, distances)
    p_final = _share_as_far(rank_distance, rank_distances)

    if _enough_groupings(runs, len(builds)):
        differs = min(p_curve, p_final) <= LEVEL
    else:
        differs = distance > MARGIN * float(distances.max()) or _outside(
            pool[:runs, -1], pool[runs:, -1]
        )
    mean = values[:runs].mean(axis=0)
    low, high = values[runs:].min(axis=0), values[runs:].max(axis=0)
    # half of the last published digit: a build's own value is inside
    inside = (mean >= low - _SMALLEST_SPREAD) & (mean <= high + _SMALLEST_SPREAD)
    return Judgement(
        differs=bool(differs),
        p_curve=p_curve,
        p_final=p_final,
        distance=distance,
        farthest=float(distances.max()),
        inside=int(inside.sum()),
        epoch=int(np.argmax(np.maximum(low - mean, mean - high) / (high - low + 1e-9))),
    )


def too_few(runs: int, builds: int) -> Optional[str]:
    """Why so many runs and builds cannot be judged; None where they can."""
    if runs < 1:
        return "no runs"
    if builds < FEWEST_BUILDS:
        return f"the book has {builds} builds only, {FEWEST_BUILDS} are needed"
    if builds < ENOUGH_BUILDS and not _enough_groupings(runs, builds):
        needed = runs
        while not _enough_groupings(needed, builds):
            needed += 1
        return f"{runs} of the {needed} seeds that {builds} builds need"
    return None


def _enough_groupings(runs: int, builds: int) -> bool:
    return math.comb(runs + builds, runs) * LEVEL >= 1


def _logarithms(values: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.log(np.asarray(values, dtype=float))
    logarithms = np.where(np.isnan(logarithms), np.inf, logarithms)
    return logarithms.clip(-_LARGEST_LOGARITHM, _LARGEST_LOGARITHM)


def _drawn_in(ours: Floats, builds: Floats, initialisation: float) -> Floats:
    """Our logarithms as if our runs shared the builds' initial weights."""
    middle = np.median(builds, axis=0)
    factor = math.sqrt(1 + (len(ours) + 1) * (SMOOTHNESS * initialisation) ** 2)
    return np.asarray(middle + (ours - middle) / factor)


def _deviations(pool: Floats) -> Floats:
    """Signed distance from the pooled median at each epoch, in spreads, cut off."""
    centred = pool - np.median(pool, axis=0)
    spread = 1.4826 * np.median(np.abs(centred), axis=0)
    deviations = np.asarray(centred / np.maximum(spread, _SMALLEST_SPREAD))
    return deviations.clip(-CUT, CUT)


def _centred_ranks(values: Floats) -> Floats:
    """Ranks of the values (ties share the mean rank), less the middle rank."""
    below = (values[:, None] > values[None, :]).sum(axis=1)
    above = (values[:, None] < values[None, :]).sum(axis=1)
    return np.asarray((below - above) / 2.0)


def _regroupings(total: int, runs: int) -> Floats:
    """Ways of calling `runs` of `total` curves ours, as rows of averaging weights.

    The actual one, the first in order, is left out: ``_share_as_far`` counts it.
    """
    if math.comb(total, runs) <= ENUMERATED:
        chosen = np.array(list(itertools.combinations(range(total), runs)))[1:]
    else:
        random = np.random.RandomState(0)
        order = random.random_sample((SAMPLES, total))
        chosen = np.argpartition(order, runs - 1, axis=1)[:, :runs]
    weights = np.zeros((len(chosen), total))
    np.put_along_axis(weights, chosen, 1.0 / runs, axis=1)
    return weights


def _share_as_far(distance: float, distances: Floats) -> float:
    # the rounding of equal sums in another order must not decide
    as_far = int((distances >= distance - 1e-9).sum())
    return (1 + as_far) / (1 + len(distances))


def _outside(ours: Floats, builds: Floats) -> bool:
    """Whether the final values leave the builds' range by a quarter of its width."""
    value = float(np.exp(ours.mean()))
    low, high = float(np.exp(builds.min())), float(np.exp(builds.max()))
    slack = (MARGIN - 1) * (high - low)
    return value < low - slack or value > high + slack
