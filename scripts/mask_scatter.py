"""What the masks of dropout add to a translator's scatter: r of ``MASKS``.

Usage: python scripts/mask_scatter.py NAME [--streams N] [--orders N] [--curves FILE]

The builds' masks came from their GPU's generator, unseeded: one stream for all of them,
and only the order of the pairs differed. Here each of several streams of masks meets
each of several orders, all from the builds' initial weights. Of the logarithms of the
curves at a published epoch the variance of the streams' means over the orders, less
what the orders leave in such a mean, is what another stream does; in variances of the
builds and averaged over the epochs it is the square of r in ``verdict/mixed.py``.

Curves are kept in FILE (docs/recorded/masks.json); what is there is not trained again.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Tuple

import numpy

from d2l_rnn.arrays import Floats
from d2l_rnn.files import write_bytes
from d2l_rnn.results.book import BookNumber, load_book
from d2l_rnn.results.verdict.judge import logarithms
from d2l_rnn.results.verdict.mixed import in_spreads

CURVES = Path(__file__).resolve().parents[1] / "docs" / "recorded" / "masks.json"
CUT = 4.0  # spreads, as in scripts/initialisation_scatter.py
#: By experiment, then by "stream, order": the values at the published epochs.
Curves = Dict[str, Dict[str, List[float]]]


def train_once(name: str, stream: int, order: int, number: BookNumber) -> List[float]:
    """The published loss at the published epochs."""
    import mxnet

    from d2l_rnn.acceleration.teacher_forcing import TracedTranslation
    from d2l_rnn.experiments.contract import tell_nobody
    from d2l_rnn.experiments.table import EXPERIMENTS
    from d2l_rnn.experiments.translation import TranslationRun
    from d2l_rnn.seeding import epoch_seed

    class OneStream(TracedTranslation):
        """Masks that do not depend on the run's seed, which orders the pairs."""

        def begin_epoch(self, epoch: int) -> None:
            super().begin_epoch(epoch)
            mxnet.random.seed(epoch_seed(stream, epoch))

    class Run(TranslationRun):
        def _objective(self) -> TracedTranslation:
            return OneStream(
                self.translator.net,
                self.translator.tgt_vocab["<bos>"],
                self.device,
                self.train_iter,
                num_epochs=self.config.num_epochs,
            )

    mxnet.npx.set_np()
    config = replace(
        EXPERIMENTS[name].config, seed=order, initial_weights="book", corpus="fra-eng"
    )
    rows = list(Run(config, mxnet.cpu(), tell_nobody).rows(1))
    values = [rows[epoch - 1].book_loss for epoch in number.epochs]
    return [float(f"{value:.6g}") for value in values]


def scatter(curves: Floats, builds: Floats) -> Tuple[float, float]:
    """Variance between streams, and within one, in variances of the builds.

    Parameters
    ----------
    curves : ndarray, shape (streams, orders, num_epochs)
        Logarithms.
    builds : ndarray, shape (n, num_epochs)
    """
    streams, orders, num_epochs = curves.shape
    ours, builds = in_spreads(curves.reshape(-1, num_epochs), builds, CUT)
    curves = ours.reshape(streams, orders, num_epochs)
    of_builds = builds.var(axis=0, ddof=1)
    within = curves.var(axis=1, ddof=1).mean(axis=0)  # (num_epochs,)
    between = curves.mean(axis=1).var(axis=0, ddof=1) - within / orders
    return float((between / of_builds).mean()), float((within / of_builds).mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=["seq2seq", "seq2seq-attention"])
    parser.add_argument("--streams", type=int, default=5)
    parser.add_argument("--orders", type=int, default=2)
    parser.add_argument("--curves", type=Path, default=CURVES)
    options = parser.parse_args()
    number = load_book()[options.name]
    kept: Curves = {}
    if options.curves.exists():
        kept = json.loads(options.curves.read_text("utf-8"))
    known = kept.setdefault(options.name, {})
    curves = []
    for stream in range(1, options.streams + 1):
        for order in range(1, options.orders + 1):
            key = f"{stream}, {order}"
            if key not in known:
                known[key] = train_once(options.name, stream, order, number)
                lines = ",\n".join(f'"{k}": {json.dumps(kept[k])}' for k in kept)
                write_bytes(options.curves, f"{{\n{lines}\n}}\n".encode())
            print(f"{options.name} {key}: {known[key][-1]:.4f}", flush=True)
            curves.append(known[key])
    shape = (options.streams, options.orders, len(number.epochs))
    builds = logarithms(numpy.array([build.values for build in number.builds]))
    between, within = scatter(
        logarithms(numpy.array(curves)).reshape(shape), numpy.asarray(builds)
    )
    print(
        f"{options.name}: between streams {between:.2f}, within a stream {within:.2f} "
        f"variances of the builds; r = {math.sqrt(max(0.0, between)):.2f}"
    )


if __name__ == "__main__":
    main()
