"""What several devices cost: an epoch on each number of them, in turn.

Usage: python scripts/measure_devices.py [--rounds N] [--max-devices N] [--only NAME]

One process trains the same run on 1, 2, ... CPU devices, an epoch of each in turn, so
that what else the machine does meets all of them. Shown are medians over the rounds of
the wall time, and of the processor time of the whole process, both over that of one
device in the same round.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from statistics import median
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

from d2l_rnn.devices import device_from
from d2l_rnn.experiments.contract import tell_nobody
from d2l_rnn.experiments.table import find


class Workload(NamedTuple):
    """An experiment, what is changed about it, and in words."""

    experiment: str
    changes: Dict[str, Any]
    words: str


_WIDE = {"num_hiddens": 512, "batch_size": 128, "max_tokens": 10_000}
WORKLOADS = {
    "rnn": Workload("rnn", {}, "RNN, 256 hidden, 32 x 35 tokens (the book's)"),
    "rnn-scratch": Workload(
        "rnn-scratch", {}, "RNN from scratch, 512 hidden, 32 x 35 (the book's)"
    ),
    "lstm-wide": Workload("lstm", _WIDE, "LSTM, 512 hidden, 128 x 35"),
}


def rows(workload: Workload, num_devices: int, num_epochs: int) -> Iterator[Any]:
    """The epochs of a run on so many CPU devices."""
    names = ",".join(f"cpu:{k}" for k in range(num_devices))
    experiment = find(workload.experiment)
    changes = {**workload.changes, "device": names, "num_epochs": num_epochs}
    config = replace(experiment.config, **changes)
    run = experiment.family()(config, device_from("cpu:0"), tell_nobody)
    return run.rows(1)


def measure(
    workload: Workload, max_devices: int, rounds: int
) -> List[List[Tuple[float, float]]]:
    """(wall seconds, processor seconds) of each round and number of devices."""
    trainings = [rows(workload, n, rounds + 1) for n in range(1, max_devices + 1)]
    found = []
    for _ in range(rounds + 1):
        times = []
        for training in trainings:
            before = time.process_time()
            row = next(training)
            times.append((row.seconds, time.process_time() - before))
        found.append(times)
    return found[1:]  # graphs are made in the first


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--max-devices", type=int, default=3)
    parser.add_argument("--only", choices=sorted(WORKLOADS))
    options = parser.parse_args()
    print("| net | devices | wall time | processor time |\n| --- | --- | --- | --- |")
    for name, workload in WORKLOADS.items():
        if options.only in (None, name):
            found = measure(workload, options.max_devices, options.rounds)
            for n in range(options.max_devices):
                wall, processor = (
                    median(times[n][k] / times[0][k] for times in found) for k in (0, 1)
                )
                print(
                    f"| {workload.words} | {n + 1} | {wall:.2f} | {processor:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
