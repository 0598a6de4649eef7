"""How long runs take: the longest first, and an honest time to the end."""

from __future__ import annotations

from typing import Collection, Dict, List, Sequence

from .local import Job

#: Seconds of the recorded runs on one core (docs/recorded/runs.json: medians), and of
#: those without a record what their kind takes. Only their ratios count.
SECONDS: Dict[str, float] = {
    "bilstm": 641,
    "bilstm-audit": 641,  # of which most is the model that is trained for it
    "birnn-scratch": 600,
    "bptt": 10,
    "cloze": 85,
    "cloze-word": 35,
    "deep-gru": 450,
    "deep-lstm": 449,
    "deep-scratch": 1000,
    "gru": 206,
    "gru-scratch": 506,
    "hmm": 234,
    "lstm": 203,
    "lstm-peephole": 650,
    "lstm-scratch": 614,
    "many-to-one": 22,
    "one-to-many": 136,
    "rnn": 74,
    "rnn-handwritten": 60,
    "rnn-scratch": 237,
    "rnn-scratch-random": 606,
    "rnn-scratch-reset": 407,
    "seq2seq": 97,
    "seq2seq-attention": 190,
    "sequence": 4,
    "tagging": 68,
    "text-stats": 97,
}
_OTHERWISE = 200.0
_FIRST_SHARE = 0.005  # of the work: before, the pace is that of starting processes


def expected(job: Job, published_epochs: int = 0) -> float:
    """Seconds that a run takes on one core of the recording machine.

    Parameters
    ----------
    job : Job
    published_epochs : int
        What the seconds are of; a run of other epochs takes in proportion.
    """
    seconds = SECONDS.get(job.name, _OTHERWISE)
    if published_epochs and job.num_epochs:
        seconds *= job.num_epochs / published_epochs
    return seconds


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
