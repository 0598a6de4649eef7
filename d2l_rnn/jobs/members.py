"""The processes of a launched training, and how each is started: here or by ssh.

The wheel's own launcher (``dmlc_tracker``) is not used: it joins its commands to a text
that a shell runs, ``ssh -o StrictHostKeyChecking=no`` among them, looks for a port on
all interfaces, and watches over no process.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple

from .. import signals
from ..runtime import thread_share
from .hosts import SSH

#: Set for a worker: its number, and of how many.
WORKER = "D2L_RNN_WORKER"
LOOPBACK = "127.0.0.1"
# ``python -m d2l_rnn`` that ends when it has ended: MXNet's own end waits for processes
# that may be gone.
_RUN = (
    "import os, sys; from d2l_rnn.cli import main; sys.argv[0] = 'd2l-rnn'; "
    "status = main(); sys.stdout.flush(); sys.stderr.flush(); os._exit(status)"
)
# Of our environment, what a process on another host gets too.
_SENT = ("D2L_RNN_", "MXNET_", "OMP_")
_PYTHONPATH = "PYTHONPATH"


@dataclass(frozen=True)
class Member:
    """A process of a launched training.

    Attributes
    ----------
    role : str
        "scheduler", "server" or "worker".
    number : int
        Among those of its role.
    host : str
        Empty for this machine.
    arguments : tuple of str
        What follows the Python interpreter.
    environment : dict
        Its own, beside what all have.
    side_by_side : int
        How many of its kind share its machine's cores.
    """

    role: str
    number: int
    host: str
    arguments: Tuple[str, ...]
    environment: Dict[str, str] = field(default_factory=dict)
    side_by_side: int = 1

    def __str__(self) -> str:
        name = self.role if self.role == "scheduler" else f"{self.role} {self.number}"
        return f"{name} on {self.host}" if self.host else name


def members_of(
    run: Sequence[str],
    address: str,
    workers: Sequence[str],
    servers: Sequence[str],
) -> List[Member]:
    """The processes of a training, worker 0 first.

    Parameters
    ----------
    run : sequence of str
        ``run NAME ...``.
    address : str
        This machine's, where the scheduler listens.
    workers, servers : sequence of str
        Their hosts, empty for this machine; worker 0's is this one.
    """
    common = {
        "DMLC_PS_ROOT_URI": address,
        "DMLC_PS_ROOT_PORT": str(_free_port(address)),
        "DMLC_NUM_WORKER": str(len(workers)),
        "DMLC_NUM_SERVER": str(len(servers)),
    }
    found = []
    for number, host in enumerate(workers):
        whose = {"DMLC_ROLE": "worker", WORKER: f"{number}/{len(workers)}"}
        arguments = ("-c", _RUN, *run)
        beside = workers.count(host)
        found.append(
            Member("worker", number, host, arguments, {**common, **whose}, beside)
        )
    module = ("-m", "d2l_rnn.jobs.parameter_server")
    of_one = {**common, "OMP_NUM_THREADS": "1"}
    found.append(Member("scheduler", 0, "", (*module, "scheduler"), of_one))
    for number, host in enumerate(servers):
        found.append(Member("server", number, host, (*module, "server"), of_one))
    return found


def worker_of_environment() -> Optional[Tuple[int, int]]:
    """The number of this process among the workers of a training, and how many."""
    rank, _, count = os.environ.get(WORKER, "").partition("/")
    return (int(rank), int(count)) if count else None


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def start(member: Member, python: str = "") -> subprocess.Popen[bytes]:
    """Start a member, in a session of its own: Ctrl-C reaches us alone.

    Its standard input is ours to close. Worker 0 shows what it does where we would; of
    the others what they say on standard error is for us to read.
    """
    first = member.role == "worker" and member.number == 0
    command, environment = [sys.executable, *member.arguments], _environment(member)
    if member.host:
        command, environment = _by_ssh(member, python), dict(os.environ)
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=None if first else subprocess.DEVNULL,
        stderr=None if first else subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )


def first_line(member: Member) -> bytes:
    """What a member on another host is told before anything else; empty for others."""
    if not member.host:
        return b""
    sent = {k: v for k, v in os.environ.items() if k.startswith(_SENT)}
    asked = {
        "arguments": member.arguments,
        "environment": {**sent, **member.environment, **_ends(member)},
        "folder": os.getcwd(),
        "side_by_side": member.side_by_side,
    }
    return json.dumps(asked).encode() + b"\n"


def _environment(member: Member) -> Dict[str, str]:
    """Of a member here: ours without what others have told MXNet about servers."""
    ours = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith("DMLC_") and k != "PORT"  # MXNet would listen there
    }
    share = str(thread_share(member.side_by_side))
    if member.side_by_side > 1:
        ours.setdefault("OMP_NUM_THREADS", share)
    # It listens at its own address alone; DMLC_INTERFACE is asked only without it.
    listens = {"DMLC_NODE_HOST": member.environment["DMLC_PS_ROOT_URI"]}
    return {**ours, **listens, **member.environment, **_ends(member)}


def _ends(member: Member) -> Dict[str, str]:
    """How it ends when we are gone: worker 0 saves what it has reached."""
    how = "beats" if member.host else "end"
    if member.role == "worker" and member.number == 0:
        how = "save"
    return {signals.PARENT_ON_STDIN: how}


def _by_ssh(member: Member, python: str) -> List[str]:
    words = [python or sys.executable, "-m", "d2l_rnn.jobs.remote"]
    if _PYTHONPATH in os.environ:
        words = ["env", f"{_PYTHONPATH}={os.environ[_PYTHONPATH]}", *words]
    return [*SSH, "--", member.host, "exec " + " ".join(map(shlex.quote, words))]
