"""Measure what `d2l-rnn reproduce` costs, and how two cores are better used.

    python scripts/measure_whole_job.py pace            # every experiment
    python scripts/measure_whole_job.py pace rnn lstm   # these; the others are kept
    python scripts/measure_whole_job.py quick
    python scripts/measure_whole_job.py share rnn lstm --rounds 3

pace: processor time with one thread: of an epoch (the median of some, without the
first), and of all that a run takes besides (a run of one epoch, without that epoch, and
what the first takes more than others); with --recorded the least that any of its
recorded runs took, where there is no time to measure. Written to
d2l_rnn/jobs/pace.json, by which `reproduce` puts the longest runs first and tells the
time to the end, and of which scripts/update_readme.py makes the table of hours.

quick: processor time of `d2l-rnn reproduce --quick`, with all its runs; written to
docs/recorded/quick.json.

share: each experiment trains for some epochs, in turns as one process with all cores
and as one process a core, each with one thread. Its throughput is the epochs that all
of them do in a second, from the second epoch on; the medians of the ratios are written
to docs/recorded/sharing.json. To be run at a quiet moment.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Dict, List, TypedDict

from d2l_rnn.devices import device_from
from d2l_rnn.errors import D2lRnnError, DataError
from d2l_rnn.experiments.contract import tell_nobody
from d2l_rnn.experiments.environment import processor
from d2l_rnn.experiments.table import EXPERIMENTS, find
from d2l_rnn.files import write_bytes
from d2l_rnn.jobs.remaining import PACE, Pace, load_pace
from d2l_rnn.results.json_files import read_json
from d2l_rnn.runtime import available_cores

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "docs" / "recorded" / "runs.json"
SHARING = ROOT / "docs" / "recorded" / "sharing.json"


class Sharing(TypedDict):
    """``sharing.json``: throughput of a run a core, times that of one run on all."""

    date: str
    machine: str
    cores: int
    rounds: int
    ratios: Dict[str, float]


class Quick(TypedDict):
    """``quick.json``: processor seconds of ``reproduce --quick``."""

    date: str
    machine: str
    runs: int
    seconds: float


#: What an audit trains is another's epochs.
AUDITED = {"bilstm-audit": "bilstm"}
QUICK = SHARING.with_name("quick.json")
_SECONDS = 4.0  # of training, about, in a turn
_MOST_EPOCHS = 60


def epochs_of(name: str) -> int:
    """Of the experiment as it is published; 0 where it has none."""
    return int(getattr(find(name).config, "num_epochs", 0))


def begun(name: str, place: Path, epochs: int, threads: int) -> subprocess.Popen[bytes]:
    """A run of so many epochs (0: as it is), in an empty folder."""
    settings = ["--epochs", str(epochs)] if epochs else []
    place.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "d2l_rnn", "run", name, *settings]
        + ["--seed", "1", "--out", str(place / "run"), "--quiet"],
        cwd=place,  # where no earlier run is
        env={**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )


def rows_of(place: Path) -> List[float]:
    """Seconds of each epoch."""
    path = place / "run" / "epochs.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [float(json.loads(line)["seconds"]) for line in lines]


def more_epochs(seconds: float, published: int) -> int:
    """So many beside the first that they take some seconds."""
    return int(max(2, min(_MOST_EPOCHS, published - 1, _SECONDS / max(seconds, 1e-3))))


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """Of a process that runs, with all that it starts."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status  # it has been waited for
    if status:
        raise SystemExit(f"{process.args!r} failed")
    return used.ru_utime + used.ru_stime


def seconds_of_epochs(name: str) -> List[float]:
    """Processor seconds of some epochs, in this process."""
    experiment = find(name)
    device = device_from("auto")
    run = experiment.family()(experiment.config, device, tell_nobody)
    seconds = []
    before = time.process_time()
    for _ in run.rows(1):
        after = time.process_time()
        seconds.append(after - before)
        before = after
        if len(seconds) > 3 and sum(seconds[1:]) > _SECONDS:
            break
    return seconds


def epochs_in_a_process(name: str) -> List[float]:
    """Processor seconds of some epochs, in a process of its own with one thread."""
    command = [sys.executable, __file__, "epochs", AUDITED.get(name, name)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return [float(word) for word in said.stdout.split()]


def pace_of(name: str, folder: Path) -> Pace:
    """What a run costs: besides its epochs, and by each of them."""
    if not epochs_of(name):
        whole = processor_seconds(begun(name, folder / "run", 0, 1))
        return {"besides": round(whole, 1), "epoch": 0.0}
    first, *others = epochs_in_a_process(name)
    # What comes before the first (graphs, an HMM's trials) is no epoch, and the trial's
    # own, which come with it, take no time.
    epoch = median(seconds for seconds in others if seconds > max(others) / 10)
    besides = processor_seconds(begun(name, folder / "run", 1, 1)) - epoch
    besides = max(besides, 0.0) + max(first - epoch, 0.0)
    return {"besides": round(besides, 1), "epoch": round(epoch, 4)}


def recorded_pace_of(name: str) -> Pace:
    """By the quickest of its recorded runs, all of it taken for epochs."""
    seconds = [
        run["result"].get("wall_seconds") or run["result"]["seconds"]
        for run in json.loads(RECORDED.read_text("utf-8"))["runs"]
        if run["experiment"] == name
    ]
    if not seconds:
        raise DataError(f"{name}: no recorded run")
    return {"besides": 0.0, "epoch": round(min(seconds) / epochs_of(name), 4)}


def measured_pace(names: List[str], recorded: bool) -> None:
    """Measure, or take from the recorded runs, experiment by experiment."""
    known = load_pace()["experiments"]
    by_record = set(load_pace()["recorded"])
    for name in names:
        if recorded:
            known[name] = recorded_pace_of(name)
            by_record.add(name)
        else:
            with tempfile.TemporaryDirectory() as folder:
                known[name] = pace_of(name, Path(folder))
            by_record.discard(name)
        print(name, known[name], flush=True)
        content = {
            "recorded": [n for n in EXPERIMENTS if n in by_record],
            "experiments": {n: known[n] for n in EXPERIMENTS if n in known},
        }
        keep(PACE, content)


def measured_quick() -> None:
    """Measure and record."""
    command = [sys.executable, "-m", "d2l_rnn", "reproduce", "--quick", "--jobs", "1"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, cwd=folder, env=environment)
        seconds = processor_seconds(process)
    keep(QUICK, {"runs": len(EXPERIMENTS), "seconds": round(seconds)})


def turn(name: str, epochs: int, processes: int, threads: int) -> float:
    """Epochs a second of all processes together."""
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder, str(k)) for k in range(processes)]
        running = [begun(name, place, epochs, threads) for place in places]
        if any([process.wait() for process in running]):
            raise SystemExit(f"{name}: a run failed")
        return sum(1 / median(rows_of(place)[1:]) for place in places)


