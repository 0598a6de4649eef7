"""Long runs first; the time to the end is that of a schedule played through."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Dict, List

import pytest

from d2l_rnn.experiments.table import EXPERIMENTS
from d2l_rnn.jobs.local import Job
from d2l_rnn.jobs.remaining import (
    Remaining,
    expected,
    load_pace,
    longest_first,
    shown,
)


def job(name: str, seed: int, folder: Path, num_epochs: int = 10) -> Job:
    return Job(name, seed, str(folder / f"{name}-{seed}"), (), num_epochs)


def write_epochs(job: Job, number: int) -> None:
    Path(job.directory).mkdir(exist_ok=True)
    Path(job.directory, "epochs.jsonl").write_bytes(b"{}\n" * number)


def end_of(order: List[float], at_once: int) -> float:
    """When the last of runs ends that begin in this order."""
    free = [0.0] * at_once
    for seconds in order:
        free.sort()
        free[0] += seconds
    return max(free)


def test_the_longest_begin_first_and_equals_keep_their_order(tmp_path: Path) -> None:
    jobs = [
        job(name, seed, tmp_path, num_epochs)
        for seed in (1, 2)
        for name, num_epochs in (("sequence", 5), ("rnn", 500), ("bilstm", 500))
    ]
    ordered = longest_first(jobs, {j: expected(j) for j in jobs})
    assert [str(j) for j in ordered] == [
        f"{name}, seed {seed}"
        for name in ("bilstm", "rnn", "sequence")
        for seed in (1, 2)
    ]
    # All that there are: nearly the least that is possible.
    all_jobs = [
        job(name, 1, tmp_path, getattr(row.config, "num_epochs", 0))
        for name, row in EXPERIMENTS.items()
    ]
    seconds = [expected(job) for job in all_jobs]
    least = max(sum(seconds) / 4, max(seconds))
    ends = end_of(sorted(seconds, reverse=True), 4), end_of(seconds, 4)
    assert least <= ends[0] < 1.05 * least and ends[0] <= ends[1]


def test_what_was_measured_is_of_every_experiment() -> None:
    """One source: measured together, for all and for nothing else."""
    measured = load_pace()
    assert list(measured["experiments"]) == list(EXPERIMENTS)
    assert measured["date"] and measured["machine"]
    for name, pace in measured["experiments"].items():
        has_epochs = hasattr(EXPERIMENTS[name].config, "num_epochs")
        assert pace["besides"] >= 0 and (pace["epoch"] > 0) == has_epochs, name


def test_fewer_epochs_take_less(tmp_path: Path) -> None:
    of_no_epoch, of_one, of_all = (
        expected(job("rnn", 1, tmp_path, number)) for number in (0, 1, 500)
    )
    assert of_all - of_no_epoch == pytest.approx(500 * (of_one - of_no_epoch))
    assert 0 < of_no_epoch < of_one
    # A reader's own is like the others.
    own = expected(job("own.py:MINE", 1, tmp_path, 7))
    assert expected(job("sequence", 1, tmp_path)) < own


@pytest.mark.parametrize("pace", [0.25, 1.0, 3.0])
def test_a_steady_pace_is_foretold_exactly(pace: float, tmp_path: Path) -> None:
    """Whatever the machine's; two at once, equal runs, until the end."""
    jobs = [job("rnn", seed, tmp_path) for seed in range(4)]
    left = Remaining({j: 100.0 for j in jobs}, 2)
    assert math.isnan(left.after(0, ())) and math.isnan(left.after(5, ()))
    whole = 2 * 100 / pace
    for done in (1, 5, 9):  # epochs of the first two
        for running in jobs[:2]:
            write_epochs(running, done)
        elapsed = 10 * done / pace
        assert left.after(elapsed, ()) == pytest.approx(whole - elapsed)
    assert left.after(whole / 2, jobs[:2]) == pytest.approx(whole / 2)


def test_the_longest_run_is_shared_by_none(tmp_path: Path) -> None:
    long, short = job("bilstm", 1, tmp_path), job("rnn", 1, tmp_path)
    left = Remaining({long: 1000.0, short: 100.0}, 2)
    write_epochs(long, 1)
    # 100 seconds of each: at that pace the long one needs 900 more
    assert left.after(100, [short]) == pytest.approx(900)


def test_what_was_there_before_is_no_pace(tmp_path: Path) -> None:
    one = job("rnn", 1, tmp_path)
    write_epochs(one, 5)
    left = Remaining({one: 100.0}, 1)
    assert math.isnan(left.after(1, ()))
    write_epochs(one, 6)
    assert left.after(20, ()) == pytest.approx(80)


def test_words() -> None:
    words: Dict[float, str] = {
        math.nan: "",
        4: "about 0 s left",
        44: "about 40 s left",
        100: "about 2 min left",
        3599: "about 1 h 0 min left",
        8000: "about 2 h 13 min left",
    }
    assert {seconds: shown(seconds) for seconds in words} == words
