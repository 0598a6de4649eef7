"""What a worker of a dask cluster does with one job (:mod:`.dask` gives it)."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Optional, Tuple

from .. import __version__
from ..errors import RunError, UsageError
from .local import Job, Outcome, StopLevel, execute
from .travelling import packed, unpacked

_PATIENCE = 10  # seconds in which a scheduler has to answer
# What a run says whose directory another process has.
_IN_USE = "another run is using it"
_LOOK_AGAIN = 1.0  # seconds
# dask's nanny sets it for its workers; for us it means that the user tunes malloc.
_NANNYS_OWN = ("MALLOC_TRIM_THRESHOLD_",)

#: Exit status or None, seconds, the end of what the run printed, and its folder as
#: bytes where the worker does not see ours. No class of ours: nothing that a run wrote
#: is ever unpickled, bytes are bytes.
Answer = Tuple[Optional[int], float, str, bytes]


class Asked(NamedTuple):
    """One job, and what a worker has to know to do it."""

    job: Job
    stop: str  # name of dask's variable with the stop level
    folder: str  # where the one who asks is
    mark: str  # a file above all runs, that who sees the same files sees
    content: bytes  # what the run's folder has there
    refusal: str  # why it cannot travel, or empty
    threads: Optional[int]
    version: str


def answer_on_worker(asked: Asked) -> Answer:
    """Do a job on a worker."""
    from distributed import Variable, get_worker

    if asked.version != __version__:
        return (
            UsageError.exit_status,
            0.0,
            f"error: the worker has d2l_rnn {__version__}, not {asked.version}: their "
            "numbers may differ",
            b"",
        )
    variable: Any = Variable(asked.stop)  # type: ignore[no-untyped-call]
    known = [0]

    def stop_level() -> int:
        try:
            known[0] = variable.get(timeout=_PATIENCE)
        except Exception:  # the scheduler is busy or gone: the run is worth finishing
            pass
        return known[0]

    return answer(asked, stop_level, get_worker().local_directory)


def answer(asked: Asked, stop_level: StopLevel, own_folder: str) -> Answer:
    """Do a job: in its place where that is seen, else in a folder of our own."""
    if os.path.exists(asked.mark):
        outcome = execute_behind_an_orphan(
            asked.job, stop_level, asked.threads, asked.folder
        )
        return outcome.status, outcome.seconds, outcome.output, b""
    if asked.refusal:
        return RunError.exit_status, 0.0, f"error: {asked.refusal}", b""
    with tempfile.TemporaryDirectory(dir=own_folder, prefix="run-") as place:
        job = asked.job
        directory = Path(place, Path(job.directory).name)
        # What stands last on a command line counts.
        command = (*job.command, "--out", str(directory))
        job = replace(job, directory=str(directory), command=command)
        try:
            if asked.content:
                unpacked(asked.content, directory)
            outcome = execute(job, stop_level, asked.threads, _NANNYS_OWN, place)
            content = packed(directory)
        except RunError as error:
            return error.exit_status, 0.0, f"error: {error}", b""
        return outcome.status, outcome.seconds, outcome.output, content


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
