"""Run directories against the book's numbers: reproduced, differs, not comparable."""

from __future__ import annotations

from typing import Sequence

from ..experiments.table import published_settings
from ..results.book import load_book
from ..results.verdict.compare import (
    compare,
    exit_status,
    render_markdown,
    render_text,
    to_json,
)
from .parsing import Parser, add_runs, read_named


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    parser = Parser(
        prog="d2l-rnn compare",
        description=f"{__doc__}\n\nA published number is a distribution over the "
        "builds of the book; ours is reproduced\nwhen our seeds could be further draws "
        "from it ('d2l-rnn book' shows them).",
        epilog="exit status: 0 nothing differs; 1 something differs; 2 bad usage; "
        "4 no usable run",
    )
    add_runs(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as a Markdown table")
    options = parser.parse_args(arguments)
    verdicts = compare(read_named(options.runs), load_book(), published_settings())
    if options.json:
        print(to_json(verdicts))
    else:
        print(render_markdown(verdicts) if options.markdown else render_text(verdicts))
    return exit_status(verdicts)
