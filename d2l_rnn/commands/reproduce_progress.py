"""How far many runs are, what became of each, and the time to the end."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from textwrap import shorten
from typing import Any, List, Optional, Sequence, Set

from .. import signals
from ..jobs.local import Job, Outcome
from ..jobs.remaining import Remaining, shown
from ..streams import on_a_terminal, tell

_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} epochs [{elapsed}{postfix}]"
_LONGEST_REASON = 300  # characters of what a failed run said


class Progress:
    """All runs in one bar on a terminal; else a line a run that has ended."""

    def __init__(self, jobs: Sequence[Job], quiet: bool, remaining: Remaining) -> None:
        self._jobs, self._quiet, self._remaining = jobs, quiet, remaining
        self._started = time.monotonic()
        self._ended: Set[Job] = set()
        self._warnings: Set[str] = set()
        self._stopping = False
        self._bar: Any = None
        if not quiet and on_a_terminal():
            from tqdm import tqdm

            total = sum(_weight(job) for job in jobs)
            # Not tqdm's own time to the end: an epoch is not as long as another.
            self._bar = tqdm(total=total, dynamic_ncols=True, bar_format=_BAR)

    def show(self, outcome: Optional[Outcome], stopping: bool = False) -> None:
        """Take in what has ended, if anything has, and show how far all are."""
        if stopping and not self._stopping:
            self._stopping = True
            self._print(
                "d2l-rnn: stopping when every run has saved its state; again to end at "
                "once"
            )
        if outcome is not None:
            self._ended.add(outcome.job)
            self._tell(outcome)
        if self._bar is not None:
            self._bar.n = sum(
                _weight(job) if job in self._ended else job.epochs_done()
                for job in self._jobs
            )
            runs = f"{len(self._ended)} of {len(self._jobs)} runs"
            self._bar.set_postfix_str(", ".join(filter(None, [runs, self._left()])))

    def _left(self) -> str:
        elapsed = time.monotonic() - self._started
        return shown(self._remaining.after(elapsed, self._ended))

    def _tell(self, outcome: Outcome) -> None:
        for line in _said(outcome):
            if "warning: " in line and line not in self._warnings:
                self._warnings.add(line)  # once, though every run says it
                self._print(line)
        if outcome.status is None or self._quiet:
            return
        if outcome.status != 0:
            self._print(f"d2l-rnn: {failure(outcome, self._stopping)}")
        elif self._bar is None:
            left = "" if len(self._ended) == len(self._jobs) else self._left()
            self._print(
                f"d2l-rnn: {len(self._ended)} of {len(self._jobs)}: {outcome.job}: "
                f"finished ({outcome.seconds:.0f} s)" + (left and f"; {left}")
            )

    def _print(self, line: str) -> None:
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            tell(line, by="")

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


def _weight(job: Job) -> int:
    return max(job.num_epochs, 1)


def _said(outcome: Outcome) -> List[str]:
    """What a run said, without its result, which is a line of JSON."""
    lines = outcome.output.splitlines()
    return [line for line in lines if line.strip() and not line.startswith("{")]


def failure(outcome: Outcome, stopping: bool = False) -> str:
    """One line on a run that did not finish.

    Parameters
    ----------
    outcome : Outcome
    stopping : bool
        Whether we have asked the runs to stop.
    """
    if outcome.status in signals.EXIT_STATUSES:
        return f"{outcome.job}: interrupted, its state saved"
    how = f"exit status {outcome.status}"
    if outcome.status is not None and outcome.status < 0:
        how = f"signal {-outcome.status}"
        if stopping:
            return f"{outcome.job}: ended at once by {how}"
    lines = _said(outcome)
    told = [line for line in lines if "error: " in line] or lines
    reason = told[-1].split("error: ", 1)[-1] if told else "it said nothing"
    reason = shorten(reason, _LONGEST_REASON, placeholder=" ...")
    log = Path(outcome.job.directory + ".log")
    where = f" (all it said: {log})" if os.path.exists(log) else ""
    return f"{outcome.job}: failed, {how}: {reason}{where}"
