"""Run experiments over seeds, several at a time, and hold them against the book."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import shorten
from typing import Any, Iterator, List, Optional, Sequence, Set, Tuple

from .. import signals
from ..errors import UsageError
from ..experiments.configs import Config
from ..experiments.initial_weights import settled
from ..experiments.table import EXPERIMENTS, find, published_settings
from ..jobs.local import Job, Outcome, StopLevel, run_locally
from ..results.book import load_book
from ..results.record import RUNS, read_runs
from ..results.verdict.compare import compare, exit_status
from ..results.verdict.rendering import render_text
from ..runtime import available_cores, thread_share
from ..streams import on_a_terminal, shows_colours, tell
from .parsing import Parser, notify, number
from .run import configured
from .shared_settings import shared_out

_LONGEST_REASON = 300  # characters of what a failed run said
# What each run is told by us, and what would hide its outcome from us.
_OURS = ("--seed", "--out", "--resume", "--quiet", "--json", "--help", "-h")


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    ours, settings = _split(arguments)
    options = _parser().parse_args(ours)
    for flag, value in (("--seeds", options.seeds), ("--jobs", options.jobs)):
        if value < 1:
            raise UsageError(f"{flag} {value}: accepted is at least 1")
    if options.scheduler and options.backend != "dask":
        raise UsageError("--scheduler contradicts --backend local")
    jobs = plan(_names(options.names), options.seeds, settings, options.out)
    cores = available_cores()
    if not options.scheduler and options.jobs > cores:
        notify(f"warning: {options.jobs} jobs on {cores} cores take turns")
    outcomes: List[Outcome] = []
    with signals.noted() as numbers:
        progress = _Progress(jobs, options.quiet)
        try:
            for outcome in _start(jobs, options, lambda: min(len(numbers), 2)):
                if outcome is not None:
                    outcomes.append(outcome)
                progress.show(outcome, stopping=bool(numbers))
        finally:
            progress.close()
    if numbers:
        finished = sum(outcome.status == 0 for outcome in outcomes)
        raise signals.Interrupted(
            numbers[0],
            f"interrupted: {finished} of {len(jobs)} runs have finished; the same "
            "command goes on",
        )
    return _conclude(jobs, outcomes)


def _parser() -> Parser:
    parser = Parser(
        prog="d2l-rnn reproduce",
        usage="d2l-rnn reproduce [NAME ...] [flags] [-- settings of the runs]",
        description=__doc__,
        epilog="The same command goes on where an earlier one stopped: runs that have "
        "finished are kept.\n"
        "  d2l-rnn reproduce rnn gru lstm --seeds 5 --jobs 2\n"
        "  d2l-rnn reproduce all -- --corpus sample\n"
        "Where the book's builds have the experiment, the runs begin with the builds' "
        "weights\n(--initial-weights auto); with weights of their own:\n"
        "  d2l-rnn reproduce rnn --seeds 5 -- --initial-weights seed\n"
        "exit status: 0 done; 1 a run failed, or differs from the book; 2 bad usage; "
        "129, 130 or\n143 interrupted, states saved",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="experiments (default: all)"
    )
    parser.add_argument(
        "--seeds",
        type=number(int),
        default=1,
        metavar="N",
        help="run each with the seeds 1 to N (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=number(int),
        default=1,
        metavar="J",
        help="runs at a time; the cores are shared out (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        default=RUNS,
        metavar="DIR",
        help="where the run directories go (default: %(default)s)",
    )
    parser.add_argument(
        "--backend",
        choices=("local", "dask"),
        default="local",
        help="here, or on a dask cluster (default: %(default)s)",
    )
    parser.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="of the dask cluster, such as tcp://10.0.0.1:8786 (default: a cluster of "
        "J workers here)",
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    return parser


def _split(arguments: Sequence[str]) -> Tuple[List[str], List[str]]:
    """What is before and after ``--``."""
    ours = list(arguments)
    if "--" not in ours:
        return ours, []
    place = ours.index("--")
    return ours[:place], ours[place + 1 :]


def _names(names: Sequence[str]) -> List[str]:
    if not names or "all" in names:
        return list(EXPERIMENTS)
    return list(dict.fromkeys(names))


def plan(
    names: Sequence[str], seeds: int, settings: Sequence[str], out: str
) -> List[Job]:
    """The jobs: every experiment with seed 1 first, then with seed 2, ...

    Raises
    ------
    UsageError
        If an experiment is unknown, a setting one of none of them, or a value refused.
    """
    for setting in settings:
        if setting.split("=")[0] in _OURS:
            raise UsageError(
                f"{setting} after --: 'd2l-rnn reproduce' sees to it itself"
            )
    given = shared_out(names, settings, notify)
    planned = []
    for name in names:
        asked = [*_initial_weights(find(name).config, "auto"), *given[name]]
        experiment, config, _ = configured(name, asked, f"d2l-rnn run {name}")
        planned.append((name, experiment, config))
    planned = [
        (name, row, settled(row, config, notify)) for name, row, config in planned
    ]
    jobs = []
    for seed in range(1, seeds + 1):
        for name, row, config in planned:
            whose = getattr(config, "initial_weights", "seed")
            directory = str(Path(out) / row.name / f"{whose}-{seed}")
            where = [] if out == RUNS else ["--out", directory]
            weights = _initial_weights(config, whose)
            run = ["run", name, "--seed", str(seed), *given[name], *weights, *where]
            # --json: a finished run is shown again without loading MXNet
            command = ("-m", "d2l_rnn", *run, "--resume", "--quiet", "--json")
            num_epochs = getattr(config, "num_epochs", 0)
            jobs.append(Job(name, seed, directory, command, num_epochs))
    return jobs


def _initial_weights(config: Config, whose: str) -> List[str]:
    """The flag that says so, to the experiments that have it."""
    return ["--initial-weights", whose] if hasattr(config, "initial_weights") else []


def _start(
    jobs: Sequence[Job], options: Any, stop_level: StopLevel
) -> Iterator[Optional[Outcome]]:
    chosen = "OMP_NUM_THREADS" in os.environ or options.scheduler
    threads = None if chosen else thread_share(options.jobs)
    if options.backend == "local":
        return run_locally(jobs, options.jobs, stop_level, threads)
    from ..jobs.dask import run_on_dask

    return run_on_dask(jobs, options.jobs, stop_level, threads, options.scheduler)


class _Progress:
    """All runs in one bar on a terminal; else a line a run that has ended."""

    def __init__(self, jobs: Sequence[Job], quiet: bool) -> None:
        self._jobs, self._quiet = jobs, quiet
        self._ended: Set[Job] = set()
        self._warnings: Set[str] = set()
        self._stopping = False
        self._bar: Any = None
        if not quiet and on_a_terminal():
            from tqdm import tqdm

            total = sum(_weight(job) for job in jobs)
            self._bar = tqdm(total=total, unit="epoch", dynamic_ncols=True)

    def show(self, outcome: Optional[Outcome], stopping: bool = False) -> None:
        """Take in what has ended, if anything has, and show how far all are."""
        if stopping and not self._stopping:
            self._stopping = True
            self._print(
                "d2l-rnn: stopping when every run has saved its state; again to end at "
                "once"
            )
        if outcome is not None:
            self._ended.add(outcome.job)
            self._tell(outcome)
        if self._bar is not None:
            self._bar.n = sum(
                _weight(job) if job in self._ended else job.epochs_done()
                for job in self._jobs
            )
            self._bar.set_postfix_str(f"{len(self._ended)} of {len(self._jobs)} runs")

    def _tell(self, outcome: Outcome) -> None:
        for line in _said(outcome):
            if "warning: " in line and line not in self._warnings:
                self._warnings.add(line)  # once, though every run says it
                self._print(line)
        if outcome.status is None or self._quiet:
            return
        if outcome.status != 0:
            self._print(f"d2l-rnn: {failure(outcome, self._stopping)}")
        elif self._bar is None:
            self._print(
                f"d2l-rnn: {len(self._ended)} of {len(self._jobs)}: {outcome.job}: "
                f"finished ({outcome.seconds:.0f} s)"
            )

    def _print(self, line: str) -> None:
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            tell(line, by="")

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


def _weight(job: Job) -> int:
    return max(job.num_epochs, 1)


def _said(outcome: Outcome) -> List[str]:
    """What a run said, without its result, which is a line of JSON."""
    lines = outcome.output.splitlines()
    return [line for line in lines if line.strip() and not line.startswith("{")]


def failure(outcome: Outcome, stopping: bool = False) -> str:
    """One line on a run that did not finish.

    Parameters
    ----------
    outcome : Outcome
    stopping : bool
        Whether we have asked the runs to stop.
    """
    if outcome.status in signals.EXIT_STATUSES:
        return f"{outcome.job}: interrupted, its state saved"
    how = f"exit status {outcome.status}"
    if outcome.status is not None and outcome.status < 0:
        how = f"signal {-outcome.status}"
        if stopping:
            return f"{outcome.job}: ended at once by {how}"
    lines = _said(outcome)
    told = [line for line in lines if "error: " in line] or lines
    reason = told[-1].split("error: ", 1)[-1] if told else "it said nothing"
    reason = shorten(reason, _LONGEST_REASON, placeholder=" ...")
    log = Path(outcome.job.directory + ".log")
    where = f" (all it said: {log})" if os.path.exists(log) else ""
    return f"{outcome.job}: failed, {how}: {reason}{where}"


def _conclude(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> int:
    """Print the verdicts on the finished runs, and what failed; the exit status."""
    finished = [outcome.job for outcome in outcomes if outcome.status == 0]
    failed = [outcome for outcome in outcomes if outcome.status not in (0, None)]
    status = 0
    if finished:
        records = read_runs([job.directory for job in finished])
        verdicts = compare(records, load_book(), published_settings())
        print(render_text(verdicts, coloured=shows_colours()), flush=True)
        status = exit_status(verdicts)
    if failed:
        notify(f"{len(failed)} of {len(jobs)} runs did not finish:")
        for outcome in failed:
            notify(failure(outcome))
        return 1
    return status
