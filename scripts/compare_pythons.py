#!/usr/bin/env python3
"""Whether other Pythons and NumPys train the same nets, bit for bit.

    python scripts/compare_pythons.py .venv/bin/python .venv-3.13/bin/python

Trains each experiment under each interpreter, one after the other, on this machine;
then compares every number of every epoch, the texts and the final weights with those
of the first. Exit status 1 where a bit differs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, Mapping, Optional

from safetensors import safe_open

from d2l_rnn.results.record import RunRecord, read_run
from d2l_rnn.results.record_fields import Row

ROOT = Path(__file__).resolve().parents[1]
_TIMES = ("seconds", "tokens_per_sec")


def train(python: str, experiment: str, options: List[str], directory: Path) -> None:
    """Run one experiment under an interpreter into a directory."""
    command = [python, "-W", "ignore", "-m", "d2l_rnn", "run", experiment]
    subprocess.run(
        [*command, *options, "--quiet", "--no-plot", "--out", str(directory)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )


def difference(one: Path, other: Path) -> Optional[str]:
    """Where two run directories first differ, but for times; None if nowhere."""
    runs = [read_run(one), read_run(other)]
    rows = [[numbers(row) for row in run.epochs] for run in runs]
    for epoch, pair in enumerate(zip(*rows), start=1):
        if pair[0] != pair[1]:
            return f"epoch {epoch}: {pair[0]} and {pair[1]}"
    if len(rows[0]) != len(rows[1]):
        return f"{len(rows[0])} and {len(rows[1])} epochs"
    texts = [run.result and run.result.get("texts") for run in runs]
    if texts[0] != texts[1]:
        return f"the texts: {texts[0]} and {texts[1]}"
    weights = [weights_of(directory) for directory in (one, other)]
    if weights[0].keys() != weights[1].keys():
        return "the names of the weights"
    for name, values in weights[0].items():
        if values != weights[1][name]:
            return f"the weights {name}"
    return None


def numbers(row: Row) -> Dict[str, object]:
    """An epoch's row without what depends on the clock."""
    return {key: value for key, value in row.items() if key not in _TIMES}


def weights_of(directory: Path) -> Dict[str, bytes]:
    """The bytes of each of a checkpoint's arrays."""
    path = str(directory / "checkpoint.safetensors")
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name).tobytes() for name in file.keys()}


def versions(run: RunRecord) -> str:
    """Python and NumPy of a run."""
    environment: Mapping[str, object] = run.environment
    return f"Python {environment.get('python')}, NumPy {environment.get('numpy')}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", nargs="+", metavar="PYTHON", help="two or more")
    parser.add_argument("--experiments", default="rnn,lstm,bilstm", metavar="A,B,...")
    parser.add_argument("--epochs", default="20")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--corpus", default="auto")
    arguments = parser.parse_args()
    if len(arguments.pythons) < 2:
        parser.error("name two interpreters or more: there is nothing to compare")
    options = []
    for name in ("epochs", "seed", "corpus"):
        options += [f"--{name}", getattr(arguments, name)]
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        for experiment in arguments.experiments.split(","):
            for number, python in enumerate(arguments.pythons):
                directory = Path(folder) / str(number) / experiment
                try:
                    train(python, experiment, options, directory)
                except (OSError, subprocess.CalledProcessError) as error:
                    print(f"{python}: {experiment} failed: {error}", file=sys.stderr)
                    return 1
                first = Path(folder) / "0" / experiment
                where = difference(first, directory)
                different += where is not None
                print(
                    f"{experiment:12} {versions(read_run(directory))}: "
                    + (
                        f"differs: {where}" if where else "equal" if number else "first"
                    ),
                    flush=True,
                )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
