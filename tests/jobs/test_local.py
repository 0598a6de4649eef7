"""Many runs at a time: none is lost, none ends another, all of them can be stopped."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Iterator, List, Optional

import pytest

from d2l_rnn import checkpoint_file
from d2l_rnn.cli import main
from d2l_rnn.commands import reproduce
from d2l_rnn.commands.reproduce_progress import failure
from d2l_rnn.commands.shared_settings import shared_out
from d2l_rnn.experiments.settings import MOST_EPOCHS
from d2l_rnn.experiments.table import EXPERIMENTS
from d2l_rnn.jobs import local
from d2l_rnn.jobs.local import Job, Outcome, run_locally

from ..results.made_runs import write_run
from .clusters import until

SAMPLE = ["--corpus", "sample"]
EPOCHS = 300
TINY = ["--corpus", "sample", "--num-hiddens", "8", "--max-tokens", "1500"]
TINY += ["--num-preds", "1", "--no-plot", "--epochs", str(EPOCHS)]

# What stands in for a training: it says when it begins and ends, and saves when asked.
RUN = """
import os, pathlib, signal, sys, time
def save(*_):
    pathlib.Path(sys.argv[1] + ".saved").touch()
    sys.exit(130)
signal.signal(signal.SIGTERM, save)
pathlib.Path(sys.argv[1] + ".began").write_text(os.environ.get("OMP_NUM_THREADS", ""))
wait = float(sys.argv[2])
end = time.time() + wait
while time.time() < end:
    time.sleep(0.01)
print("warning: of a run")
print("error: it went wrong" if wait == 0.02 else "well")
sys.exit(3 if wait == 0.02 else 0)
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_LOOK_EVERY", 0.05)


def job(seed: int, seconds: float, name: str = "lstm") -> Job:
    directory = f"runs/{name}/seed-{seed}"
    return Job(name, seed, directory, ("-c", RUN, directory, str(seconds)))


def outcomes_of(results: Any) -> List[Outcome]:
    return [outcome for outcome in results if outcome is not None]


def never() -> int:
    return 0


def test_a_failure_ends_no_other_run() -> None:
    jobs = [job(1, 0), job(2, 0.02), job(3, 0), job(4, 0)]
    outcomes = outcomes_of(run_locally(jobs, 2, never, threads=3))
    assert {o.job.seed: o.status for o in outcomes} == {1: 0, 2: 3, 3: 0, 4: 0}
    # What a failed run said is kept; each had its share of the threads.
    assert Path("runs/lstm/seed-2.log").read_text().endswith("error: it went wrong\n")
    assert not Path("runs/lstm/seed-1.log").exists()
    assert {p.read_text() for p in Path("runs/lstm").glob("*.began")} == {"3"}


def test_no_more_than_asked_for_run_at_a_time() -> None:
    most, running = [0], [0]
    lock = threading.Lock()
    popen = subprocess.Popen

    class Counted(popen):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            super().__init__(*args, **kwargs)

        def wait(self, timeout: Optional[float] = None) -> int:
            status = super().wait(timeout)
            with lock:
                running[0] -= 1
            return status

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", Counted)
        outcomes = outcomes_of(run_locally([job(s, 0.1) for s in range(5)], 2, never))
    assert len(outcomes) == 5 and most[0] == 2


def test_a_place_that_cannot_be_written_is_that_runs_failure() -> None:
    bad = Job("lstm", 1, "/dev/null/runs/seed-1", ("-c", ""))
    outcomes = outcomes_of(run_locally([bad, job(2, 0)], 1, never))
    by_seed = {outcome.job.seed: outcome for outcome in outcomes}
    assert (by_seed[1].status, by_seed[2].status) == (4, 0)
    assert "/dev/null" in failure(by_seed[1])


