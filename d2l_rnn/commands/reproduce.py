"""Run experiments over seeds, several at a time, and hold them against the book."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Tuple

from .. import signals
from ..errors import RunError, UsageError
from ..experiments.configs import Config
from ..experiments.directories import sole_use
from ..experiments.initial_weights import settled
from ..experiments.table import EXPERIMENTS, find, published_settings
from ..jobs.local import Job, Outcome, StopLevel, run_locally
from ..jobs.remaining import Remaining, expected, longest_first
from ..results.book import load_book
from ..results.record import CONFIG, RUNS, read_run, read_runs, verified
from ..results.verdict.compare import compare, exit_status
from ..results.verdict.rendering import render_text
from ..runtime import available_cores, thread_share
from ..streams import shows_colours
from .parsing import Parser, notify, number
from .quick import QUICK_RUNS, quick_settings
from .reproduce_progress import Progress, failure
from .run import configured
from .shared_settings import shared_out

# What each run is told by us, and what would hide its outcome from us.
_OURS = ("--seed", "--out", "--resume", "--quiet", "--json", "--help", "-h")


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    ours, settings = _split(arguments)
    options = _parser().parse_args(ours)
    for flag, value in (("--seeds", options.seeds), ("--jobs", options.jobs)):
        if value is not None and value < 1:
            raise UsageError(f"{flag} {value}: accepted is at least 1")
    if options.scheduler and options.backend != "dask":
        raise UsageError("--scheduler contradicts --backend local")
    out = QUICK_RUNS if options.quick and options.out == RUNS else options.out
    if options.quick and not options.quiet:
        notify(
            f"quick: the embedded sample, few epochs, into {out}/; no number of these "
            "runs can be compared with the book's"
        )
    jobs = plan(_names(options.names), options.seeds, settings, out, options.quick)
    seconds = {job: expected(job) for job in jobs}
    jobs = longest_first(jobs, seconds)
    if options.list:
        for number_of_job, job in enumerate(jobs, start=1):
            print(number_of_job, job.name, job.seed, _state(job), job.directory)
        return 0
    if options.only is not None:
        if not 1 <= options.only <= len(jobs):
            raise UsageError(
                f"--only {options.only}: accepted is 1 to {len(jobs)}, see --list"
            )
        jobs = [jobs[options.only - 1]]
    cores = available_cores()
    if options.jobs is None:
        options.jobs = min(cores, len(jobs))
        if options.jobs > 1 and not options.quiet and not options.scheduler:
            notify(f"{options.jobs} runs at a time (--jobs 1: one after the other)")
    if not options.scheduler and options.jobs > cores:
        notify(f"warning: {options.jobs} jobs on {cores} cores take turns")
    outcomes: List[Outcome] = []
    with signals.noted() as numbers:
        progress = Progress(jobs, options.quiet, Remaining(seconds, options.jobs))
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
    return _conclude(jobs, outcomes, judged=options.only is None)


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
    names = parser.add_argument(
        "names", nargs="*", metavar="NAME", help="experiments (default: all)"
    )
    setattr(names, "completer", lambda **asked: ["all", *EXPERIMENTS])
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
        metavar="J",
        help="runs at a time; the cores are shared out (default: one a core: two runs "
        "on a core each are through before two that take turns on both)",
    )
    parser.add_argument(
        "--out",
        default=RUNS,
        metavar="DIR",
        help=f"where the run directories go (default: %(default)s; with --quick "
        f"{QUICK_RUNS})",
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
        "J workers here); they need this version of d2l_rnn, and no disk of ours",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="on the embedded sample with a 25th of the epochs: all of it in a class "
        "hour, to see what is there",
    )
    parser.add_argument(
        "--list",
        action="store_true",
        help="run nothing: number, experiment, seed, state (new, begun, finished, "
        "damaged) and directory of each run, as a line each",
    )
    parser.add_argument(
        "--only",
        type=number(int),
        metavar="K",
        help="the K-th run of --list alone, without a verdict: for job arrays "
        "(scripts/slurm_sweep.sh)",
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
    names: Sequence[str],
    seeds: int,
    settings: Sequence[str],
    out: str,
    quick: bool = False,
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
    if quick:  # what is asked for stands behind, and so wins
        given = {n: quick_settings(find(n).config) + given[n] for n in names}
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

    return run_on_dask(
        jobs, options.jobs, stop_level, threads, options.scheduler, sole_use=sole_use
    )


def _state(job: Job) -> str:
    """How far the run is: a word."""
    try:
        record = verified(read_run(job.directory))
    except RunError:
        return "damaged" if os.path.exists(Path(job.directory, CONFIG)) else "new"
    if record.damage:
        return "damaged"
    finished = record.result is not None and len(record.epochs) >= job.num_epochs
    return "finished" if finished else "begun"


def _conclude(jobs: Sequence[Job], outcomes: Sequence[Outcome], judged: bool) -> int:
    """Print the verdicts on the finished runs, and what failed; the exit status."""
    finished = [outcome.job for outcome in outcomes if outcome.status == 0]
    failed = [outcome for outcome in outcomes if outcome.status not in (0, None)]
    status = 0
    if finished and judged:
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
