"""Launching and watching over: stand-ins in the place of trainings, and of ssh."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from d2l_rnn import signals
from d2l_rnn.cli import main
from d2l_rnn.commands import launch as command
from d2l_rnn.errors import UsageError
from d2l_rnn.jobs import hosts, members, supervising
from d2l_rnn.jobs.hosts import Host, dealt, our_address, read_hosts
from d2l_rnn.jobs.members import LOOPBACK, WORKER, Member, members_of
from d2l_rnn.jobs.parameter_server import library
from d2l_rnn.jobs.supervising import Ended, supervise

from .launched import is_running, listens_at, wait_for

# What stands in for a member: ends with its parent, and else does as it is told.
BEGIN = "import os, pathlib, signal, sys, time; from d2l_rnn import signals; "
BEGIN += "signals.end_with_parent(); "
NOTE = "pathlib.Path(f'pid-{os.getpid()}').touch(); "
WAIT = f"{BEGIN}{NOTE}time.sleep(60)"
DEAF = f"import os, pathlib, time; {NOTE}time.sleep(60)"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("_LOOK_EVERY", 0.02), ("_OWN_WORDS", 1.0)):
        monkeypatch.setattr(supervising, name, value)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    left = [int(path.name[4:]) for path in Path().glob("pid-*")]
    assert not any(map(is_running, left))


def member(role: str, number: int, program: str, host: str = "") -> Member:
    environment = {"DMLC_PS_ROOT_URI": LOOPBACK}
    return Member(role, number, host, ("-c", program), environment)


def watched(*programs: str) -> Ended:
    """What becomes of worker 0, a scheduler, servers, by their programs."""
    roles = [("worker", 0), ("scheduler", 0), ("server", 0), ("server", 1)]
    all_of_them = [member(*role, program) for role, program in zip(roles, programs)]
    return supervise(all_of_them, pytest.fail)


def all_wait() -> bool:
    return len(list(Path().glob("pid-*"))) == 3


# Waits until all three are there, or else nothing of them would be left anyway.
WHEN_ALL = (
    f"{BEGIN}{NOTE}\nwhile len(list(pathlib.Path().glob('pid-*'))) < 3: "
    "time.sleep(0.01)\n"
)


@pytest.mark.parametrize(
    "programs, status, reason",
    [
        ([f"{WHEN_ALL}sys.exit(0)", WAIT, WAIT], 0, ""),
        ([f"{WHEN_ALL}sys.exit(3)", WAIT, WAIT], 3, ""),
        # who has done its part may end
        ([f"{WHEN_ALL}time.sleep(1)", WAIT, f"{BEGIN}{NOTE}"], 0, ""),
        (
            [WAIT, f"{WHEN_ALL}os.kill(os.getpid(), 9)", WAIT],
            1,
            "scheduler was ended by signal 9 (SIGKILL)",
        ),
        (
            [f"{WHEN_ALL}os.kill(os.getpid(), 11)", WAIT, WAIT],
            1,
            "worker 0 was ended by signal 11 (SIGSEGV)",
        ),
        (
            [
                WAIT,
                WAIT,
                f"{WHEN_ALL}print('d2l-rnn: error: no data', file=sys.stderr)\n"
                "print('and more', file=sys.stderr)\nsys.exit(3)",
            ],
            3,
            "server 0 ended with status 3: 'd2l-rnn: error: no data'",
        ),
        # worker 0 says itself what was wrong, and is given the time
        ([f"{WHEN_ALL}time.sleep(0.3)\nsys.exit(2)", WAIT, "1/0"], 2, ""),
    ],
)
def test_they_end_together(programs: List[str], status: int, reason: str) -> None:
    if "1/0" in programs:
        programs[2] = f"{NOTE}1/0".replace(NOTE, f"import os, pathlib; {NOTE}")
    assert watched(*programs) == Ended(status, reason)


def test_who_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "_LAST_SECONDS", 0.2)
    assert watched(f"{WHEN_ALL}sys.exit(0)", DEAF, DEAF) == Ended(0)


SAVES = (
    "signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path('saved').touch(), "
    "os._exit(143)))\n"
)


@pytest.mark.usefixtures("hangup_is_not_ignored")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_worker_0s_to_answer(number: int) -> None:
    def send() -> None:
        wait_for(all_wait, 60)
        os.kill(os.getpid(), number)

    threading.Thread(target=send).start()
    first = f"{BEGIN}{SAVES}{NOTE}time.sleep(60)"
    assert watched(first, WAIT, WAIT) == Ended(143, "", number)
    assert Path("saved").exists()


def test_a_second_signal_ends_all_at_once() -> None:
    def send() -> None:
        wait_for(all_wait, 60)
        os.kill(os.getpid(), signal.SIGINT)
        wait_for(Path("heard").exists, 60)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=send).start()
    deaf = "signal.signal(signal.SIGTERM, lambda *_: pathlib.Path('heard').touch())\n"
    first = f"{BEGIN}{deaf}{NOTE}\nwhile True: time.sleep(1)"
    ended = watched(first, WAIT, WAIT)
    assert ended == Ended(1, "", signal.SIGINT, at_once=True)


@pytest.mark.parametrize("how, saves", [("save", True), ("end", False)])
def test_a_launcher_that_is_killed_leaves_nobody(how: str, saves: bool) -> None:
    """Its end of the pipe closes; who is stuck in a library ends all the same."""
    program = (
        "import pathlib, signal, time; from d2l_rnn import signals\n"
        "signals._GRACE = 0.2\n"
        "signal.signal(signal.SIGTERM, lambda *_: pathlib.Path('saved').touch())\n"
        f"import os; {NOTE}signals.end_with_parent()\n"
        "while True: time.sleep(1)"
    )
    environment = {**os.environ, signals.PARENT_ON_STDIN: how}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
        wait_for(lambda: bool(list(Path().glob("pid-*"))), 60)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 143
    assert Path("saved").exists() == saves


def test_a_parent_on_another_host_has_to_be_heard_from() -> None:
    program = "from d2l_rnn import signals; import time\n"
    program += "signals._GRACE = signals._SILENCE = 0.2\n"
    program += "signals.end_with_parent()\ntime.sleep(60)"
    environment = {**os.environ, signals.PARENT_ON_STDIN: "beats"}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
        assert process.wait(60) == 143  # nothing was closed


# -- the parameter server ----------------------------------------------------------


class Unpickled:
    """Leaves a file where it is unpickled."""

    def __reduce__(self) -> Any:
        return (os.mkdir, ("unpickled",))


FORGE = """
import ctypes, os, sys
mxnet, store = ctypes.CDLL(sys.argv[1]), ctypes.c_void_p()
assert not mxnet.MXKVStoreCreate(b"dist_sync", ctypes.byref(store))
open("joined", "w").close()
while not os.path.exists("looked"):
    pass
