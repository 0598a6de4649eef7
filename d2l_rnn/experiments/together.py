"""One run in several processes: they begin alike, and the first alone writes.

Worker 0 is the runner's, with its record, its signals and its pictures. The others make
the same run from the same settings, take the first one's state, and train; nothing of
theirs is shown or kept.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator, List, Optional

import numpy

from .. import __version__
from ..errors import UsageError
from ..patience import told
from .configs import Config
from .contract import ExperimentRun, Notify, tell_nobody
from .initial_weights import settled
from .placing import devices_of
from .resume import config_json
from .settings import settings_with
from .table import Experiment

if TYPE_CHECKING:
    from ..training.workers import Workers


@contextmanager
def joined(
    run: ExperimentRun[Any], experiment: Experiment, first_epoch: int, notify: Notify
) -> Iterator[int]:
    """Within, a run's workers are together, if it has any; gives the first epoch.

    Parameters
    ----------
    run : ExperimentRun
        Worker 0's in the state that all are to begin with; the others take it over.
    experiment : Experiment
    first_epoch : int
        Worker 0's counts.
    notify : callable
        Told of a long wait.

    Raises
    ------
    UsageError
        If the workers do not train the same.
    """
    if run.workers is None:
        yield first_epoch
        return
    with told(notify, "waiting for the other processes of the training"):
        run.workers.join()
    _check_alike(run, experiment)
    yield _begin_alike(run, first_epoch)
    run.workers.leave()


def first_of(num_workers: int) -> Optional[Workers]:
    """The workers of a run as the first one sees them; None where it is alone."""
    if not num_workers:
        return None
    from ..training.workers import Workers

    return Workers(0, num_workers)


def follow(experiment: Experiment, config: Config, rank: int, count: int) -> None:
    """Be one of a run's workers, but the first: train, and leave nothing.

    Raises
    ------
    UsageError
        If the experiment trains in one process, or the workers do not train the same.
    """
    from ..training.workers import Workers

    config = settled(experiment, config, tell_nobody)
    family = experiment.family()
    devices = devices_of(family, config, launched=True)
    run: ExperimentRun[Any] = family(config, devices[0], tell_nobody)
    run.workers = Workers(rank, count)
    with joined(run, experiment, 1, tell_nobody) as first_epoch:
        for _ in run.rows(first_epoch):
            pass


def _check_alike(run: ExperimentRun[Any], experiment: Experiment) -> None:
    """Refuse what differs: the sum of all digests is so many times ours, or not."""
    import mxnet

    assert run.workers is not None
    settings = config_json(experiment, run.config)
    for name in settings_with(run.config, "device", "folder"):
        del settings[name]
    versions = [__version__, mxnet.__version__]
    for what, known in (
        ("data", [run.source.sha1, sorted(run.notes().items())]),
        ("settings", settings),
        ("versions of d2l_rnn or MXNet", versions),
    ):
        text = json.dumps(known, sort_keys=True, default=str)
        # (32,), whole numbers up to 255: their sum is exact
        digest = numpy.array(list(hashlib.sha256(text.encode()).digest()), "float32")
        if (run.workers.sum(what, digest) != run.workers.count * digest).any():
            raise UsageError(
                f"launch: the workers have different {what}: every host needs the same "
                "package, files and texts"
            )


def _begin_alike(run: ExperimentRun[Any], first_epoch: int) -> int:
    """Take over the first worker's epoch and state."""
    workers = run.workers
    assert workers is not None
    epochs = workers.of_the_first("first epoch", numpy.array([first_epoch]))
    arrays = run.arrays()
    names: List[str] = sorted(arrays)
    for number, name in enumerate(names):
        arrays[name] = workers.of_the_first(f"state {number}", arrays[name])
    if workers.rank:
        run.restore(arrays)
    return int(epochs[0])
