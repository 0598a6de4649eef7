"""A run directory of a training that a reader's own code starts, in a notebook say."""

from __future__ import annotations

import hashlib
import random
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Optional, Sequence, Type

import mxnet
import numpy

from ..acceleration.epochs import path_of
from ..errors import UsageError
from ..models.gluon_layers import named_arrays
from ..protocols import Device
from ..recording import Recorder, Setting, appointed
from ..seeding import check_seed, epoch_seed, set_seed
from ..streams import tell
from ..training.checkpoint import arrays_of
from ..training.initialisation import initialize
from ..training.loop import EpochRow
from .contract import Source, draw_curve
from .directories import make_room, run_directory, sole_use, usable
from .own import check_name
from .run_log import RunLog


class record(Recorder):  # a function to who reads ``with d2l.record(...)``
    """Record the ``train_ch8`` inside this ``with``, as ``d2l-rnn run`` would.

    It seeds as ``run`` does, at its beginning and before each epoch, so that the same
    net on the same data gives the same curve: a net from scratch has to be made inside,
    a Gluon block is initialised anew anyway (and draws in the order of its parameters
    if it has been called before). Python's and NumPy's generators are given
    back as they were; MXNet's, whose state cannot be read, goes on from a number drawn
    before. After an exception the record is an unfinished one.

    Parameters
    ----------
    name : str
        None of ours.
    seed : int
    out : str
        Run directory; ``runs/<name>/seed-<seed>`` by default. An earlier run in it is
        moved aside.

    Attributes
    ----------
    directory : pathlib.Path

    Raises
    ------
    UsageError
        If the name cannot be used, or a second training begins inside.

    Examples
    --------
    >>> with d2l.record("my-gru", seed=1) as run:  # doctest: +SKIP
    ...     d2l.train_ch8(net, train_iter, vocab, lr, num_epochs, device)
    """

    def __init__(self, name: str, seed: int = 1, out: str = "") -> None:
        check_name(name)
        self.name = name
        self.seed: int = check_seed(seed)
        self.directory = run_directory(name, seed, out)
        self._log: Optional[RunLog] = None

    def __enter__(self) -> record:
        with ExitStack() as stack:
            self.directory = self.directory.absolute()  # whatever os.chdir does inside
            stack.enter_context(sole_use(self.directory))
            stack.callback(random.setstate, random.getstate())
            stack.callback(numpy.random.set_state, numpy.random.get_state())
            later = mxnet.np.random.randint(0, 2**31 - 1, dtype="int64")
            stack.callback(mxnet.random.seed, int(later))
            stack.enter_context(appointed(self))
            set_seed(epoch_seed(self.seed, 0))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if self._log is not None:
            self._log.close()
        self._stack.close()

    def begin(
        self, net: object, batches: object, device: Device, **settings: Setting
    ) -> None:
        """Seed, give a Gluon block its first weights again, open the directory."""
        if self._log is not None:
            raise UsageError(f"record {self.name!r}: one training is recorded, not two")
        set_seed(epoch_seed(self.seed, 0))
        initialize(net, device)
        make_room(self.directory, tell)
        config = {"experiment": self.name, "seed": self.seed, "device": str(device)}
        self._net: Any = net
        self._source = source_of_batches(batches)
        self._log = RunLog(
            self.directory,
            {**config, **settings},
            self._source,
            str(device),
            path=path_of(net, batches),
        )

    def epoch(self, row: EpochRow) -> None:
        """Record a row."""
        assert self._log is not None
        self._log.append(row, {})

    def end(self, texts: Sequence[str]) -> None:
        """Save the net, draw the curve, write the result."""
        assert self._log is not None
        corpus = {"name": self._source.name, "sha1": self._source.sha1}
        identity = {"experiment": self.name, "seed": self.seed, "corpus": corpus}
        self._log.save(arrays_of(named_arrays(self._net)), identity)
        try:
            with usable(self.directory):
                draw_curve(self.directory)
        finally:  # there is no resuming here: the result goes without the picture
            self._log.finish(self._log.result({"texts": list(texts)}))


def source_of_batches(batches: object) -> Source:
    """The ids that an iterator cuts up, as far as it tells of them (``corpus``)."""
    name = type(batches).__name__
    ids = numpy.asarray(getattr(batches, "corpus", []), dtype="int64")
    return Source(name, hashlib.sha1(ids.tobytes()).hexdigest(), ids.size)
