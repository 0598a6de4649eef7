"""What several workers cost: an epoch in one process and on each number of them.

Usage: python scripts/measure_workers.py [--rounds N] [--max-workers N] [--only NAME]

All trainings are started, and one at a time is let run (SIGCONT, SIGSTOP), so that what
else the machine does meets all of them. Shown are medians over the rounds of the wall
time, and of the processor time of all its processes, both over those of one process in
the same round. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Dict, List, Tuple

WORKLOADS: Dict[str, Tuple[str, List[str]]] = {
    "rnn": ("RNN, 256 hidden, 32 x 35 tokens (the book's)", ["rnn"]),
    "lstm-wide": (
        "LSTM, 512 hidden, 128 x 35",
        ["lstm", "--num-hiddens", "512", "--batch-size", "128"],
    ),
}
_ENDLESS = "100000"
_EPOCHS = 3  # of a round; the first one began before the last stop
_TICKS = os.sysconf("SC_CLK_TCK")


class Training:
    """A training under way, stopped but for its rounds."""

    def __init__(self, words: List[str], workers: int, folder: Path) -> None:
        self.rows = folder / f"{workers}" / "epochs.jsonl"
        launch = ["launch", "--workers", str(workers)] if workers else []
        run = ["run", *words, "--epochs", _ENDLESS, "--quiet", "--no-plot"]
        run += ["--out", str(self.rows.parent)]
        command = [sys.executable, "-m", "d2l_rnn", *launch, *run]
        # A session of its own, as a launcher gives each worker: on Linux the sessions
        # of a busy machine share its processors.
        self.process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self.workers = workers

    def warm_up(self) -> None:
        """Train until it goes on as it will; then stop."""
        self._until(2)  # graphs are made in the first
        self._send(signal.SIGSTOP)

    def round(self) -> Tuple[float, float]:
        """(wall, processor) seconds of an epoch."""
        before, used = self._recorded(), self._processor_time()
        self._send(signal.SIGCONT)
        self._until(before + _EPOCHS)
        self._send(signal.SIGSTOP)
        spent = self._processor_time() - used
        rows = [json.loads(row) for row in self.rows.read_text().splitlines()]
        seconds = [row["seconds"] for row in rows[before + 1 :]]
        return median(seconds), spent / (len(rows) - before)

    def end(self) -> None:
        """At once; a launcher ends its own."""
        self._send(signal.SIGCONT)
        if self.workers:
            self.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            self.process.send_signal(signal.SIGTERM)
        else:
            self.process.kill()
        self.process.wait()

    def _pids(self) -> List[int]:
        """The training's processes; a launcher is not stopped."""
        if not self.workers:
            return [self.process.pid]
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]

    def _send(self, number: int) -> None:
        for pid in self._pids():
            os.kill(pid, number)

    def _recorded(self) -> int:
        return self.rows.read_bytes().count(b"\n") if self.rows.exists() else 0

    def _until(self, count: int) -> None:
        while self._recorded() < count:
            if self.process.poll() is not None:
                sys.exit(f"a training ended with {self.process.returncode}")
            time.sleep(0.005)

    def _processor_time(self) -> float:
        ticks = 0
        for pid in self._pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # utime, stime
        return ticks / _TICKS


def measure(
    words: List[str], max_workers: int, rounds: int
) -> List[List[Tuple[float, float]]]:
    """(wall, processor) seconds of each round: one process, then 1, 2, ... workers."""
    trainings: List[Training] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for workers in range(max_workers + 1):
                trainings.append(Training(words, workers, Path(folder)))
                trainings[-1].warm_up()
            return [[one.round() for one in trainings] for _ in range(rounds)]
        finally:
            for one in trainings:
                one.end()


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--max-workers", type=int, default=3)
    parser.add_argument("--only", choices=sorted(WORKLOADS))
    options = parser.parse_args()
    print("| net | workers | wall time | processor time |\n| --- | --- | --- | --- |")
    for name, (text, words) in WORKLOADS.items():
        if options.only in (None, name):
            found = measure(words, options.max_workers, options.rounds)
            for n in range(options.max_workers + 1):
                wall, processor = (
                    median(times[n][k] / times[0][k] for times in found) for k in (0, 1)
                )
                count = n or "one process"
                print(
                    f"| {text} | {count} | {wall:.2f} | {processor:.2f} |", flush=True
                )
            alone = median(times[0][0] for times in found)
            print(f"({name}: {alone:.2f} s an epoch in one process)", flush=True)


if __name__ == "__main__":
    main()