for head in (0, 0):
    sent = mxnet.MXKVStoreSendCommmandToServers(store, head, bytes.fromhex(sys.argv[2]))
    assert not sent
assert not mxnet.MXKVStoreFree(store)
os._exit(0)
"""
# MXNet's own server: what becomes of a process that imports it in that role
STOCK = "from d2l_rnn.compatibility import prepare_mxnet; prepare_mxnet()"


@pytest.mark.parametrize("ours", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_forged_command_is_refused_and_nothing_unpickled(ours: bool) -> None:
    """Where MXNet's own server listens, the same command makes a folder."""
    worker, scheduler, server = members_of(["run"], LOOPBACK, [""], [""])
    content = pickle.dumps(Unpickled(), 0).hex()
    worker = replace(worker, arguments=("-c", FORGE, library(), content))
    if not ours:
        stock = {**server.environment, "DMLC_ROLE": "server"}
        server = replace(server, arguments=("-c", STOCK), environment=stock)
    told: List[str] = []
    where: Dict[str, Any] = {}
    start = members.start

    def noted(one: Member, python: str) -> Any:
        where[one.role] = process = start(one, python)
        return process

    def look() -> None:
        wait_for(Path("joined").exists)
        for role, process in where.items():
            where[role] = listens_at(process.pid)
        Path("looked").touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervising, "start", noted)
        looking = threading.Thread(target=look)
        looking.start()
        ended = supervise([worker, scheduler, server], told.append)
        looking.join()
    # All of them listen, at 127.0.0.1 alone.
    assert where == dict.fromkeys(("worker", "scheduler", "server"), {"0100007F"})
    if ours:
        assert ended == Ended(0)
        assert not Path("unpickled").exists()
        heads = (0, 0)
        assert told == [f"server 0: a command ({n}) was refused" for n in heads]
    else:
        assert Path("unpickled").is_dir()


