"""One benchmark from its settings to its files."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, Tuple

from ..data.corpora import cache_directory
from ..errors import UsageError, system_errors_as
from ..experiments.environment import commit, processor
from ..files import make_directory, target_of, write_bytes
from ..runtime import available_cores, idle_cores
from . import measuring
from .earlier import change, read_earlier
from .pictures import draw
from .reporting import tables
from .using import use
from .workers import commands, environments, find_old_wheel
from .workloads import chosen_workloads

PARTS = ("speed", "use", "scaling", "directions", "hidden_markov")


@dataclass(frozen=True)
class Settings:
    """What a user can choose; see ``d2l-rnn benchmark --help``."""

    workloads: str
    parts: Tuple[str, ...]
    rounds: int
    turn_seconds: float
    threads: Optional[int]
    out: Path
    old_wheel: Optional[str]
    torch_python: str
    before: Optional[Path] = None
    compare: Optional[Path] = None

    def __post_init__(self) -> None:
        chosen_workloads(self.workloads)
        if self.before and not (self.before / "d2l_rnn" / "benchmark").is_dir():
            raise UsageError(f"--before {self.before}: no checkout of this project")
        for part in self.parts:
            if part not in PARTS:
                accepted = ", ".join(PARTS)
                raise UsageError(
                    f"--parts {part!r} is unknown; accepted are {accepted}"
                )


def run(
    settings: Settings, notify: Callable[[str], None]
) -> Tuple[measuring.Results, str]:
    """Measure, write ``benchmark.json`` and pictures into ``settings.out``.

    Returns
    -------
    results : dict
        As in the JSON file: every answer of every side, unrounded.
    text : str
        The tables.
    """
    refused = f"--out {settings.out}"
    with system_errors_as(UsageError, refused, "a folder that can be written to"):
        make_directory(settings.out)
        target_of(settings.out / "benchmark.json")
    # Before any side runs: they are not to count one another.
    free_cores = idle_cores()
    results: measuring.Results = {
        "machine": {
            "platform": platform.platform(),
            "processor": processor(),
            "cores": available_cores(),
            "idle_cores": free_cores,
            "load": list(os.getloadavg()),
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "commit": commit(),
        },
        "amounts": {
            "rounds": settings.rounds,
            "turn_seconds": settings.turn_seconds,
            "threads": settings.threads,
        },
    }
    earlier = None
    if settings.compare is not None:
        earlier = read_earlier(settings.compare, results)
    wheel = None
    if {"speed", "use"} & set(settings.parts):
        wheel, note = find_old_wheel(settings.old_wheel, cache_directory())
        if note:
            notify(f"d2l 0.17.6 is left out: {note}")
    plan = measuring.Plan(
        settings.rounds,
        settings.turn_seconds,
        commands(wheel, settings.torch_python, settings.before),
        environments(settings.threads, free_cores, settings.before),
        notify,
    )
    if "speed" in settings.parts:
        results["speed"] = {}
        for name, workload in chosen_workloads(settings.workloads).items():
            notify(f"speed: {name}")
            results["speed"][name] = measuring.speed(name, workload, plan)
    if "use" in settings.parts:
        notify("use")
        results["use"] = use(chosen_workloads(settings.workloads), plan)
    for part in settings.parts:
        if part not in ("speed", "use"):
            notify(part.replace("_", " "))
            results[part] = getattr(measuring, part)(plan)
    if earlier is not None:
        results["change"] = change(earlier, results)
    content = json.dumps(results, indent=1) + "\n"
    with system_errors_as(UsageError, refused):
        write_bytes(settings.out / "benchmark.json", content.encode())
        drawn = draw(results, settings.out)
    for path in drawn:
        notify(f"drawn: {path}")
    return results, tables(results)
