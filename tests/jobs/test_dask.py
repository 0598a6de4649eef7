"""Runs on a dask cluster, and on stand-ins of one whose parts go away."""

from __future__ import annotations

import dataclasses
import sys
import types
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest

from d2l_rnn.cli import main
from d2l_rnn.commands import reproduce
from d2l_rnn.commands.reproduce_progress import failure
from d2l_rnn.errors import D2lRnnError, RunError, UsageError
from d2l_rnn.experiments.directories import sole_use
from d2l_rnn.jobs import dask, dask_worker, local
from d2l_rnn.jobs.dask_worker import Asked
from d2l_rnn.jobs.local import Job, Outcome, run_locally
from d2l_rnn.results.record import read_run

distributed = pytest.importorskip(
    "distributed", reason="needs distributed, of the extra [dask]"
)

# What stands in for a training: a record, of which an earlier one is taken over.
RUN = """
import os, pathlib, signal, sys, time
from d2l_rnn.results.record import RunWriter, read_run
seed, wait, began = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
place = sys.argv[-1]
config = {"experiment": "lstm", "seed": seed}
rows = read_run(place).epochs if os.path.exists(place + "/config.json") else []
writer = RunWriter(place, config, {}, rows)
def save(*_):
    writer.append({"epoch": len(rows) + 1})
    sys.exit(130)
signal.signal(signal.SIGTERM, save)
pathlib.Path(began).touch()
end = time.time() + wait
while time.time() < end:
    time.sleep(0.01)
if wait == 0.02:
    print("error: it went wrong")
    sys.exit(3)
writer.append({"epoch": len(rows) + 1})
writer.finish({"status": "finished"})
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "began").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (local, dask):
        monkeypatch.setattr(module, "_LOOK_EVERY", 0.02)


def job(seed: int, seconds: float) -> Job:
    directory = f"runs/lstm/seed-{seed}"
    began = Path.cwd().parent / "began" / str(seed)
    command = ("-c", RUN, str(seed), str(seconds), str(began), directory)
    return Job("lstm", seed, directory, command)


def never() -> int:
    return 0


def outcomes_of(results: Iterator[Optional[Outcome]]) -> List[Outcome]:
    return [outcome for outcome in results if outcome is not None]


def hidden_files() -> List[str]:
    return [p.name for p in Path("runs").rglob(".*") if p.suffix != ".lock"]


def test_two_workers_do_what_this_machine_does(
    capfd: pytest.CaptureFixture[str],
) -> None:
    asked: List[int] = []
    jobs = [job(1, 0), job(2, 0.02), job(3, 60), job(4, 60), job(5, 60)]
    outcomes = []
    began = Path.cwd().parent / "began"
    results = dask.run_on_dask(jobs, 2, lambda: sum(asked), 1, sole_use=sole_use)
    for outcome in results:
        if not asked and (began / "3").exists() and (began / "4").exists():
            asked.append(1)
        outcomes += [] if outcome is None else [outcome]
    statuses = {o.job.seed: o.status for o in outcomes}
    assert statuses == {1: 0, 2: 3, 3: 130, 4: 130, 5: None}
    assert len(read_run("runs/lstm/seed-3").epochs) == 1
    assert hidden_files() == []


class StandIn:
    """A cluster in this process: what becomes of a task is for the test to say."""

    status = "running"

    def __init__(self, answer: Callable[[Asked], Any], threads: int = 1) -> None:
        self._answer, self.threads = answer, threads
        self.given: List[Asked] = []
        self.variables: Dict[str, int] = {}

    def nthreads(self) -> Dict[str, int]:
        if self.status != "running":
            raise OSError("Timed out trying to connect")
        return {"tcp://one": self.threads}

    def submit(self, function: object, asked: Asked, pure: bool) -> Any:
        assert function is dask_worker.answer_on_worker and not pure
        self.given.append(asked)
        return Future(self._answer, asked)


class Future:
    """What a stand-in's task becomes."""

    def __init__(self, answer: Callable[[Asked], Any], asked: Asked) -> None:
        self._answer, self._asked = answer, asked

    def done(self) -> bool:
        return True

    def cancelled(self) -> bool:
        return self._answer is lost_with_the_scheduler

    def result(self) -> Any:
        return self._answer(self._asked)


