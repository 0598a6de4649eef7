"""What experiments there are, with section and published number."""

from __future__ import annotations

import json
import textwrap
from typing import Any, Dict, List, Sequence

from ..experiments.own import installed
from ..experiments.table import EXPERIMENTS
from ..results.book import BookNumber, load_book
from ..results.told import place
from .parsing import Parser

_WIDTH = 80  # columns of the narrowest terminal that is common


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    parser = Parser(
        prog="d2l-rnn list",
        description=f"{__doc__}\n\nThe published number is the median of the book's "
        "builds; 'd2l-rnn book NAME' has all\nof it.",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    book = load_book()
    rows: List[Dict[str, Any]] = [
        {
            "name": row.name,
            "section": row.section,
            "published": book[row.name].summary() if row.name in book else None,
            "summary": row.summary,
        }
        for row in sorted(EXPERIMENTS.values(), key=lambda row: place(row.section))
    ]
    rows += [
        {"name": name, "section": None, "published": None, "summary": point.value}
        for name, point in installed().items()
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    head = {"name": "name", "section": "section", "published": "published"}
    for row in rows:
        row["published"] = _median(book[row["name"]]) if row["published"] else None
    widths = {k: max(len(r[k] or "-") for r in [head, *rows]) for k in head}
    indent = sum(widths.values()) + 2 * len(widths)
    for row in [{**head, "summary": "experiment"}, *rows]:
        columns = [(row[key] or "-").ljust(width) for key, width in widths.items()]
        summary = textwrap.wrap(row["summary"] or "", _WIDTH - indent) or [""]
        print("  ".join([*columns, summary[0]]).rstrip())
        for line in summary[1:]:
            print(" " * indent + line)
    return 0


def _median(number: BookNumber) -> str:
    return number.format(number.final["median"])
