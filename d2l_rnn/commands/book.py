"""The book's numbers: what was printed, how it varied over the builds, and where."""

from __future__ import annotations

import dataclasses
import json
from typing import Sequence

from ..errors import UsageError
from ..hints import did_you_mean
from ..results.book import load_book, render_book
from .parsing import Parser


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    parser = Parser(prog="d2l-rnn book", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="experiments (default: all)"
    )
    parser.add_argument(
        "--sources", action="store_true", help="also the commit of every build"
    )
    parser.add_argument(
        "--json", action="store_true", help="as JSON, with the curve of every build"
    )
    options = parser.parse_args(arguments)
    book = load_book()
    for name in options.names:
        if name not in book:
            hint = did_you_mean(name, book, f"it does for {', '.join(book)}")
            raise UsageError(f"the book prints no number for {name!r}; {hint}")
    chosen = {name: book[name] for name in options.names or book}
    if options.json:
        numbers = {name: dataclasses.asdict(row) for name, row in chosen.items()}
        print(json.dumps(numbers, indent=2))
    else:
        print(render_book(chosen, options.sources).rstrip("\n"))
    return 0
