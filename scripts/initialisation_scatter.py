"""How much our seeds scatter beyond the book's builds: ``INITIALISATION`` of judge.py.

Usage: python scripts/initialisation_scatter.py RUNS

The builds all began from the same weights (MXNet unseeded draws the same numbers in
every process), ours from weights of their own. For every experiment with at least
three runs: the variance of our logarithms over the published epochs, in robust spreads
of the builds, divided by the same of as many builds chosen at random. Its mean over
the experiments is 1 + r^2.
"""

import math
import sys
from collections import defaultdict

import numpy

from d2l_rnn.arrays import Floats
from d2l_rnn.results.book import load_book
from d2l_rnn.results.record import read_runs, verified

_CUT = 6.0  # spreads; the spikes of single epochs are not what is measured


def scatter(logarithms: Floats, builds: Floats) -> float:
    """Mean over the epochs of the variance of curves, in spreads of the builds."""
    middle = numpy.median(builds, axis=0)
    spread = 1.4826 * numpy.median(numpy.abs(builds - middle), axis=0)
    deviations = (logarithms - middle) / numpy.maximum(spread, 5e-4)
    return float(numpy.clip(deviations, -_CUT, _CUT).var(axis=0, ddof=1).mean())


def main(folder: str) -> None:
    random, ratios = numpy.random.RandomState(0), []
    runs = defaultdict(list)
    for run in map(verified, read_runs([folder])):
        if run.result is not None:
            runs[run.experiment].append(run)
    for name, number in load_book().items():
        if len(runs[name]) < 3:
            continue
        ours = numpy.log(
            [
                [number.value_of(run.epochs[epoch - 1]) for epoch in number.epochs]
                for run in runs[name]
            ]
        )
        builds = numpy.log([build.values for build in number.builds])
        chosen = [random.choice(len(builds), len(ours), False) for _ in range(1000)]
        usual = [scatter(builds[rows], builds) for rows in chosen]
        ratios.append(scatter(ours, builds) / float(numpy.mean(usual)))
        exceeded = numpy.mean(numpy.array(usual) >= scatter(ours, builds))
        print(
            f"{name:18} {len(ours)} seeds: {ratios[-1]:.2f} times the builds' variance "
            f"(as much or more in {exceeded:.1%} of groups of builds)"
        )
    excess = max(0.0, float(numpy.mean(ratios)) - 1)
    print(f"r = {math.sqrt(excess):.2f}")


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
