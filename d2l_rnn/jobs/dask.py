"""The jobs of :mod:`.local` on the workers of a dask cluster.

A worker needs this package. Each of its threads does one job at a time, in a process of
its own: in the run's own directory where the worker sees it, else in a folder of the
worker, which then travels back (:mod:`.travelling`).
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import signal
import time
import uuid
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from .. import __version__
from ..errors import D2lRnnError, RunError, UsageError, system_errors_as
from ..files import make_directory, write_bytes
from ..installation import missing
from ..results.record import read_run
from ..streams import tell
from .dask_worker import Answer, Asked, answer_on_worker
from .local import Job, Outcome, StopLevel
from .travelling import SoleUse, digest_of, packed, take_in

_PATIENCE = 10  # seconds in which a scheduler has to answer
_LOOK_EVERY = 0.5  # seconds
# Another machine's files may be seen late: NFS keeps for so long what it has not found.
_SEEN_WITHIN = 60.0  # seconds


def run_on_dask(
    jobs: Sequence[Job],
    at_once: int,
    stop_level: StopLevel,
    threads: Optional[int] = None,
    scheduler: str = "",
    *,
    sole_use: SoleUse,
) -> Iterator[Optional[Outcome]]:
    """Run the jobs on a dask cluster, in their order.

    A job whose worker dies is given to another, as often as the scheduler allows
    (``distributed.scheduler.allowed-failures``, 3). A run that has finished is verified
    before it counts.

    Parameters
    ----------
    jobs, stop_level, threads
        As in :func:`~d2l_rnn.jobs.local.run_locally`.
    at_once : int
        Number of workers of the cluster that is made here; unused with ``scheduler``.
    scheduler : str
        Address of a running scheduler, such as ``tcp://10.0.0.1:8786``; empty for a
        cluster on this machine.
    sole_use : callable
        ``sole_use(directory)`` keeps other processes out of a run directory.

    Yields
    ------
    Outcome or None

    Raises
    ------
    UsageError
        If ``distributed`` is not installed, or no scheduler answers.
    RunError
        If nothing can be written where the runs go.
    D2lRnnError
        If the scheduler goes away.
    """
    distributed = import_distributed()
    with ExitStack() as stack:
        stack.enter_context(_quiet_logs())
        address: Any = scheduler
        if not scheduler:
            with _deaf_to_interrupts():
                cluster = distributed.LocalCluster(
                    n_workers=at_once,
                    threads_per_worker=1,
                    # Nothing of it is to be reached from other machines.
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    worker_dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                )
            address = stack.enter_context(cluster)
        try:
            client = distributed.Client(address, timeout=_PATIENCE)
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            raise UsageError(
                f"--scheduler {scheduler}: no dask scheduler answers ({error})"
            ) from None
        stack.callback(_leave, client)
        mark = stack.enter_context(_marked(jobs))
        yield from _Sweep(client, stop_level, threads, mark, sole_use).outcomes(jobs)


def import_distributed() -> Any:
    """The package ``distributed``; UsageError where it is missing."""
    try:
        import distributed
    except ImportError:
        raise UsageError(f"--backend dask: {missing('distributed')}") from None
    return distributed


class _Sweep:
    """What has been given to a cluster, and what has come back."""

    def __init__(
        self,
        client: Any,
        stop_level: StopLevel,
        threads: Optional[int],
        mark: str,
        sole_use: SoleUse,
    ) -> None:
        self._client, self._stop_level = client, stop_level
        self._threads, self._mark, self._sole_use = threads, mark, sole_use
        self._name = f"d2l-rnn-stop-{uuid.uuid4().hex}"
        self._stop = import_distributed().Variable(self._name, client=client)
        self._stop.set(0)
        self._told = 0
        self._alone = False  # whether the scheduler was without workers
        self._given: Dict[Any, Tuple[Job, str]] = {}

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Optional[Outcome]]:
        waiting: List[Job] = list(jobs)
        while waiting or self._given:
            try:
                room = self._room()
                # No more than there are threads: dask blames a worker's death on all
                # that wait there.
                while waiting and len(self._given) < room:
                    self._give(waiting.pop(0))
                ended = self._ended()
            except _Gone:
                finished = sum(map(_has_finished, jobs))
                raise D2lRnnError(
                    f"the dask scheduler is gone: {finished} of {len(jobs)} runs have "
                    "finished; the same command does the rest"
                ) from None
            if self._told:
                ended += [Outcome(job, None, 0.0, "") for job in waiting]
                waiting.clear()
                if not room:  # nobody is there who could be stopped
                    ended += [
                        Outcome(j, None, 0.0, "") for j, _ in self._given.values()
                    ]
                    self._given.clear()
            yield from ended
            if not ended:
                yield None
                time.sleep(_LOOK_EVERY)

    def _room(self) -> int:
        """How many jobs the cluster can do at a time."""
        with _asking():
            if self._stop_level() > self._told:
                self._told = self._stop_level()
                self._stop.set(self._told)
            threads = int(sum(self._client.nthreads().values()))
        if threads == 0 and not self._alone:
            tell("the dask scheduler has no worker: waiting for one", by="d2l-rnn: ")
        self._alone = threads == 0
        return threads

    def _give(self, job: Job) -> None:
        content, refusal = b"", ""
        try:
            content = packed(Path(job.directory))
        except RunError as error:  # of no concern to a worker that sees the folder
            refusal = str(error)
        asked = Asked(
            job=job,
            stop=self._name,
            folder=os.getcwd(),
            mark=self._mark,
            content=content,
            refusal=refusal,
            threads=self._threads,
            version=__version__,
        )
        with _asking():
            future = self._client.submit(answer_on_worker, asked, pure=False)
        self._given[future] = job, digest_of(content)

    def _ended(self) -> List[Outcome]:
        ended = []
        for future in [future for future in self._given if future.done()]:
            if future.cancelled():  # not by us
                raise _Gone
            job, sent = self._given[future]
            try:
                outcome = self._outcome(job, sent, future.result())
            except Exception as error:  # a worker was lost: that job's failure alone
                if self._client.status != "running":
                    raise _Gone from None
                outcome = Outcome(job, 1, 0.0, f"error: {_why(error)}")
            del self._given[future]
            ended.append(outcome)
        return ended

    def _outcome(self, job: Job, sent: str, answer: Answer) -> Outcome:
        """What a worker answers, once the run has been verified."""
        status, seconds, output, content = answer
        try:
            if content and digest_of(content) != sent:
                take_in(content, job, sent, self._sole_use)
            elif status == 0:
                _seen(Path(job.directory))
                read_run(job.directory).verify()
        except RunError as error:
            if status in (0, None):
                status = error.exit_status
            output = f"{output}\nerror: {error}"
        return Outcome(job, status, seconds, output)


class _Gone(Exception):
    """The scheduler answers no more."""


@contextmanager
def _asking() -> Iterator[None]:
    """Within, that the scheduler does not answer is that it is gone."""
    try:
        yield
    except Exception:  # dask has many names for it
        raise _Gone from None


def _why(error: Exception) -> str:
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        last = getattr(error.last_worker, "address", error.last_worker)
        times = int(error.allowed_failures) + 1
        return f"lost with its worker {times} times, at last with {last}"
    return f"{type(error).__name__}: {error}"


def _has_finished(job: Job) -> bool:
    try:
        read_run(job.directory).verify()
    except RunError:
        return False
    return True


def _seen(directory: Path) -> None:
    """Wait until a folder that another machine has written is there."""
    until = time.monotonic() + _SEEN_WITHIN
    while not directory.is_dir() and time.monotonic() < until:
        time.sleep(_LOOK_EVERY)


@contextmanager
def _marked(jobs: Sequence[Job]) -> Iterator[str]:
    """The path of a file above all runs, by which a worker knows that it sees them."""
    places = [str(Path(job.directory).parent.parent) for job in jobs] or ["."]
    place = Path(os.path.abspath(os.path.commonpath(places)))
    mark = place / f".sweep-{secrets.token_hex(16)}"
    with system_errors_as(RunError, str(place)):
        make_directory(place)
        write_bytes(mark, b"")
    try:
        yield str(mark)
    finally:
        with suppress(OSError):
            mark.unlink()


def _leave(client: Any) -> None:
    """Close a client, whether or not anybody is there to hear of it."""
    with suppress(Exception):
        client.close(timeout=_PATIENCE)


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """What dask logs of workers that come and go is not for our user; we say it."""
    # dask gives each of its modules a level and a handler.
    names = {"distributed", "tornado", "asyncio", *logging.root.manager.loggerDict}
    rooms = ("distributed", "tornado", "asyncio")
    loggers = [logging.getLogger(n) for n in names if n.split(".")[0] in rooms]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        gc.collect()  # connections that were lost complain when nobody holds them
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started meanwhile ignore SIGINT and SIGHUP.

    What a terminal sends goes to every process of it: a worker would die of it, and its
    run with it. It is for us to hear, and to pass on.
    """
    numbers = (signal.SIGINT, signal.SIGHUP)
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)
