"""The minibatches that our side of the benchmark trains on.

Not in ``ours``, which runs as ``__main__``: an iterator that is defined there counts as
a reader's own, and what trains on it takes the plain path.
"""

from __future__ import annotations

from typing import Iterator

from ..data.sequences import SequenceLoader
from ..protocols import Minibatch
from .peers.serving import SentWorkload, tokens


class Epochs:
    """An epoch of as many minibatches as ``count`` is at that moment."""

    def __init__(self, workload: SentWorkload) -> None:
        self._workload, self.count = workload, 1

    def __iter__(self) -> Iterator[Minibatch]:
        sizes = self._workload["batch_size"], self._workload["num_steps"]
        return iter(SequenceLoader(tokens(self._workload, self.count), *sizes))
