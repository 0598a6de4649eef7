"""Trainings of several processes: the curve of one, and nothing left when one dies.

Every test starts processes that import MXNet, so they are slow:

    pytest -m slow tests/jobs/test_launched_runs.py
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
import pytest

from d2l_rnn import checkpoint_file
from d2l_rnn.cli import main
from d2l_rnn.results.record import CHECKPOINT, read_run

from .launched import TINY, epochs, is_running, launch, listens_at, members, wait_for

RUNS = {
    "gluon": ["lstm", *TINY, "--batch-size", "7"],
    "scratch": ["gru-scratch", *TINY, "--batch-size", "7"],
    "both-ways": ["bilstm", *TINY, "--batch-size", "5"],
    # Adam, and sums in the place of means
    "translation": [
        *(
            "seq2seq",
            "--corpus",
            "sample",
            "--num-examples",
            "60",
            "--num-hiddens",
            "6",
        ),
        *("--embed-size", "6", "--num-layers", "1", "--batch-size", "19"),
        *("--dropout", "0", "--no-plot", "--quiet"),
    ],
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(kind: str, num_epochs: int, out: str, *more: str) -> List[str]:
    return ["run", *RUNS[kind], "--epochs", str(num_epochs), "--out", out, *more]


def launched(workers: int, words: Sequence[str], servers: int = 1) -> str:
    """What it says; it has to end well."""
    flags = ["--workers", str(workers), "--servers", str(servers)]
    process = launch(*flags, *words)
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


def losses(directory: str) -> List[float]:
    return [row["loss"] for row in read_run(directory).epochs]


def same_training(one: str, other: str) -> None:
    np.testing.assert_allclose(losses(one), losses(other), rtol=1e-5)
    pairs = [checkpoint_file.load(Path(d, CHECKPOINT)) for d in (one, other)]
    assert pairs[0][0].keys() == pairs[1][0].keys()
    for name, array in pairs[0][0].items():
        np.testing.assert_allclose(array, pairs[1][0][name], rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind, workers, servers, more",
    [
        ("gluon", 2, 1, []),
        ("scratch", 2, 1, []),
        ("both-ways", 3, 2, []),
        ("translation", 2, 1, []),
        ("translation", 3, 1, []),
        ("gluon", 2, 1, ["--device", "cpu:0,cpu:1"]),
    ],
)
def test_the_curve_is_that_of_one_process_over_20_epochs(
    kind: str, workers: int, servers: int, more: List[str]
) -> None:
    assert main(run(kind, 20, "one")) == 0
    before = sorted(Path().iterdir())
    launched(workers, run(kind, 20, "several", *more), servers)
    same_training("several", "one")
    # Worker 0 has written the record, the others nothing.
    made = set(Path().iterdir()) - set(before)
    assert made <= {Path("several"), Path(".several.lock")}
    one, several = read_run("one"), read_run("several")
    several.verify()
    assert one.result is not None and several.result is not None
    assert several.result["device"].startswith(f"{workers} workers: cpu(0)")
    assert several.environment["device"] == several.result["device"]
    assert several.config.keys() == one.config.keys()
    assert "launch" not in json.dumps(several.config)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gluon", "translation"])
def test_a_run_goes_on_on_any_number_of_workers(kind: str) -> None:
    """From 2 workers to one process, to 3 workers: the curve of one."""
    assert main(run(kind, 9, "whole")) == 0
    launched(2, run(kind, 3, "parts"))
    assert main(run(kind, 6, "parts", "--resume")) == 0
    launched(3, run(kind, 9, "parts", "--resume"))
    same_training("parts", "whole")
    starts = read_run("parts").environment["starts"]
    found = [(s["first_epoch"], s["device"]) for s in starts]
    assert found == [(1, "2 workers: cpu(0)"), (4, "cpu(0)"), (7, "3 workers: cpu(0)")]
    # Finished, it is shown again; nobody waits for anybody.
    assert "recorded in parts" in launched(2, run(kind, 9, "parts", "--resume"))


@pytest.mark.slow
def test_interrupted_and_resumed_on_two_workers_it_is_the_same_bit_for_bit() -> None:
    """Of two numbers the sum does not depend on who was first."""
    launched(2, run("gluon", 60, "whole"))
    process = launch("--workers", "2", *run("gluon", 60, "parts"))
    wait_for(lambda: len(epochs("parts")) > 2)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    (line,) = said.decode().splitlines()
    assert line.startswith("d2l-rnn: interrupted; the state after epoch ")
    assert len(epochs("parts")) < 60
    launched(2, run("gluon", 60, "parts", "--resume"))
    assert losses("parts") == losses("whole")


KILLED = ("worker 0", "worker 1", "server", "scheduler")
#: How many epochs are recorded when it dies: none are; some; all, the result is not.
WHEN = {"start": 0, "middle": 5, "end": 40}


@pytest.mark.slow
@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("who", KILLED)
def test_a_process_that_dies_ends_all_of_them(who: str, when: str) -> None:
    """The table of docs/several-devices.md."""
    assert main(run("gluon", 40, "whole")) == 0
    process = launch("--workers", "2", *run("gluon", 40, "out"))
    started: Dict[str, int] = {}

    def all_are_there() -> bool:
        started.update(members(process.pid))
        return len(started) == 4

    wait_for(all_are_there)
    wait_for(lambda: len(epochs("out")) >= WHEN[when])
    late = False
    try:
        os.kill(started[who], signal.SIGKILL)
    except ProcessLookupError:  # it was sooner than we looked
        late = when == "end"
    out, said = process.communicate(timeout=30)
    assert not any(map(is_running, started.values()))
    if when == "end" and process.returncode == 0:
        # It had done its part.
        assert late or who in ("server", "scheduler", "worker 1")
    else:
        assert process.returncode == 1
        (line,) = said.decode().splitlines()
        name = f"{who} 0" if who == "server" else who
        assert line.startswith(f"d2l-rnn: error: launch: {name} was ended by signal 9")
        saved = line.partition("the state after epoch ")[2].partition(" ")[0]
        if when != "start":
            assert 1 <= int(saved) <= 40
        assert "--resume goes on" in line
    print(f"{who}, {when}: {process.returncode} {said.decode()!r}")
    launched(2, run("gluon", 40, "out", "--resume"))
    same_training("out", "whole")


@pytest.mark.slow
def test_all_sockets_are_on_the_loopback() -> None:
    process = launch("--workers", "2", *run("gluon", 5000, "out"))
    wait_for(lambda: len(epochs("out")) > 1)
    started = members(process.pid)
    assert len(started) == 4
    where = {name: listens_at(pid) for name, pid in started.items()}
    assert where == dict.fromkeys(started, {"0100007F"})
    assert listens_at(process.pid) == set()
    os.kill(process.pid, signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143


@pytest.mark.slow
@pytest.mark.parametrize(
    "words, status, said",
    [
        ("hmm --corpus sample", 2, "launch: this experiment trains on one device"),
        ("seq2seq --corpus sample", 2, "launch: --dropout 0.1 draws other numbers"),
        ("lstm --corpus missing.txt", 3, "missing.txt"),
        (
            "lstm --corpus sample --max-tokens 1500 --lr 1e38 --theta 1e38 --epochs 9",
            1,
            "loss or gradient is not finite at epoch",
        ),
    ],
)
def test_what_worker_0_refuses_it_tells_alone(
    words: str, status: int, said: str
) -> None:
    process = launch("run", *words.split(), "--out", "out", "--quiet")
    _, err = process.communicate()
    assert process.returncode == status
    (line,) = err.decode().splitlines()
    assert line.startswith("d2l-rnn: error: ") and said in line


# In ssh's place: begins the process in the folder "other", as on a host of its own.
ELSEWHERE = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
export SSH_CONNECTION="127.0.0.1 4000 127.0.0.1 22"
IFS= read -r line
(printf '%s\\n' "$line" | sed 's#"folder": "[^"]*#&/other#'; cat) | sh -c "$3"
"""


@pytest.mark.slow
@pytest.mark.parametrize("equal", [True, False])
def test_workers_with_other_data_do_not_train(equal: bool, tmp_path: Path) -> None:
    """A host whose file is another one: seen before the first epoch."""
    text = "the time traveller went on and on by itself. " * 20
    Path("text.txt").write_text(text)
    Path("other").mkdir()
    Path("other/text.txt").write_text(text if equal else text.replace("w", "v"))
    Path("bin").mkdir()
    Path("bin/ssh").write_text(ELSEWHERE)
    Path("bin/ssh").chmod(0o755)
    Path("hosts.txt").write_text("near\n")
    words = ["--hosts", "hosts.txt", "run", "lstm", "--corpus", "text.txt"]
    words += ["--max-tokens", "400", "--num-hiddens", "6", "--batch-size", "5"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
        process = launch(*words, "--epochs", "2", "--quiet", "--out", "out")
        _, err = process.communicate()
    if equal:
        assert process.returncode == 0, err
        assert not list(Path("other").glob("out*"))
    else:
        (line,) = err.decode().splitlines()
        assert process.returncode == 2 and epochs("out") == []
        assert "launch: the workers have different data" in line
