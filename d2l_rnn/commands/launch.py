"""Share one training among several processes, here or on several hosts.

Each worker takes its rows of every minibatch; MXNet's parameter server sums what they
send. The curve is that of 'd2l-rnn run NAME ...' in one process.
"""

from __future__ import annotations

import argparse
import signal
import time
from pathlib import Path
from typing import Any, NoReturn, Sequence

from .. import signals
from ..data.reading import decode
from ..errors import (
    D2lRnnError,
    DataError,
    RunError,
    UsageError,
    system_errors_as,
)
from ..experiments.configs import Config
from ..experiments.contract import tell_nobody
from ..experiments.directories import run_directory
from ..experiments.initial_weights import settled
from ..experiments.resume import EPOCH, load_checkpoint
from ..experiments.table import Experiment
from ..files import read_regular
from ..jobs.hosts import dealt, our_address, read_hosts
from ..jobs.members import LOOPBACK, Member, members_of
from ..jobs.supervising import supervise
from ..results.record import CHECKPOINT
from .parsing import Parser, notify, number
from .run import configured

_MOST = 256  # processes of a role
_LARGEST_HOSTS = 1 << 20  # bytes


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    options = _parser().parse_args(arguments)
    for flag, value in (("--workers", options.workers), ("--servers", options.servers)):
        if not 1 <= value <= _MOST:
            raise UsageError(f"{flag} {value}: accepted is 1 to {_MOST}")
    if options.python and not options.hosts:
        raise UsageError("--python without --hosts: it is the interpreter on the hosts")
    if not options.run:
        raise UsageError("launch: an experiment's name is missing (see 'd2l-rnn list')")
    name, *settings = options.run
    experiment, config, asked = configured(name, settings, f"d2l-rnn launch run {name}")
    _check_rows(config, options.workers)
    members = _members(options)
    began = time.time()
    ended = supervise(members, lambda line: notify(f"warning: {line}"), options.python)
    if ended.at_once:
        left = _what_is_left(experiment, config, asked, began)
        raise signals.Interrupted(ended.signal_number, f"interrupted at once; {left}")
    if ended.signal_number and ended.status == 128 + signal.SIGTERM:
        return 128 + ended.signal_number  # worker 0 has told what is saved
    if ended.reason:
        left = _what_is_left(experiment, config, asked, began)
        _fail(ended.status, ended.reason, left)
    return ended.status


def _parser() -> Parser:
    parser = Parser(
        prog="d2l-rnn launch",
        usage="d2l-rnn launch [flags] run NAME [flags of the run]",
        description=__doc__,
        epilog="  d2l-rnn launch --workers 2 run lstm --epochs 50\n"
        "  d2l-rnn launch --workers 3 --hosts hosts.txt run lstm --resume\n"
        "A line of the hosts' file is a host as ssh knows it (user, port and key stand "
        "in your\n~/.ssh/config) and, if it takes more than one worker, slots=N. "
        "Worker 0, which writes\nthe record, and the scheduler run here.\n"
        "When one process dies, all are ended within 30 seconds; --resume goes on, on "
        "any number.\n"
        "exit status: that of 'd2l-rnn run'; 1 a process died",
    )
    parser.add_argument(
        "--workers",
        type=number(int),
        default=2,
        metavar="N",
        help="processes that train (default: %(default)s)",
    )
    parser.add_argument(
        "--servers",
        type=number(int),
        default=1,
        metavar="M",
        help="processes that sum (default: %(default)s)",
    )
    parser.add_argument(
        "--hosts",
        default="",
        metavar="FILE",
        help="one host a line; without it all processes run here and listen on the "
        "loopback alone",
    )
    parser.add_argument(
        "--python",
        default="",
        metavar="PATH",
        help="the Python with d2l_rnn on the hosts (default: the path of this one)",
    )
    parser.add_argument("command", choices=["run"], help=argparse.SUPPRESS)
    parser.add_argument("run", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _check_rows(config: Config, workers: int) -> None:
    """A row of each minibatch for every worker."""
    num_rows = getattr(config, "batch_size", workers)
    if num_rows < workers:
        raise UsageError(
            f"--batch-size {num_rows}: {workers} workers need at least a row each"
        )


def _members(options: Any) -> Sequence[Member]:
    address, others, servers = LOOPBACK, [""] * (options.workers - 1), [""]
    servers = servers * options.servers
    if options.hosts:
        path = options.hosts
        with system_errors_as(UsageError, f"--hosts {path}", "a file, one host a line"):
            content = read_regular(path, _LARGEST_HOSTS)
        hosts = read_hosts(decode(content, f"--hosts {path}", path), path)
        others, servers = dealt(hosts, options.workers, options.servers)
        address = our_address(hosts)
    return members_of(["run", *options.run], address, ["", *others], servers)


def _what_is_left(
    experiment: Experiment, config: Config, asked: Any, began: float
) -> str:
    """What the run directory has to go on from, in words."""
    saved = "nothing is saved yet"
    try:
        config = settled(experiment, config, tell_nobody)
        whose = getattr(config, "initial_weights", "seed")
        directory = run_directory(experiment.name, config.seed, asked["out"], whose)
        path = Path(directory) / CHECKPOINT
        if path.exists() and (asked["resume"] or path.stat().st_mtime >= began):
            epoch = load_checkpoint(path)[1].get(EPOCH, 0)
            saved = f"the state after epoch {epoch} is saved"
    except (D2lRnnError, OSError):
        return saved
    return f"{saved} in {directory}: the same command with --resume goes on"


def _fail(status: int, reason: str, left: str) -> NoReturn:
    """Raise the error with the status that says what was wrong."""
    message = f"launch: {reason}; all processes are ended; {left}"
    if status == UsageError.exit_status:
        raise UsageError(message)
    if status == DataError.exit_status:
        raise DataError(message)
    if status == RunError.exit_status:
        raise RunError(message)
    raise D2lRnnError(message)
