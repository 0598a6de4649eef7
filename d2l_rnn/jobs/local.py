"""Many runs, each a process of its own, several at a time on this machine.

:mod:`.dask` spreads the same jobs over the workers of a cluster. Both yield what became
of each as it ends, and None twice a second while nothing does, so that the caller can
show how far all are.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Sequence, Tuple

from .. import signals
from ..results.record import EPOCHS

_LOOK_EVERY = 0.5  # seconds
_LONGEST_OUTPUT = 4000  # characters that are kept of what a run printed

#: 0 as long as nobody asked to stop, 1 where the runs should end and save what they
#: have reached, 2 where they should end at once.
StopLevel = Callable[[], int]


@dataclass(frozen=True)
class Job:
    """One run to be done.

    Attributes
    ----------
    name : str
        Of the experiment.
    seed : int
    directory : str
        The run directory; what the process prints goes to ``<directory>.log``, which
        stays there if the run fails.
    command : tuple of str
        What follows the Python interpreter on the command line.
    num_epochs : int
        Lines that ``epochs.jsonl`` has in the end; 0 for an experiment without epochs.
    """

    name: str
    seed: int
    directory: str
    command: Tuple[str, ...]
    num_epochs: int = 0

    def __str__(self) -> str:
        return f"{self.name}, seed {self.seed}"

    def epochs_done(self) -> int:
        """How many epochs the run has recorded so far."""
        try:
            lines = (Path(self.directory) / EPOCHS).read_bytes().count(b"\n")
        except OSError:
            return 0
        return min(lines, self.num_epochs)


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes
    ----------
    job : Job
    status : int or None
        Exit status of its process, -n if signal n ended it; None if it never began.
    seconds : float
    output : str
        The end of what it printed.
    """

    job: Job
    status: Optional[int]
    seconds: float
    output: str


def execute(
    job: Job,
    stop_level: StopLevel,
    threads: Optional[int] = None,
    without: Sequence[str] = (),
    folder: str = "",
) -> Outcome:
    """Run one job to its end, or until ``stop_level`` says otherwise.

    Parameters
    ----------
    job : Job
    stop_level : callable
        At 1 the process gets SIGTERM, at 2 SIGKILL.
    threads : int, optional
        ``OMP_NUM_THREADS`` of the process; None leaves it as it is here.
    without : sequence of str
        Environment variables to leave out.
    folder : str
        Where to run it; empty for where we are.
    """
    if stop_level():
        return Outcome(job, None, 0.0, "")
    environment = {k: v for k, v in os.environ.items() if k not in without}
    environment[signals.PARENT_ON_STDIN] = "signal"
    if threads is not None:
        environment["OMP_NUM_THREADS"] = str(threads)
    directory = Path(folder, job.directory)
    log = directory.with_name(directory.name + ".log")
    started = time.monotonic()
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)  # a lost worker's run may be writing to it
        with open(log, "wb") as file:
            with subprocess.Popen(
                [sys.executable, *job.command],
                # Held open by us alone: when it closes, however we end, the run stops.
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder or None,
                # Ctrl-C reaches only us, and we pass it on once: a run that is
                # interrupted twice ends without saving.
                start_new_session=True,
            ) as process:
                status = _wait(process, stop_level)
        output = log.read_text("utf-8", "replace")[-_LONGEST_OUTPUT:]
        if status == 0:
            log.unlink(missing_ok=True)
    except OSError as error:
        # of the log, or of a folder that a worker does not see
        return Outcome(job, 4, time.monotonic() - started, f"error: {error}")
    return Outcome(job, status, time.monotonic() - started, output)


def _wait(process: subprocess.Popen[bytes], stop_level: StopLevel) -> int:
    passed_on = 0
    while True:
        try:
            return int(process.wait(timeout=_LOOK_EVERY))
        except subprocess.TimeoutExpired:
            if stop_level() > passed_on:
                passed_on = stop_level()
                process.send_signal(
                    signal.SIGTERM if passed_on == 1 else signal.SIGKILL
                )


def run_locally(
    jobs: Sequence[Job],
    at_once: int,
    stop_level: StopLevel,
    threads: Optional[int] = None,
) -> Iterator[Optional[Outcome]]:
    """Run the jobs on this machine, ``at_once`` side by side, in their order.

    Parameters
    ----------
    jobs : sequence of Job
    at_once : int
    stop_level, threads
        As in :func:`execute`.

    Yields
    ------
    Outcome or None
        None where none has ended for a moment.
    """
    with ThreadPoolExecutor(at_once) as pool:
        futures = {pool.submit(execute, job, stop_level, threads): job for job in jobs}
        yield from as_they_end(futures)


def as_they_end(futures: Dict[Any, Job]) -> Iterator[Optional[Outcome]]:
    """Outcomes of futures (the standard library's or dask's) as they are done."""
    pending = dict(futures)
    while pending:
        done = [future for future in pending if future.done()]
        for future in done:
            job = pending.pop(future)
            try:
                yield future.result()
            except Exception as error:  # a worker was lost: that job's failure alone
                yield Outcome(job, 1, 0.0, f"{type(error).__name__}: {error}")
        if not done:
            yield None
            time.sleep(_LOOK_EVERY)
