"""The jobs of :mod:`.local` on the workers of a dask cluster.

A worker needs this package and sees the same files under the same paths; each of its
threads does one job at a time, in a process of its own.
"""

from __future__ import annotations

import os
import signal
import time
import uuid
from contextlib import ExitStack, contextmanager
from typing import Any, Iterator, Optional, Sequence

from ..errors import RunError, UsageError
from ..installation import missing
from .local import Job, Outcome, StopLevel, as_they_end, execute

_PATIENCE = 10  # seconds in which a scheduler has to answer
# What a run says whose directory another process has.
_IN_USE = "another run is using it"
_LOOK_AGAIN = 1.0  # seconds
# dask's nanny sets it for its workers; for us it means that the user tunes malloc.
_NANNYS_OWN = ("MALLOC_TRIM_THRESHOLD_",)


def run_on_dask(
    jobs: Sequence[Job],
    at_once: int,
    stop_level: StopLevel,
    threads: Optional[int] = None,
    scheduler: str = "",
) -> Iterator[Optional[Outcome]]:
    """Run the jobs on a dask cluster.

    Parameters
    ----------
    jobs, stop_level, threads
        As in :func:`~d2l_rnn.jobs.local.run_locally`.
    at_once : int
        Number of workers of the cluster that is made here; unused with ``scheduler``.
    scheduler : str
        Address of a running scheduler, such as ``tcp://10.0.0.1:8786``; empty for a
        cluster on this machine.

    Yields
    ------
    Outcome or None

    Raises
    ------
    UsageError
        If ``distributed`` is not installed, or no scheduler answers.
    """
    distributed = import_distributed()
    name = f"d2l-rnn-stop-{uuid.uuid4().hex}"
    with ExitStack() as stack:
        address: Any = scheduler
        if not scheduler:
            with _deaf_to_interrupts():
                cluster = distributed.LocalCluster(
                    n_workers=at_once, threads_per_worker=1, dashboard_address=None
                )
            address = stack.enter_context(cluster)
        try:
            client = distributed.Client(address, timeout=_PATIENCE)
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            raise UsageError(
                f"--scheduler {scheduler}: no dask scheduler answers ({error})"
            ) from None
        stack.enter_context(client)
        variable = distributed.Variable(name, client=client)
        variable.set(0)
        stack.callback(variable.delete)
        futures = client.map(
            _execute_on_worker,
            jobs,
            name=name,
            folder=os.getcwd(),
            threads=threads,
            pure=False,
        )
        told = 0
        for outcome in as_they_end(dict(zip(futures, jobs))):
            if stop_level() > told:
                told = stop_level()
                variable.set(told)
            yield outcome


def import_distributed() -> Any:
    """The package ``distributed``; UsageError where it is missing."""
    try:
        import distributed
    except ImportError:
        raise UsageError(f"--backend dask: {missing('distributed')}") from None
    return distributed


def _execute_on_worker(
    job: Job, name: str, folder: str, threads: Optional[int]
) -> Outcome:
    from distributed import Variable

    variable: Any = Variable(name)  # type: ignore[no-untyped-call]
    known = [0]

    def stop_level() -> int:
        try:
            known[0] = variable.get(timeout=_PATIENCE)
        except Exception:  # the scheduler is busy or gone: the run is worth finishing
            pass
        return known[0]

    return execute_behind_an_orphan(job, stop_level, threads, folder)


def execute_behind_an_orphan(
    job: Job, stop_level: StopLevel, threads: Optional[int] = None, folder: str = ""
) -> Outcome:
    """Run a job as soon as no other process has its directory.

    The scheduler gives the job of a worker that it has lost to another. The run of the
    lost one saves its state and ends, or finishes where only the connection was lost;
    this one goes on from there.
    """
    while True:
        outcome = execute(job, stop_level, threads, _NANNYS_OWN, folder)
        if outcome.status != RunError.exit_status or _IN_USE not in outcome.output:
            return outcome
        time.sleep(_LOOK_AGAIN)


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
