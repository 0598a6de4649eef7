"""The hosts of a launched training: a file with one a line, and how each is reached."""

from __future__ import annotations

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import List, Sequence, Tuple

from ..errors import UsageError

#: Which user, port, key and jump host is for ``~/.ssh/config`` to say. Nobody is asked,
#: and the connection is nobody else's, so that it is noticed when it drops.
SSH = (
    *("ssh", "-T", "-o", "BatchMode=yes", "-o", "ControlPath=none"),
    *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2"),
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}", re.ASCII)
_SLOTS = re.compile(r"slots=([1-9]\d{0,3})", re.ASCII)
_ACCEPTED = "a host's name or IPv4 address, and slots=N (workers that it takes)"
_PATIENCE = 30.0  # seconds in which a host has to answer


@dataclass(frozen=True)
class Host:
    """A line of the file.

    Attributes
    ----------
    name : str
        As ssh is asked for it.
    slots : int
        How many workers it takes.
    """

    name: str
    slots: int = 1


def read_hosts(text: str, where: str) -> List[Host]:
    """Hosts out of the lines of a file; ``#`` begins a remark.

    Parameters
    ----------
    text : str
    where : str
        The file, for the message.

    Raises
    ------
    UsageError
        Naming the line, if one is not what is accepted or names a host again; or if
        there is none.
    """
    hosts: List[Host] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        name, *rest = words
        slots = _SLOTS.fullmatch(rest[0]) if rest else None
        if not _NAME.fullmatch(name) or len(rest) > 1 or (rest and not slots):
            raise UsageError(
                f"--hosts {where}: line {number}: {line.strip()!a:.80}: accepted is "
                f"{_ACCEPTED}"
            )
        if name in [host.name for host in hosts]:
            raise UsageError(
                f"--hosts {where}: line {number}: {name} stands there twice"
            )
        hosts.append(Host(name, int(slots.group(1)) if slots else 1))
    if not hosts:
        raise UsageError(f"--hosts {where}: no host in it; accepted is {_ACCEPTED}")
    return hosts


def our_address(hosts: Sequence[Host]) -> str:
    """The address at which the hosts see this machine; asks each of them by ssh.

    Raises
    ------
    UsageError
        Naming a host that cannot be reached so, or not by IPv4; or if some of them are
        this machine by its loopback, which others do not reach.
    """
    if shutil.which("ssh") is None:
        raise UsageError("--hosts: there is no ssh on this machine")
    with ThreadPoolExecutor(len(hosts)) as pool:
        seen = list(pool.map(_seen_by, hosts))
    loopback = {address.is_loopback for address in seen}
    if len(loopback) > 1:
        raise UsageError(
            "--hosts: one host is this machine by its loopback, which the others do "
            "not reach: name it by its address"
        )
    return str(seen[0])


def _seen_by(host: Host) -> IPv4Address:
    """Our address, out of what sshd says of a connection."""
    command = [*SSH, "--", host.name, 'echo "$SSH_CONNECTION"']
    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            # Ctrl-C is for us to hear: ssh would say so too
            start_new_session=True,
        )
        status, said = answer.returncode, answer.stderr.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        status, said = 255, f"no answer within {_PATIENCE:.0f} s"
    if status:
        last = (said.strip().splitlines() or [f"ssh ended with {status}"])[-1]
        raise UsageError(f"--hosts: {host.name} cannot be reached: {last!a:.200}")
    words = answer.stdout.decode("utf-8", "replace").split()[-4:]
    try:
        return IPv4Address(words[0])
    except (IndexError, ValueError):
        raise UsageError(
            f"--hosts: {host.name} is not reached by IPv4, which the parameter server "
            "needs: AddressFamily inet in your ssh configuration"
        ) from None


def dealt(
    hosts: Sequence[Host], workers: int, servers: int
) -> Tuple[List[str], List[str]]:
    """Where the workers but the first and the servers go: the hosts' names, in order.

    Raises
    ------
    UsageError
        If the hosts do not take as many workers.
    """
    slots = [host.name for host in hosts for _ in range(host.slots)]
    if workers - 1 > len(slots):
        raise UsageError(
            f"--workers {workers}: worker 0 runs here, and the hosts take "
            f"{len(slots)} more (slots=N in their file)"
        )
    names = [host.name for host in hosts]
    return slots[: workers - 1], [names[k % len(names)] for k in range(servers)]
