"""What experiments there are, with section and published number."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Sequence

from ..experiments.own import installed
from ..experiments.table import EXPERIMENTS
from ..results.book import load_book
from .parsing import Parser


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    parser = Parser(prog="d2l-rnn list", description=__doc__)
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
        for row in EXPERIMENTS.values()
    ]
    rows += [
        {"name": name, "section": None, "published": None, "summary": point.value}
        for name, point in installed().items()
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    head = {"name": "name", "section": "section", "published": "published"}
    widths = {k: max(len(r[k] or "-") for r in [head, *rows]) for k in head}
    for row in [{**head, "summary": "experiment"}, *rows]:
        columns = [(row[key] or "-").ljust(width) for key, width in widths.items()]
        print("  ".join([*columns, row["summary"] or ""]))
    return 0
