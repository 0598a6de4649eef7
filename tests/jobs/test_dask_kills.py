"""What dies in the middle of a sweep on dask: nothing is lost, nothing hangs.

The runs are small trainings; what they are held against is the same runs on this
machine, which nothing disturbs. Of each sweep a line with its figures is printed.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest

from .clusters import PATIENCE, Cluster, skip_without_namespaces, until

pytest.importorskip("distributed", reason="needs distributed, of the extra [dask]")
pytestmark = pytest.mark.slow

Rows = Dict[str, List[Dict[str, Any]]]
SEEDS = 4
EPOCHS = 400
TINY = ["--corpus", "sample", "--num-hiddens", "16", "--max-tokens", "2000"]
TINY += ["--num-preds", "1", "--no-plot"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows that the runs have where nothing dies."""
    here = tmp_path_factory.mktemp("undisturbed")
    process = sweep(here)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return rows_in(here)


@pytest.fixture(params=["shared", "unshared"])
def hidden(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Optional[Path]]:
    """The folder of the runs where workers do not see it; None where they do."""
    (tmp_path / "here").mkdir()
    if request.param == "unshared":
        skip_without_namespaces()
        yield tmp_path / "here"
    else:
        yield None


def sweep(here: Path, *more: str, epochs: int = EPOCHS) -> subprocess.Popen[str]:
    arguments = ["reproduce", "rnn", "--seeds", str(SEEDS), *more, "--", *TINY]
    arguments += ["--epochs", str(epochs)]
    return subprocess.Popen(
        [sys.executable, "-m", "d2l_rnn", *arguments],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )


def on(cluster: Cluster) -> List[str]:
    return ["--backend", "dask", "--scheduler", cluster.address]


def rows_in(here: Path) -> Rows:
    """What the runs have recorded, but for how long it took."""
    found = {}
    for path in here.glob("runs/rnn/seed-*/epochs.jsonl"):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        found[path.parent.name] = [
            {k: v for k, v in row.items() if k not in ("seconds", "tokens_per_sec")}
            for row in rows
        ]
    return found


def finished_in(here: Path) -> Dict[str, int]:
    """The runs that have a result, and when it was written."""
    results = here.glob("runs/rnn/seed-*/result.json")
    return {path.parent.name: path.stat().st_mtime_ns for path in results}


def nothing_else_in(here: Path) -> bool:
    """Neither marks, nor archives, nor what was there before."""
    hidden = [p.name for p in (here / "runs").rglob(".*") if p.suffix != ".lock"]
    return hidden == [] and not list(here.rglob("*.zip"))


def in_the_middle(folder: Path, here: Path, number: int = 3) -> bool:
    """Whether so many workers are at epochs, wherever these are."""
    places = [*here.glob("runs/rnn/seed-*"), *folder.glob("worker-*/**/seed-*")]
    rows = [place / "epochs.jsonl" for place in places]
    busy = [r for r in rows if r.exists() and not (r.parent / "result.json").exists()]
    return sum(len(path.read_bytes().splitlines()) > 5 for path in busy) >= number


def test_one_of_three_workers_dies(
    hidden: Optional[Path], tmp_path: Path, undisturbed: Rows
) -> None:
    here = tmp_path / "here"
    with Cluster(tmp_path / "cluster", hidden) as cluster:
        cluster.add_workers(3)
        process = sweep(here, *on(cluster))
        until(lambda: in_the_middle(tmp_path / "cluster", here))
        assert process.poll() is None
        cluster.workers[0].kill()
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert rows_in(here) == undisturbed and len(finished_in(here)) == SEEDS
    assert nothing_else_in(here)
    assert "Traceback" not in said and "distributed" not in said
    print(f"a worker dies: {SEEDS} of {SEEDS} runs equal the undisturbed ones")


def test_the_scheduler_goes_away(
    hidden: Optional[Path], tmp_path: Path, undisturbed: Rows
) -> None:
    """What has finished stays; a second call, on another cluster, does the rest."""
    here = tmp_path / "here"
    with Cluster(tmp_path / "first", hidden) as cluster:
        cluster.add_workers(3)
        process = sweep(here, *on(cluster))
        until(lambda: len(finished_in(here)) >= 1)
        cluster.scheduler.kill()
        killed = time.time()
        _, said = process.communicate(timeout=PATIENCE)
        took = time.time() - killed
    last = said.splitlines()[-1]
    first = finished_in(here)
    assert process.returncode == 1 and "Traceback" not in said
    found = re.search(r"is gone: (\d) of \d runs have finished; the same command", last)
    # runs whose worker still had our disk may have ended since
    assert found and 1 <= int(found.group(1)) <= len(first), said
    with Cluster(tmp_path / "second", hidden) as cluster:
        cluster.add_workers(3)
        process = sweep(here, *on(cluster))
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    second = finished_in(here)
    assert {name: second[name] for name in first} == first
    assert rows_in(here) == undisturbed and nothing_else_in(here)
    print(f"the scheduler dies: told after {took:.0f} s, {len(first)} runs kept")


def test_we_are_killed_ourselves(
    hidden: Optional[Path], tmp_path: Path, undisturbed: Rows
) -> None:
    here = tmp_path / "here"
    with Cluster(tmp_path / "cluster", hidden) as cluster:
        cluster.add_workers(3)
        process = sweep(here, *on(cluster))
        until(lambda: in_the_middle(tmp_path / "cluster", here))
        process.kill()
        process.communicate()
        process = sweep(here, *on(cluster))
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert rows_in(here) == undisturbed


def test_a_signal_saves_every_run_and_the_same_command_goes_on(
    hidden: Optional[Path], tmp_path: Path, undisturbed: Rows
) -> None:
    here = tmp_path / "here"
    with Cluster(tmp_path / "cluster", hidden) as cluster:
        cluster.add_workers(3)
        process = sweep(here, *on(cluster))
        until(lambda: in_the_middle(tmp_path / "cluster", here))
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 143, said
        begun = rows_in(here)
        assert len(begun) >= 3 and max(map(len, begun.values())) > 5
        process = sweep(here, *on(cluster))
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert rows_in(here) == undisturbed and nothing_else_in(here)


def test_every_worker_that_has_a_run_dies(
    hidden: Optional[Path], tmp_path: Path
) -> None:
    """As often as dask allows; then the run is named, and the others are done."""
    here, cluster_folder = tmp_path / "here", tmp_path / "cluster"

    def has_beyond(size: int) -> bool:
        return seen() > size

    def seen() -> int:
        """Bytes of all rows that any worker has written."""
        places = [here / "runs/rnn/seed-1", *cluster_folder.glob("worker-*/**/seed-1")]
        rows = [place / "epochs.jsonl" for place in places]
        return sum(len(path.read_bytes()) for path in rows if path.exists())

    with Cluster(cluster_folder, hidden) as cluster:
        process = sweep(here, *on(cluster), "--seeds", "1", epochs=20_000)
        for _ in range(4):
            some_epochs_more = partial(has_beyond, seen() + 1000)
            cluster.add_workers(1)
            until(some_epochs_more)
            cluster.workers[-1].kill()
            cluster.workers[-1].wait()
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, said
    assert "seed 1: failed, exit status 1: lost with its worker 4 times" in said
    assert finished_in(here) == {} and "Traceback" not in said