def measured_sharing(names: List[str], rounds: int) -> None:
    """Measure and record, experiment by experiment."""
    cores = available_cores()
    known = read_json(SHARING, Sharing)["ratios"] if SHARING.exists() else {}
    pace = load_pace()["experiments"]
    for name in names:
        epochs = 1 + more_epochs(pace[name]["epoch"], epochs_of(name))
        ratios = []
        for _ in range(rounds):
            alone = turn(name, epochs, 1, cores)
            ratios.append(turn(name, epochs, cores, 1) / alone)
        known[name] = round(median(ratios), 2)
        print(name, [f"{ratio:.2f}" for ratio in ratios], flush=True)
        kept = {n: known[n] for n in EXPERIMENTS if n in known}
        keep(SHARING, {"cores": cores, "rounds": rounds, "ratios": kept})


def hours(cores: int, seeds: int) -> float:
    """Of all experiments, the longest first, one a core."""
    free = [0.0] * cores
    runs = [
        pace["besides"] + pace["epoch"] * epochs_of(name)
        for name, pace in load_pace()["experiments"].items()
    ]
    for run in sorted(runs * seeds, reverse=True):
        free.sort()
        free[0] += run
    return max(free) / 3600


def table() -> str:
    """Hours of everything, and what sharing gains, for the pages."""
    lines = ["| `d2l-rnn reproduce all` | 1 core | 2 cores | 8 cores |"]
    lines += ["| --- | ---: | ---: | ---: |"]
    for seeds in (1, 5):
        cells = [f"{hours(cores, seeds):.1f} h" for cores in (1, 2, 8)]
        lines.append(f"| `--seeds {seeds}` | {' | '.join(cells)} |")
    quick = read_json(QUICK, Quick)
    lines.append(
        f"| `d2l-rnn reproduce --quick` (all {quick['runs']}) "
        f"| {quick['seconds'] / 60:.0f} min | - | - |"
    )
    measured = load_pace()
    lines += ["", f"By processor seconds: {measured['date']} on {measured['machine']};"]
    lines.append(f"`--quick` {quick['date']} on {quick['machine']}.")
    if measured["recorded"]:
        names = ", ".join(measured["recorded"])
        lines.append(f"By the quickest of their recorded runs: {names}.")
    return "\n".join([*lines, *_sharing()])


def _sharing() -> List[str]:
    """What sharing gains, where it has been measured."""
    if not SHARING.exists():
        return []
    shared = read_json(SHARING, Sharing)
    cores = shared["cores"]
    lines = ["", f"| experiment | {cores} runs of 1 thread, over 1 run of {cores} |"]
    lines += ["| --- | ---: |"]
    lines += [f"| {name} | {ratio:.2f} |" for name, ratio in shared["ratios"].items()]
    how = f"Epochs a second of all runs together, medians of {shared['rounds']} rounds"
    lines += ["", f"{how} in turns: {shared['date']} on {shared['machine']}."]
    return lines


def keep(path: Path, content: Dict[str, Any]) -> None:
    """Write what is known so far."""
    measured = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{processor()} ({os.cpu_count()} cores, "
        f"{math.ceil(os.getloadavg()[2])} processes running)",
        **content,
    }
    write_bytes(path, (json.dumps(measured, indent=1) + "\n").encode("utf-8"))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("pace", "quick", "share", "epochs"))
    parser.add_argument("names", nargs="*", help="experiments (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (share)")
    parser.add_argument(
        "--recorded", action="store_true", help="from docs/recorded/runs.json (pace)"
    )
    options = parser.parse_args()
    try:
        if options.what == "epochs":  # what `pace` begins for each
            print(*seconds_of_epochs(*options.names))
        elif options.what == "pace":
            measured_pace(options.names or list(EXPERIMENTS), options.recorded)
        elif options.what == "quick":
            measured_quick()
        else:
            counted = [n for n in EXPERIMENTS if epochs_of(n) and n not in AUDITED]
            measured_sharing(options.names or counted, options.rounds)
    except D2lRnnError as error:
        print(f"measure_whole_job: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
