"""What their own weights add to our runs' scatter: r of ``verdict/mixed.py``.

Usage: python scripts/initialisation_scatter.py RUNS

For every experiment of the book with three finished runs or more from their own seeds:
the variance of our logarithms over the published epochs, in variances of the builds
and cut off at ``CUT`` of their spreads, of runs from their own seeds and of runs from
the builds' weights (``--initial-weights book``; where there are none, 1: the builds
themselves). The median over the experiments of their difference is r^2.
"""

import math
import sys
from collections import defaultdict
from typing import DefaultDict, List

import numpy

from d2l_rnn.results.book import BookNumber, load_book
from d2l_rnn.results.record import RunRecord, read_runs, verified
from d2l_rnn.results.verdict.comparable import incomparable, published_curve
from d2l_rnn.results.verdict.grouping import BOOK_WEIGHTS, SEED_WEIGHTS, weights_of
from d2l_rnn.results.verdict.judge import logarithms
from d2l_rnn.results.verdict.mixed import in_spreads

CUT = 4.0  # spreads; the spikes of single epochs are not what is measured


def scatter(runs: List[RunRecord], number: BookNumber) -> float:
    """Mean over the epochs of the runs' variance, in variances of the builds."""
    ours = logarithms(numpy.array([published_curve(run, number) for run in runs]))
    builds = logarithms(numpy.array([build.values for build in number.builds]))
    ours, builds = in_spreads(ours, builds, CUT)
    return float((ours.var(axis=0, ddof=1) / builds.var(axis=0, ddof=1)).mean())


def main(folder: str) -> None:
    runs: DefaultDict[str, DefaultDict[str, List[RunRecord]]]
    runs, excess = defaultdict(lambda: defaultdict(list)), []
    book = load_book()
    for run in map(verified, read_runs([folder])):
        if incomparable(run, book.get(run.experiment)) is None:
            runs[run.experiment][weights_of(run.config)].append(run)
    for name, number in book.items():
        own, same = runs[name][SEED_WEIGHTS], runs[name][BOOK_WEIGHTS]
        if number.drawn_alike or len(own) < 3:
            continue
        apart, together = scatter(own, number), 1.0
        if len(same) > 1:
            together = scatter(same, number)
        excess.append(apart - together)
        print(
            f"{name:18} own weights {apart:.2f} ({len(own)} runs), the builds' "
            f"{together:.2f} ({len(same)} runs)"
        )
    if not excess:
        sys.exit(f"{folder}: no experiment with three comparable runs of its own seeds")
    middle = max(0.0, float(numpy.median(excess)))
    print(f"r = {math.sqrt(middle):.2f}")


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
