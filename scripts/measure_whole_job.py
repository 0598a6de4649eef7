"""Measure whether two cores are better used by two runs or by one with two threads.

    python scripts/measure_whole_job.py                 # every experiment with epochs
    python scripts/measure_whole_job.py rnn lstm --rounds 3

Each experiment trains for some epochs, in turns as one process with all cores and as
one process a core, each with one thread. Its throughput is the epochs that all of them
do in a second, from the second epoch on. Written to docs/results/whole_job.json, and
shown with the hours of `d2l-rnn reproduce all --seeds 5` that follow from the recorded
runs (jobs/remaining.py). To be run on a quiet machine; some ten minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Dict, List, Sequence

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs" / "results" / "whole_job.json"
sys.path.insert(0, str(ROOT))

from d2l_rnn.experiments.table import EXPERIMENTS  # noqa: E402
from d2l_rnn.jobs.remaining import SECONDS  # noqa: E402
from d2l_rnn.runtime import available_cores  # noqa: E402

_SECONDS = 4.0  # of training, about, in a turn
_MOST_EPOCHS = 60


def epochs_of(name: str) -> int:
    """So many that a turn takes some seconds; 0 where there are none to count."""
    published = getattr(EXPERIMENTS[name].config, "num_epochs", 0)
    if not published or name == "bilstm-audit":  # whose epochs are another's
        return 0
    an_epoch = SECONDS.get(name, 200.0) / published
    return int(max(3, min(_MOST_EPOCHS, published, _SECONDS / an_epoch)))


def turn(name: str, processes: int, threads: int) -> float:
    """Epochs a second of all processes together."""
    settings = ["--epochs", str(epochs_of(name)), "--quiet", "--no-plot"]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    environment["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place, str(k)) for k in range(processes)]
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "d2l_rnn", "run", name, *settings]
                + ["--out", str(folder)],
                env=environment,
                stdout=subprocess.DEVNULL,
            )
            for folder in folders
        ]
        if any(process.wait() for process in running):
            raise SystemExit(f"{name}: a run failed")
        rates = []
        for folder in folders:
            lines = (folder / "epochs.jsonl").read_text(encoding="utf-8").splitlines()
            seconds = [float(json.loads(line)["seconds"]) for line in lines[1:]]
            rates.append(1 / median(seconds))
    return sum(rates)


def hours(seconds: Sequence[float], cores: int) -> float:
    """Of runs that begin in order of their length, one a core."""
    free = [0.0] * cores
    for run in sorted(seconds, reverse=True):
        free.sort()
        free[0] += run
    return max(free) / 3600


def main() -> None:
    """Measure, record and show."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="experiments (default: all)")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each")
    options = parser.parse_args()
    cores = available_cores()
    names = options.names or [n for n in EXPERIMENTS if epochs_of(n)]
    found: Dict[str, Dict[str, List[float]]] = {}
    print(f"| experiment | {cores} runs x 1 thread, times 1 run x {cores} threads |")
    print("| --- | ---: |")
    for name in names:
        rates: Dict[str, List[float]] = {"one": [], "many": []}
        for _ in range(options.rounds):
            rates["one"].append(turn(name, 1, cores))
            rates["many"].append(turn(name, cores, 1))
        found[name] = rates
        ratios = [many / one for one, many in zip(rates["one"], rates["many"])]
        print(f"| {name} | {median(ratios):.2f} |", flush=True)
    RECORD.write_text(
        json.dumps({"cores": cores, "epochs_a_second": found}, indent=1) + "\n",
        encoding="utf-8",
    )
    seconds = [SECONDS.get(name, 200.0) for name in EXPERIMENTS for _ in range(5)]
    for number in (2, 8):
        print(f"all, 5 seeds, on {number} cores: about {hours(seconds, number):.1f} h")


if __name__ == "__main__":
    main()