def lost_with_the_scheduler(asked: Asked) -> Any:
    raise AssertionError("is not asked for")


class Variable:
    """dask's, without a cluster."""

    def __init__(self, name: str, client: StandIn) -> None:
        self._name, self._values = name, client.variables

    def set(self, value: int) -> None:
        self._values[self._name] = value


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Iterator[Optional[Outcome]]]:
    """Run jobs on a stand-in."""

    def on(
        client: StandIn, jobs: List[Job], stop_level: Callable[[], int] = never
    ) -> Iterator[Optional[Outcome]]:
        monkeypatch.setattr(distributed, "Variable", Variable)
        sweep = dask._Sweep(client, stop_level, 1, "/nowhere/at/all", sole_use)
        return sweep.outcomes(jobs)

    return on


def elsewhere(asked: Asked) -> Any:
    """As a worker answers that does not see our files."""
    with dask_own_folder() as place:
        return dask_worker.answer(asked, never, place)


def dask_own_folder() -> Any:
    import tempfile

    return tempfile.TemporaryDirectory()


def test_runs_come_back_from_where_our_files_are_not_seen(on: Any) -> None:
    """Finished ones and those that have failed; they go on where they were."""
    client = StandIn(elsewhere)
    statuses = [o.status for o in outcomes_of(on(client, [job(1, 0), job(2, 0.02)]))]
    assert statuses == [0, 3]
    first = read_run("runs/lstm/seed-1")
    first.verify()
    assert len(first.epochs) == 1 and read_run("runs/lstm/seed-2").result is None
    # again: what is here goes along, and what has grown comes back
    (outcome,) = outcomes_of(on(client, [job(1, 0)]))
    assert outcome.status == 0 and len(read_run("runs/lstm/seed-1").epochs) == 2
    assert client.given[-1].content and hidden_files() == []


def test_no_class_of_ours_comes_back() -> None:
    """And so nothing that a run has written is ever unpickled."""
    asked = Asked(job(1, 0), "", "", "/nowhere/at/all", b"", "", 1, "")
    status, seconds, output, content = elsewhere(asked)
    kinds = [type(value) for value in (status, seconds, output, content)]
    assert kinds == [int, float, str, bytes] and content[:2] == b"PK"


def test_a_finished_run_that_is_not_there_has_not_finished(
    on: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "_SEEN_WITHIN", 0.0)
    client = StandIn(lambda asked: (0, 1.0, "", b""))
    (outcome,) = outcomes_of(on(client, [job(1, 0)]))
    assert outcome.status == 4 and "no such directory" in failure(outcome)
    client = StandIn(lambda asked: (0, 1.0, "", b"PK, if only"))
    (outcome,) = outcomes_of(on(client, [job(1, 0)]))
    assert outcome.status == 4 and "corrupt archive" in failure(outcome)
    assert not Path("runs/lstm/seed-1").exists()


def test_a_run_whose_workers_die_is_named_in_one_line(on: Any) -> None:
    from distributed.scheduler import KilledWorker

    def answer(asked: Asked) -> Any:
        if asked.job.seed == 1:
            last = types.SimpleNamespace(address="tcp://10.0.0.7:1")
            raise KilledWorker("answer-1", last, 3)  # type: ignore[arg-type]
        return elsewhere(asked)

    outcomes = outcomes_of(on(StandIn(answer), [job(1, 0), job(2, 0)]))
    assert [outcome.status for outcome in outcomes] == [1, 0]
    assert failure(outcomes[0]) == (
        "lstm, seed 1: failed, exit status 1: lost with its worker 4 times, at last "
        "with tcp://10.0.0.7:1"
    )