@pytest.mark.parametrize("level, status, saved", [(1, 130, 2), (2, -9, 0)])
def test_stopped_runs_save_unless_they_are_to_end_at_once(
    level: int, status: int, saved: int
) -> None:
    asked: List[int] = []
    outcomes = []
    for outcome in run_locally([job(s, 60) for s in range(4)], 2, lambda: sum(asked)):
        if not asked and len(list(Path("runs/lstm").glob("*.began"))) == 2:
            asked.append(level)
        outcomes += [] if outcome is None else [outcome]
    assert sorted(str(o.status) for o in outcomes) == sorted(
        [str(status)] * 2 + ["None"] * 2
    )
    assert len(list(Path("runs/lstm").glob("*.saved"))) == saved


def test_the_plan_gives_every_experiment_its_first_seed_first() -> None:
    jobs = reproduce.plan(["rnn", "lstm"], 2, ["--epochs", "7", *SAMPLE], "runs")
    assert [(j.name, j.seed) for j in jobs] == [
        ("rnn", 1),
        ("lstm", 1),
        ("rnn", 2),
        ("lstm", 2),
    ]
    assert jobs[3].directory == "runs/lstm/seed-2" and jobs[3].num_epochs == 7
    assert " ".join(jobs[3].command) == (
        "-m d2l_rnn run lstm --seed 2 --epochs 7 --corpus sample "
        "--initial-weights seed --resume --quiet --json"
    )
    (elsewhere,) = reproduce.plan(["rnn"], 1, SAMPLE, "there")
    assert elsewhere.directory == "there/rnn/seed-1"
    assert "--out there/rnn/seed-1" in " ".join(elsewhere.command)


def test_the_plan_takes_the_builds_weights_where_it_can(
    book_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settled once, for all runs of an experiment: place, flag and line agree."""
    settings = ["--data-dir", str(book_data)]
    jobs = reproduce.plan(["rnn", "deep-gru"], 2, settings, "runs")
    assert [job.directory for job in jobs] == [
        f"runs/{name}/{whose}-{seed}"
        for seed in (1, 2)
        for name, whose in (("rnn", "book"), ("deep-gru", "seed"))
    ]
    for job, whose in zip(jobs, ("book", "seed") * 2):
        assert f"--initial-weights {whose}" in " ".join(job.command)
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("rnn: initial weights of the book's builds")
    assert "deep-gru: initial weights of its own seed: no build has" in second
    # Who asks for one of them is heard; who has no such field is not asked.
    settings += ["--initial-weights", "seed"]
    (job,) = reproduce.plan(["rnn"], 1, settings, "runs")
    assert job.directory == "runs/rnn/seed-1"
    (job,) = reproduce.plan(["sequence"], 1, [], "runs")
    assert job.directory == "runs/sequence/seed-1"
    assert "--initial-weights" not in job.command
    assert capsys.readouterr().err == ""


def test_settings_go_to_the_experiments_that_have_them() -> None:
    told: List[str] = []
    settings = ["--epochs", "8", "--num-states=4", "--no-plot", "--lr", "-1"]
    given = shared_out(["rnn", "hmm", "text-stats"], settings, told.append)
    assert given == {
        "rnn": ["--epochs", "8", "--no-plot", "--lr", "-1"],
        "hmm": ["--epochs", "8", "--num-states=4", "--no-plot"],
        "text-stats": ["--no-plot"],
    }
    assert told == [
        "note: --epochs is no setting of text-stats: not used there",
        "note: --num-states is no setting of rnn, text-stats: not used there",
        "note: --lr is no setting of hmm, text-stats: not used there",
    ]


def test_without_names_the_settings_are_for_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned: List[Job] = []

    def start(jobs: List[Job], *rest: object) -> Iterator[Optional[Outcome]]:
        planned.extend(jobs)
        return iter([])

    monkeypatch.setattr(reproduce, "_start", start)
    assert main(["reproduce", "--", "--epochs", "8"]) == 0
    assert len(planned) == len(EXPERIMENTS)
    by_name = {job.name: job for job in planned}
    assert by_name["lstm"].num_epochs == 8 and "--epochs" in by_name["lstm"].command
    assert "--epochs" not in by_name["text-stats"].command
    said = capsys.readouterr().err.splitlines()
    (note,) = [line for line in said if line.startswith("d2l-rnn: note: ")]
    assert "--epochs is no setting of " in note and "text-stats" in note


@pytest.mark.parametrize("status", [130, 143, 129, -15, -9, 0, None])
def test_an_interrupted_run_is_a_line(
    status: Optional[int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also one that had printed its result, which is kilobytes of JSON."""
    result = json.dumps({"texts": ["error: warning: " * 1000]})

    def start(jobs: List[Job], *rest: object) -> Iterator[Optional[Outcome]]:
        os.kill(os.getpid(), signal.SIGTERM)
        for a_job in jobs:
            yield Outcome(a_job, status, 1.0, f"d2l-rnn: said\n{result}\n")

    monkeypatch.setattr(reproduce, "_start", start)
    assert main(["reproduce", "rnn", "lstm", "--jobs", "1"]) == 143
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if "initial weights" not in line]
    assert out == "" and max(map(len, lines)) < 120
    assert len(lines) == (2 if status is None else 4)
    assert "stopping when" in lines[0] and "the same command goes on" in lines[-1]


