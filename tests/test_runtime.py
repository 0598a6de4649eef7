"""Engine and threads: chosen before mxnet is loaded, the user's settings first."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import Any, Dict

import pytest

from d2l_rnn import runtime

from .numpys import mxnet_alone_imports

PRINT = "import json; print(json.dumps(d2l_rnn.runtime.describe()))"


def describe(code: str, **environment: str) -> Dict[str, Any]:
    names = ("MXNET_ENGINE_TYPE", "OMP_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_")
    inherited = {k: v for k, v in os.environ.items() if k not in names}
    # The development machine may set threads for all Pythons; -S passes that over,
    # and the import path is handed on.
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{code}\n{PRINT}"],
        env={**inherited, "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout.decode().splitlines()[-1])


def test_chosen_at_the_first_import_of_mxnet_not_before() -> None:
    chosen = describe("import d2l_rnn")
    assert chosen["threads"] is None
    chosen = describe("import d2l_rnn; import mxnet")
    if runtime.has_gpu():
        pytest.skip("the threaded engine stays on a machine with a GPU")
    assert chosen["engine"] == "NaiveEngine"
    assert 1 <= chosen["threads"] <= runtime.available_cores()
    assert chosen["mxnet_imported_first"] is False


def test_the_user_s_settings_win() -> None:
    chosen = describe(
        "import d2l_rnn; import mxnet",
        MXNET_ENGINE_TYPE="ThreadedEnginePerDevice",
        OMP_NUM_THREADS="1",
    )
    assert chosen["engine"] == "ThreadedEnginePerDevice" and chosen["threads"] == 1


@mxnet_alone_imports
def test_after_mxnet_the_engine_stays() -> None:
    chosen = describe("import mxnet; import d2l_rnn")
    assert chosen["mxnet_imported_first"] is True
    assert chosen["engine"] == "ThreadedEnginePerDevice"


AFFINITY = """
import json, os, sys
before = sorted(os.sched_getaffinity(0))
import d2l_rnn, mxnet
a = mxnet.nd.ones((256, 256))
mxnet.nd.dot(a, a).wait_to_read()
tasks = map(int, os.listdir("/proc/self/task"))
print(json.dumps({
    "bound": d2l_rnn.runtime.describe()["threads_bound"],
    "main": sorted(os.sched_getaffinity(0)) == before,
    "inherited": "OMP_PROC_BIND" in os.environ,
    "single": sum(len(os.sched_getaffinity(task)) == 1 for task in tasks),
}))
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or runtime.available_cores() < 2,
    reason="binding needs Linux and two cores; CI has both",
)
def test_a_team_on_all_cores_has_one_each_and_the_main_thread_is_free() -> None:
    cores = runtime.available_cores()

    def affinity(**settings: str) -> Dict[str, Any]:
        environment = {k: v for k, v in os.environ.items() if "OMP_" not in k}
        environment.update(MXNET_ENGINE_TYPE="NaiveEngine", **settings)
        output = subprocess.run(
            [sys.executable, "-c", AFFINITY],
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        return json.loads(output)

    bound = affinity(OMP_NUM_THREADS=str(cores))
    assert bound["bound"] and bound["main"] and not bound["inherited"]
    assert bound["single"] == cores - 1
    # Fewer threads leave cores to others, who may be on any; the user's word wins.
    fewer = affinity(OMP_NUM_THREADS="1")
    assert not fewer["bound"] and fewer["single"] == 0
    told = affinity(OMP_NUM_THREADS=str(cores), OMP_PROC_BIND="false")
    assert not told["bound"] and told["single"] == 0


@pytest.mark.parametrize(
    "cores, running, ticks, idle",
    [
        (1, 3, 10, 1),
        (2, 1, 20, 2),  # this process alone: nothing is waited for
        (2, 2, 10, 1),  # another keeps one core busy
        (2, 2, 0, 2),  # a flicker
        (2, 4, 20, 1),
        (16, 5, 40, 12),
        (64, 300, 640, 1),
    ],
)
def test_threads_leave_other_processes_their_cores(
    cores: int, running: int, ticks: int, idle: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``ticks`` of work, of ten a core, go by while the machine is watched."""
    stat = iter([(0, 0), (ticks, 10 * cores - ticks)])

    def fake(path: str) -> io.StringIO:
        if path == "/proc/loadavg":
            return io.StringIO(f"9.00 5.0 5.0 {running}/900 1")
        work, rest = next(stat)
        return io.StringIO(f"cpu  {work} 0 0 {rest} 0 0 0 0 0 0\ncpu0 1 1 1\n")

    monkeypatch.setattr(runtime, "available_cores", lambda: cores)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr("builtins.open", fake)
    assert runtime.idle_cores() == idle


@pytest.mark.parametrize("content", ["", "nonsense", "1 1 1 2/9 1"])
def test_all_cores_count_where_the_system_does_not_tell(
    content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "available_cores", lambda: 4)
    monkeypatch.setattr("builtins.open", lambda path: io.StringIO(content))
    assert runtime.idle_cores() == 4


@pytest.mark.parametrize("cores", [1, 2, 4, 16, 64])
@pytest.mark.parametrize("jobs", [1, 2, 3, 5, 100])
def test_shares_do_not_fight(
    cores: int, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "available_cores", lambda: cores)
    share = runtime.thread_share(jobs)
    assert share >= 1
    assert share == 1 or share * jobs <= cores


CURVE = """
import d2l_rnn, random, mxnet
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.acceleration.epochs import next_token, parameters_of
from d2l_rnn.training.initialisation import initialize
from d2l_rnn.training.loop import train
from d2l_rnn.training.optimisers import Sgd
from d2l_rnn.data.sequences import SequenceLoader
from mxnet.gluon import rnn
d2l_rnn.compatibility.prepare_mxnet()
mxnet.random.seed(1)
net = RNNModel(rnn.LSTM(64, 2, bidirectional=True), 11)
initialize(net, mxnet.cpu())
loader = SequenceLoader([(i * i) % 11 for i in range(1000)], 8, 20)
parameters = parameters_of(net, loader)
objective = next_token(net, parameters, mxnet.cpu())
rows = train(objective, loader, Sgd(parameters, 1.0), 1, seed=1)
print([row.loss for row in rows], parameters.path)
"""


@pytest.mark.slow
def test_curves_do_not_depend_on_threads_or_engine() -> None:
    curves = set()
    for engine in ("NaiveEngine", "ThreadedEnginePerDevice"):
        for threads in ("1", "2"):
            settings = {"MXNET_ENGINE_TYPE": engine, "OMP_NUM_THREADS": threads}
            # Threads that wait asleep: on a busy machine the others never end.
            settings["OMP_WAIT_POLICY"] = "PASSIVE"
            output = subprocess.run(
                [sys.executable, "-c", CURVE],
                env={**os.environ, **settings},
                stdout=subprocess.PIPE,
                check=True,
            ).stdout.decode()
            curves.add(output)
    assert len(curves) == 1 and "[" in curves.pop()
