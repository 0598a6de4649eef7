"""Run directories against the book's numbers: reproduced, differs, not comparable."""

from __future__ import annotations

from typing import List, Sequence

from .. import streams
from ..errors import UsageError
from ..experiments.table import published_settings
from ..results.book import BookNumber, load_book
from ..results.verdict.against import compare_against
from ..results.verdict.compare import compare, exit_status
from ..results.verdict.rendering import (
    aligned,
    markdown_table,
    render_csv,
    render_latex,
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
        "builds of the book; ours is reproduced\nwhen our runs could be further draws "
        "from it ('d2l-rnn book' shows them). Runs are\ngrouped by what they are: "
        "settings that change a number, data, initial weights.",
        epilog="exit status: 0 nothing differs; 1 something differs; 2 bad usage; "
        "4 no usable run",
    )
    add_runs(parser)
    parser.add_argument(
        "--against",
        metavar="NAME",
        help="hold the runs against NAME's builds whatever their settings, and name "
        "those that differ",
    )
    parser.add_argument(
        "--power",
        action="store_true",
        help="no runs: the smallest change of pace that the rules tell with "
        "probability 0.9",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as a Markdown table")
    form.add_argument("--csv", action="store_true", help="as comma-separated values")
    form.add_argument(
        "--latex", action="store_true", help="as a LaTeX table, by booktabs' rules"
    )
    options = parser.parse_args(arguments)
    book = load_book()
    numbers = list(book.values())
    if options.against is not None:
        if options.against not in book:
            raise UsageError(
                f"--against {options.against}: the book has no number for it; it does "
                f"for {', '.join(book)}"
            )
        numbers = [book[options.against]]
    if options.power:
        other = [
            f"--{name}" for name in ("json", "csv", "latex") if vars(options)[name]
        ]
        if options.runs or other:
            given = " ".join([*options.runs, *other])
            raise UsageError(f"--power contradicts {given}: it is a table of no runs")
        print(_power(numbers, options.markdown))
        return 0
    runs = read_named(options.runs)
    if options.against is None:
        verdicts = compare(runs, book, published_settings())
    else:
        verdicts = compare_against(runs, numbers[0], published_settings())
    forms = {
        "json": to_json,
        "markdown": render_markdown,
        "csv": render_csv,
        "latex": render_latex,
    }
    for name, render in forms.items():
        if getattr(options, name):
            print(render(verdicts))
            break
    else:
        print(render_text(verdicts, coloured=streams.shows_colours()))
    return exit_status(verdicts)


def _power(numbers: Sequence[BookNumber], markdown: bool) -> str:
    from ..results.verdict.power import HEADINGS, power_of, rows_of

    found = [power for power in map(power_of, numbers) if power is not None]
    rows: List[List[str]] = [HEADINGS, *rows_of(found)]
    return markdown_table(rows) if markdown else aligned(rows)
