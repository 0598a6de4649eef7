"""Write docs/results.md and its pictures from the recorded runs, or check them.

scripts/make_results_page.py            write them
scripts/make_results_page.py --check    exit 1 if that would change them
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Optional

from d2l_rnn.errors import D2lRnnError
from d2l_rnn.experiments.table import EXPERIMENTS
from d2l_rnn.files import write_bytes
from d2l_rnn.results.book import load_book
from d2l_rnn.results.readme_groups import Recorded
from d2l_rnn.results.readme_summary import load_summary
from d2l_rnn.results.results_page import render_page
from d2l_rnn.results.told import Told

DOCS = Path(__file__).resolve().parents[1] / "docs"


def files_of(recorded: Path) -> Dict[str, str]:
    """The page and its pictures, by their place in docs/."""
    told = {row.name: Told(row.section, row.summary) for row in EXPERIMENTS.values()}
    page, pictures = render_page(
        load_summary(recorded, Recorded),
        load_book(),
        told,
        "python scripts/make_results_page.py",
        "results",
    )
    return {"results.md": page, **{f"results/{k}": v for k, v in pictures.items()}}


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument(
        "--recorded", type=Path, default=DOCS / "recorded" / "runs.json"
    )
    parser.add_argument("--docs", type=Path, default=DOCS)
    options = parser.parse_args(arguments)
    try:
        return _update(files_of(options.recorded), options.docs, options.check)
    except (D2lRnnError, OSError) as error:
        print(f"make_results_page: {error}", file=sys.stderr)
        return getattr(error, "exit_status", 4)


def _update(files: Dict[str, str], docs: Path, check: bool) -> int:
    for name, text in files.items():
        path = docs / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        if check:
            print(f"{path}: stale; {Path(__file__).name} renews it", file=sys.stderr)
            return 1
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, text.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