# -- hosts -------------------------------------------------------------------------


def test_hosts_are_read_line_by_line() -> None:
    text = "# two\n\nnode-1 slots=3   # the large one\n\t10.0.0.2\n"
    assert read_hosts(text, "f") == [Host("node-1", 3), Host("10.0.0.2")]
    found = read_hosts(text, "f")
    assert dealt(found, 4, 3) == (["node-1"] * 3, ["node-1", "10.0.0.2", "node-1"])
    with pytest.raises(UsageError, match="worker 0 runs here, and the hosts take 4"):
        dealt(found, 6, 1)


@pytest.mark.parametrize(
    "line, said",
    [
        ("-oProxyCommand=touch", "accepted is a host's name"),
        ("a;touch", "accepted is a host's name"),
        ("$(touch)", "accepted is a host's name"),
        ("user@host", "accepted is a host's name"),
        ("host slots=0", "slots=N"),
        ("host slots=2 more", "slots=N"),
        ("host 2", "slots=N"),
        ("::1", "IPv4"),
        ("h\x00", "accepted is a host's name"),
        ("ok\nok slots=2", "line 2: ok stands there twice"),
        ("# nobody", "no host in it"),
    ],
)
def test_a_line_that_is_no_host_is_refused(line: str, said: str) -> None:
    with pytest.raises(UsageError, match="--hosts hosts.txt: ") as caught:
        read_hosts(line, "hosts.txt")
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In ssh's place: the words behind "--" are a host, and a text for a shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ssh"
    program.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != -- ]; do shift; done\n'
        'echo "$2: $3" >> asked\n'
        '[ "$2" = gone ] && { echo "ssh: no route" >&2; exit 255; }\n'
        'address=127.0.0.1; [ "$2" = far ] && address=10.9.8.7\n'
        '[ "$2" = six ] && address=fe80::1\n'
        'export SSH_CONNECTION="$address 4000 $address 22"; exec sh -c "$3"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return tmp_path


@pytest.mark.usefixtures("ssh")
def test_our_address_is_what_the_hosts_see() -> None:
    assert our_address([Host("far")]) == "10.9.8.7"
    for name, said in (
        ("gone", "gone cannot be reached: 'ssh: no route'"),
        ("six", "six is not reached by IPv4"),
        ("near", "one host is this machine by its loopback"),
    ):
        with pytest.raises(UsageError, match=said):
            our_address([Host("far"), Host(name)])


