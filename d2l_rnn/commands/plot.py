"""Curves of several runs in one figure, told apart by settings of your choice."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence, Sized

from ..errors import RunError, UsageError, system_errors_as
from ..files import target_of
from ..results.book import load_book
from ..results.record import verified
from .parsing import Parser, add_runs, conclude, notify, read_named


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    parser = Parser(
        prog="d2l-rnn plot",
        description=f"{__doc__}\n\nA line is the mean of the runs that are alike in "
        "the settings named, its band reaches\nfrom the least of them to the largest.",
        epilog="  d2l-rnn plot runs --by lr --out lr.pdf\n"
        "  d2l-rnn plot runs/lstm --by num_hiddens,lr --book lstm --out lstm.svg\n"
        "exit status: 0 done; 2 bad usage; 4 no usable run",
    )
    add_runs(parser)
    parser.add_argument(
        "--by",
        default="",
        metavar="SETTING[,SETTING]",
        help="settings, as config.json names them (default: the experiment)",
    )
    parser.add_argument(
        "--book", default="", metavar="NAME", help="draw the builds of NAME behind"
    )
    parser.add_argument("--title", default="", help="(default: none)")
    parser.add_argument(
        "--linear", action="store_true", help="a linear axis (default: logarithmic)"
    )
    parser.add_argument(
        "--out",
        default="runs.png",
        metavar="FILE",
        help="ending in .png, .svg or .pdf (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    book = load_book()
    if options.book and options.book not in book:
        raise UsageError(
            f"--book {options.book}: the book has no number for it; it does for "
            f"{', '.join(book)}"
        )
    from ..results.plots_runs import FORMS, differing, grouped, runs_figure, save_as

    path = Path(options.out)
    if path.suffix.lower() not in FORMS:
        raise UsageError(
            f"--out {path}: accepted are names that end in {', '.join(FORMS)}"
        )
    refused = f"--out {path}"
    with system_errors_as(UsageError, refused, "a file in a folder that exists"):
        target_of(path)
    runs = []
    for run in map(verified, read_named(options.runs)):
        if run.damage:
            notify(f"left out: {run.damage}")
        elif not run.epochs:
            notify(f"left out: {run.directory}: it has no epochs")
        else:
            runs.append(run)
    if not runs:
        raise RunError("no run that can be drawn")
    names = [name.strip().replace("-", "_") for name in options.by.split(",")]
    groups = grouped(runs, [name for name in names if name])
    for name, alike in groups.items():
        apart = differing(alike)
        if apart:
            notify(f"note: runs of '{name}' differ in {', '.join(apart)} too")
    number = book[options.book] if options.book else None
    yscale = "linear" if options.linear else "log"
    figure = runs_figure(groups, number, options.title, yscale)
    with system_errors_as(UsageError, refused):
        save_as(figure, path)
    conclude(str(path), f"drawn: {_many(groups, 'line')} of {_many(runs, 'run')}")
    return 0


def _many(things: Sized, word: str) -> str:
    return f"{len(things)} {word}" + ("" if len(things) == 1 else "s")