@pytest.mark.parametrize("how", ["cancelled", "silent"])
def test_a_scheduler_that_goes_away(how: str, on: Any) -> None:
    """One line; what has finished has been handed on before."""
    client = StandIn(elsewhere, threads=2)
    results = on(client, [job(1, 0), job(2, 0), job(3, 0), job(4, 0)])
    with pytest.raises(D2lRnnError) as error:
        for outcome in results:
            if outcome is not None and how == "cancelled":
                client._answer = lost_with_the_scheduler
            elif outcome is not None:
                client.status = "connecting"
    assert "scheduler is gone: 2 of 4 runs have finished" in str(error.value)
    assert error.value.exit_status == 1


def test_without_workers_is_said_once_and_can_be_stopped(
    on: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds: List[int] = []

    def stop_level() -> int:
        rounds.append(0)
        return int(len(rounds) > 9)

    client = StandIn(elsewhere, threads=0)
    outcomes = outcomes_of(on(client, [job(1, 0), job(2, 0)], stop_level))
    assert [outcome.status for outcome in outcomes] == [None, None]
    assert client.given == [] and list(client.variables.values()) == [1]
    assert capsys.readouterr().err == (
        "d2l-rnn: the dask scheduler has no worker: waiting for one\n"
    )


def test_the_cluster_has_no_more_than_it_needs(on: Any) -> None:
    """Folders do not pile up on the scheduler, nor is one blamed for a neighbour."""
    client = StandIn(lambda asked: (2, 0.0, "", b""), threads=3)
    for outcome in on(client, [job(seed, 0) for seed in range(20)]):
        if outcome is not None:
            break
    assert len(client.given) == 3


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(job(1, 0), "", "", "", b"", "", 1, "9.9")
    status, _, output, content = dask_worker.answer_on_worker(asked)
    assert (status, content) == (2, b"") and "not 9.9" in output


def test_dask_is_asked_for_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["reproduce", "rnn", "--backend", "dask"]) == 2
    assert "pip install distributed" in capsys.readouterr().err


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "_PATIENCE", 0.5)
    results = dask.run_on_dask([], 1, never, 1, "tcp://127.0.0.1:9", sole_use=sole_use)
    with pytest.raises(UsageError, match="no dask scheduler answers"):
        next(results)


def test_a_run_waits_for_the_orphan_of_a_lost_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that refuses while a file is there, as a run does that finds a lock."""
    place = tmp_path / "in-use"
    place.touch()
    monkeypatch.setattr(dask_worker, "_LOOK_AGAIN", 0.01)
    code = "import pathlib, sys\n"
    code += f"if pathlib.Path({str(place)!r}).exists():\n"
    code += "    print('d2l-rnn: error: run directory x: another run is using it')\n"
    code += "    sys.exit(4)"
    a_job = dataclasses.replace(job(1, 0), command=("-c", code))
    asked: List[int] = []

    def stop_level() -> int:
        asked.append(0)
        if len(asked) == 2 and place.exists():
            place.unlink()
        return 0

    assert dask_worker.execute_behind_an_orphan(a_job, stop_level).status == 0
    place.touch()
    (outcome,) = outcomes_of(run_locally([a_job], 1, never))  # here nobody is lost
    assert outcome.status == 4


def test_the_refusal_that_is_waited_for_is_the_runners(tmp_path: Path) -> None:
    directory = tmp_path / "there"
    with sole_use(directory):
        with pytest.raises(RunError, match=dask_worker._IN_USE):
            with sole_use(directory):
                pass


def test_the_command_hands_the_door_of_run_directories_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: Dict[str, Any] = {}

    def run_on_dask(*arguments: Any, **named: Any) -> Iterator[Optional[Outcome]]:
        given.update(named)
        return iter([])

    monkeypatch.setattr(dask, "run_on_dask", run_on_dask)
    monkeypatch.setattr(reproduce, "plan", lambda *_: [job(1, 0)])
    assert main(["reproduce", "lstm", "--backend", "dask", "--quiet"]) == 0
    assert given["sole_use"] is sole_use
