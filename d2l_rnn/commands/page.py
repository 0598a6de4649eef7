"""Trained networks in one HTML file: type, watch, look inside, without installing."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from ..errors import UsageError, system_errors_as
from ..files import target_of, write_bytes
from ..results.report import PAGE
from .parsing import Parser, conclude


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    parser = Parser(
        prog="d2l-rnn page",
        description=__doc__,
        epilog="examples:\n"
        "  d2l-rnn page runs/lstm/seed-1\n"
        "  d2l-rnn page runs/rnn/seed-1 runs/lstm/seed-1 --out nets.html\n"
        "exit status: 0 done; 2 bad usage; 4 no usable run",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run directories")
    parser.add_argument(
        "--out", default=PAGE, metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument(
        "--title", metavar="TEXT", help="of the page (default: the runs' names)"
    )
    parser.add_argument(
        "--float16",
        action="store_true",
        help="weights of half the size, rounded to 11 bits",
    )
    options = parser.parse_args(arguments)
    title = options.title
    if title is not None and not title.strip():
        raise UsageError("--title is empty; leave it out for the page's own")
    path = Path(options.out)
    refused = f"--out {path}"
    with system_errors_as(UsageError, refused, "a file in a folder that exists"):
        target_of(path)
    from ..experiments.on_page import runs_on_page
    from ..page.document import render_page

    dtype = "float16" if options.float16 else "float32"
    runs = runs_on_page([Path(run) for run in options.runs], dtype)
    page = render_page(runs, title or " · ".join(run.name for run in runs))
    content = page.encode("utf-8", "replace")
    with system_errors_as(UsageError, refused):
        write_bytes(path, content)
    many = "1 network" if len(runs) == 1 else f"{len(runs)} networks"
    conclude(str(path), f"{many} on the page, {len(content) / 1e6:.1f} MB")
    return 0
