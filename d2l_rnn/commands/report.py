"""All runs on one HTML page that needs nothing else, beside the book's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from ..errors import UsageError, system_errors_as
from ..experiments.table import EXPERIMENTS, published_settings
from ..files import target_of
from ..results.book import load_book
from ..results.report import write_report
from ..results.told import Told
from ..results.what_it_shows import LANGUAGES
from .parsing import Parser, add_runs, conclude, read_named


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    parser = Parser(
        prog="d2l-rnn report",
        description=__doc__,
        epilog="exit status: 0 done; 2 bad usage; 4 no usable run",
    )
    add_runs(parser)
    parser.add_argument(
        "--out", default="report.html", metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument(
        "--title", metavar="TEXT", help="of the page (default: what it is, in words)"
    )
    parser.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=LANGUAGES[0],
        help="of its words: English or Chinese; what runs have recorded is shown as it "
        "is (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    title = options.title
    if title is not None and not title.strip():
        raise UsageError("--title is empty; leave it out for the page's own")
    path = Path(options.out)
    refused = f"--out {path}"
    with system_errors_as(UsageError, refused, "a file in a folder that exists"):
        target_of(path)
    records = read_named(options.runs)
    with system_errors_as(UsageError, refused):
        write_report(
            path,
            records,
            load_book(),
            published_settings(),
            {row.name: Told(row.section, row.summary) for row in EXPERIMENTS.values()},
            options.lang,
            title or "",
        )
    runs = "1 run" if len(records) == 1 else f"{len(records)} runs"
    conclude(str(path), f"{runs} on the page")
    return 0
