"""Our runs against the published numbers, with the configurations of the table."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, List, Sequence

from ..errors import RunError
from ..results.book import load_book
from ..results.compare import Verdict, compare, read_runs
from ..results.record import RunRecord
from .table import EXPERIMENTS

RUNS = "runs"


def published_configs() -> Dict[str, Dict[str, Any]]:
    """The configuration of each experiment as the book has it, in full."""
    return {row.name: asdict(row.config) for row in EXPERIMENTS.values()}


def records_of(paths: Sequence[str]) -> List[RunRecord]:
    """Read the runs named on a command line, those in ``runs/`` by default.

    Raises
    ------
    RunError
        If there is no run, or none that can be read.
    """
    if not paths and not Path(RUNS).is_dir():
        raise RunError(
            f"no runs: there is no folder {RUNS}/ here; name run directories, or make "
            "one with 'd2l-rnn run'"
        )
    records = read_runs(paths or [RUNS])
    if all(record.damage for record in records):
        raise RunError(records[0].damage)
    return records


def verdicts_on(records: Sequence[RunRecord]) -> List[Verdict]:
    """Judge runs by the book that comes with the package."""
    return compare(records, load_book(), published_configs())