def test_what_a_run_said_last_is_cut_short() -> None:
    result = json.dumps({"texts": ["x" * 5000]})
    said = Outcome(job(1, 0), 1, 1.0, f"d2l-rnn: error: {'why ' * 500}\n{result}\n")
    assert failure(said).startswith("lstm, seed 1: failed, exit status 1: why")
    assert len(failure(said)) < 400
    assert "said nothing" in failure(Outcome(job(1, 0), 2, 1.0, result))


def test_all_is_the_whole_table() -> None:
    for names in ([], ["all"], ["rnn", "all"]):
        assert reproduce._names(names) == list(EXPERIMENTS)
    assert reproduce._names(["gru", "rnn", "gru"]) == ["gru", "rnn"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["rnn", "lstn"], "did you mean lstm"),
        (["rnn", "--seeds", "0"], "--seeds 0: accepted is at least 1"),
        (["rnn", "--jobs", "many"], "'many' is not a whole number"),
        (["rnn", "--epochs", "3"], "unrecognized arguments: --epochs"),
        (["rnn", "--", "--epoch", "3"], "see 'd2l-rnn run rnn --help'"),
        (["--", "--epochs", "3", "--dropuot", "1"], "--dropuot after --: no setting"),
        (["--", "3"], "3 after --: accepted are settings"),
        (["rnn", "--", "--epochs", "3", "4"], "unrecognized arguments: 4"),
        (["rnn", "--", "--epochs", "0"], "--epochs 0: accepted is at least 1"),
        (["rnn", "--", "--seed=4"], "--seed=4 after --: 'd2l-rnn reproduce' sees to"),
        (["rnn", "--scheduler", "tcp://here:1"], "contradicts --backend local"),
        (["rnn", "--backend", "slurm"], "invalid choice: 'slurm'"),
        (["hmm", "--seeds", "3", "--only", "4"], "--only 4: accepted is 1 to 3"),
        (["hmm", "--only", "0"], "--only 0: accepted is 1 to 1"),
    ],
)
def test_nothing_starts_if_anything_is_wrong(
    arguments: List[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("d2l-rnn: error: ") and words in line
    assert not Path("runs").exists()


def test_what_became_of_each_run_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = [job(1, 0.02), job(2, 60)]
    monkeypatch.setattr(reproduce, "plan", lambda *_: jobs)
    start = reproduce._start

    def interrupted_after_the_first(*arguments: Any) -> Iterator[Optional[Outcome]]:
        for outcome in start(*arguments):
            yield outcome
            if outcome is not None and outcome.job.seed == 1:
                until(Path("runs/lstm/seed-2.began").exists)
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(reproduce, "_start", interrupted_after_the_first)
    before = signal.getsignal(signal.SIGINT)
    assert main(["reproduce", "lstm", "--jobs", "2"]) == 130
    assert signal.getsignal(signal.SIGINT) is before
    errors = capsys.readouterr().err
    assert Path("runs/lstm/seed-2.saved").exists()
    assert errors.count("warning: of a run") == 1
    assert "stopping when every run has saved its state" in errors
    assert "lstm, seed 1: failed, exit status 3: it went wrong (all it said: " in errors
    assert "0 of 2 runs have finished; the same command goes on" in errors


def test_failures_are_reported_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reproduce, "plan", lambda *_: [job(1, 0.02)])
    assert main(["reproduce", "lstm", "--quiet"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "warning: of a run",
        "d2l-rnn: 1 of 1 runs did not finish:",
        "d2l-rnn: lstm, seed 1: failed, exit status 3: it went wrong (all it said: "
        "runs/lstm/seed-1.log)",
    ]


def test_real_runs_are_interrupted_resumed_and_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["reproduce", "rnn", "--seeds", "2", "--jobs", "2", "--", *TINY]
    process = subprocess.Popen(
        [sys.executable, "-m", "d2l_rnn", *arguments],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    rows = [Path(f"runs/rnn/seed-{seed}/epochs.jsonl") for seed in (1, 2)]
    until(
        lambda: (
            process.poll() is not None
            or any(path.exists() and path.read_text() for path in rows)
        )
    )
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors.decode()
    kept = [len(p.read_text().splitlines()) if p.exists() else 0 for p in rows]
    assert max(kept) > 0 and min(kept) < EPOCHS
    checkpoint = rows[kept.index(max(kept))].with_name("checkpoint.safetensors")
    assert checkpoint.exists()

    assert main(arguments) == 0
    table = capsys.readouterr().out
    assert "corpus sample, the book's is time-machine" in table
    assert [len(path.read_text().splitlines()) for path in rows] == [EPOCHS] * 2
    times = [path.stat().st_mtime_ns for path in rows]
    assert main(arguments) == 0
    assert [path.stat().st_mtime_ns for path in rows] == times


def test_a_killed_parent_leaves_no_children() -> None:
    """Its runs save what they have reached, and end."""
    endless = [*TINY[:-1], str(MOST_EPOCHS)]
    arguments = ["reproduce", "rnn", "gru", "--jobs", "2", "--", *endless]
    process = subprocess.Popen([sys.executable, "-m", "d2l_rnn", *arguments])
    folders = [Path(f"runs/{name}/seed-1") for name in ("rnn", "gru")]
    rows = [folder / "epochs.jsonl" for folder in folders]
    until(lambda: all(path.exists() and path.read_text() for path in rows))
    process.kill()
    process.wait()
    locks = [folder.with_name(".seed-1.lock") for folder in folders]
    until(lambda: not any(map(is_held, locks)))
    for folder, path in zip(folders, rows):
        _, notes = checkpoint_file.load(folder / "checkpoint.safetensors")
        assert notes["epoch"] == len(path.read_text().splitlines()) < MOST_EPOCHS
        log = folder.with_name("seed-1.log").read_text()
        assert "--resume goes on" in log.splitlines()[-1]


def is_held(lock: Path) -> bool:
    with open(lock) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_one_run_of_the_list_is_done_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list says which are left, by the record and not by what is there."""
    jobs = [dataclasses.replace(job(seed, 0), num_epochs=2) for seed in (1, 2, 3)]
    write_run(Path(jobs[0].directory), "lstm", 1, [3.0, 2.0])
    write_run(Path(jobs[1].directory), "lstm", 2, [3.0], finish=False)
    monkeypatch.setattr(reproduce, "plan", lambda *_: jobs)
    assert main(["reproduce", "--list"]) == 0
    states = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [(s[0], s[3]) for s in states] == [
        ("1", "finished"),
        ("2", "begun"),
        ("3", "new"),
    ]
    assert not list(Path("runs").rglob("*.began"))
    with open(Path(jobs[0].directory, "epochs.jsonl"), "a") as file:
        file.write(" \n")
    assert main(["reproduce", "--list"]) == 0
    assert capsys.readouterr().out.split()[3] == "damaged"
    assert main(["reproduce", "--only", "3", "--quiet"]) == 0
    assert capsys.readouterr().out == ""  # no verdict on a part
    assert [path.name for path in Path("runs").rglob("*.began")] == ["seed-3.began"]