@pytest.mark.usefixtures("ssh")
def test_a_process_on_a_host_has_its_words_and_no_shell_reads_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It runs in our folder, with our settings, and ends when worker 0 has."""
    monkeypatch.setenv("D2L_RNN_DATA", "/a b/$(touch no)")
    monkeypatch.setenv("OTHER", "ours")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    told = "print([os.environ.get(n) for n in ('D2L_RNN_DATA', 'DMLC_NODE_HOST')], "
    told += "sys.argv[1:], os.environ['OMP_NUM_THREADS'].isdigit(), "
    told += "file=open('told', 'w'), flush=True); "
    far = member("server", 0, f"{BEGIN}{NOTE}{told}time.sleep(60)", "near")
    far = replace(far, arguments=(*far.arguments, "a b", "$(touch no)", "'\""))
    first = member("worker", 0, f"{WHEN_ALL}".replace("< 3", "< 2") + "sys.exit(0)")
    assert supervise([first, far], pytest.fail) == Ended(0)
    assert Path("told").read_text() == (
        "['/a b/$(touch no)', '127.0.0.1'] ['a b', '$(touch no)', '\\'\"'] True\n"
    )
    assert not Path("no").exists()
    (asked,) = Path("asked").read_text().splitlines()
    assert asked.startswith("near: exec ") and "touch" not in asked


@pytest.mark.usefixtures("ssh")
def test_a_connection_that_drops_is_told() -> None:
    gone = member("worker", 1, "", "gone")
    ended = supervise([member("worker", 0, WAIT), gone], pytest.fail)
    assert ended.status == 1
    assert ended.reason == (
        "worker 1 on gone was killed, or its connection (ssh) has dropped: "
        "'ssh: no route'"
    )


def test_members_know_nothing_of_another_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the port of a web server is not theirs."""
    for name in ("DMLC_USE_KUBERNETES", "DMLC_INTERFACE", "PORT"):
        monkeypatch.setenv(name, "1")
    for one in members_of(["run"], LOOPBACK, ["", ""], [""]):
        environment = members._environment(one)
        assert not {"DMLC_USE_KUBERNETES", "DMLC_INTERFACE", "PORT"} & set(environment)
        assert environment["DMLC_NODE_HOST"] == LOOPBACK
        # mxnet is never imported where it would become a server
        assert environment.get("DMLC_ROLE") in ("worker", None)
        assert ("DMLC_ROLE" in environment) == (WORKER in environment)


# -- the command -------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, said",
    [
        ("run", "an experiment's name is missing"),
        ("run zebra", "zebra"),
        ("compare", "invalid choice: 'compare'"),
        ("", "the following arguments are required"),
        ("--workers 0 run lstm", "--workers 0: accepted is 1 to 256"),
        ("--servers 999 run lstm", "--servers 999: accepted is 1 to 256"),
        ("--workers two run lstm", "'two' is not a whole number"),
        ("run lstm --epochs none", "'none' is not a whole number"),
        ("--workers 3 run lstm --batch-size 2", "3 workers need at least a row each"),
        ("--python /p run lstm", "--python without --hosts"),
        ("--hosts missing run lstm", "--hosts missing: No such file"),
        ("--hosts bad run lstm", "--hosts bad: line 1: '-o x'"),
        ("--hosts few --workers 3 run lstm", "the hosts take 1 more"),
    ],
)
def test_what_cannot_be_is_one_line(
    words: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "supervise", pytest.fail)  # nothing is started
    Path("bad").write_text("-o x\n")
    Path("few").write_text("host\n")
    assert main(["launch", *words.split()]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("d2l-rnn: error: ") and said in line


@pytest.mark.parametrize(
    "ended, status, said",
    [
        (Ended(0), 0, ""),
        (Ended(3), 3, ""),
        (Ended(143, "", signal.SIGINT), 130, ""),
        (Ended(143, "", signal.SIGHUP), 129, ""),
        (
            Ended(1, "", signal.SIGINT, at_once=True),
            130,
            "d2l-rnn: interrupted at once; nothing is saved yet in out: the same "
            "command with --resume goes on\n",
        ),
        (
            Ended(1, "server 0 was ended by signal 9 (SIGKILL)"),
            1,
            "d2l-rnn: error: launch: server 0 was ended by signal 9 (SIGKILL); all "
            "processes are ended; nothing is saved yet in out: the same command with "
            "--resume goes on\n",
        ),
        (Ended(4, "worker 1 ended with status 4"), 4, None),
    ],
)
def test_how_it_ended_is_one_line_and_a_status(
    ended: Ended,
    status: int,
    said: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "supervise", lambda *_: ended)
    assert main(["launch", "run", "lstm", "--corpus", "sample", "--out", "out"]) == (
        status
    )
    err = capsys.readouterr().err
    assert said is None or err == said
    assert len(err.splitlines()) <= 1


def test_ssh_is_asked_nothing_that_the_user_has_not_set() -> None:
    """No key is accepted unseen, and what is a host cannot be an option."""
    words = members._by_ssh(member("server", 0, "", "node"), "")
    assert words[-3:-1] == ["--", "node"] and words[0] == "ssh"
    assert not any("StrictHostKeyChecking" in word for word in hosts.SSH)
