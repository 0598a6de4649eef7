"""How long runs take: the longest first, and an honest time to the end."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Collection, Dict, List, Sequence, TypedDict

from ..results.json_files import read_json
from .local import Job

#: Measured by ``scripts/measure_whole_job.py pace``; only ratios count here.
PACE = Path(__file__).with_name("pace.json")


class Pace(TypedDict):
    """Processor seconds of one run with one thread."""

    besides: float  # to start, to evaluate and to write, or all of one without epochs
    epoch: float


class Paces(TypedDict):
    """``pace.json``: of every experiment, measured together on one machine."""

    date: str
    machine: str
    recorded: List[str]  # those that were not: by the quickest of their recorded runs
    experiments: Dict[str, Pace]


@lru_cache(maxsize=None)
def load_pace() -> Paces:
    """What runs of the experiments take, as it was measured."""
    return read_json(PACE, Paces)


_FIRST_SHARE = 0.005  # of the work: before, the pace is that of starting processes


def expected(job: Job) -> float:
    """Seconds that a run takes on one core of the machine that was measured.

    Other settings than the epochs do not count; a reader's own experiment takes what
    half of the others do.
    """
    known = load_pace()["experiments"]
    if job.name in known:
        pace = known[job.name]
        return pace["besides"] + pace["epoch"] * job.num_epochs
    return median(pace["besides"] + 500 * pace["epoch"] for pace in known.values())


def longest_first(jobs: Sequence[Job], seconds: Dict[Job, float]) -> List[Job]:
    """The order in which the last run to end ends soonest, nearly always.

    A long run that begins last is waited for alone, while the other cores idle. Of runs
    that take equally long the order stays.
    """
    return sorted(jobs, key=lambda job: -seconds[job])


class Remaining:
    """The time to the end, by the pace so far.

    Parameters
    ----------
    seconds : dict of Job to float
        What each is expected to take, in any unit.
    at_once : int
        Runs side by side.
    """

    def __init__(self, seconds: Dict[Job, float], at_once: int) -> None:
        self._seconds, self._at_once = seconds, at_once
        self._total = sum(seconds.values())
        # What an earlier call has done is no pace of this one.
        self._begun = {job: self._done(job, ()) for job in seconds}

    def _done(self, job: Job, ended: Collection[Job]) -> float:
        """The part of a run that is done, in its own unit."""
        if job in ended:
            return self._seconds[job]
        if not job.num_epochs:
            return 0.0
        return self._seconds[job] * job.epochs_done() / job.num_epochs

    def after(self, elapsed: float, ended: Collection[Job]) -> float:
        """Seconds left when so many have passed; nan as long as no pace is known.

        What is left of all runs, shared by as many as run side by side; but no less
        than the longest that is left, which can be shared by none.
        """
        done = {job: self._done(job, ended) for job in self._seconds}
        worked = sum(done[job] - self._begun[job] for job in done)
        if worked <= _FIRST_SHARE * self._total or elapsed <= 0:
            return float("nan")
        left = [self._seconds[job] - done[job] for job in done]
        running = max(1, min(self._at_once, len(left)))
        pace = worked / (elapsed * running)  # of one of those that run side by side
        return max(sum(left) / running, max(left)) / pace


def shown(seconds: float) -> str:
    """``about 1 h 20 min left``; empty where it is not known."""
    if seconds != seconds:
        return ""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"about {max(0, round(seconds / 10) * 10)} s left"
    if minutes < 60:
        return f"about {minutes} min left"
    return f"about {minutes // 60} h {minutes % 60} min left"
