"""Write the README's tables (experiments, recorded runs), or check them.

scripts/update_readme.py                      rewrite the table from the summary
scripts/update_readme.py --check              exit 1 if that would change it
scripts/update_readme.py --collect RUNS ...   make the summary from run directories
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import List, Optional

from d2l_rnn.errors import D2lRnnError
from d2l_rnn.experiments.judging import published_configs
from d2l_rnn.experiments.table import EXPERIMENTS
from d2l_rnn.files import write_bytes
from d2l_rnn.results import recorded
from d2l_rnn.results.book import load_book
from d2l_rnn.results.compare import read_runs

_BEGIN, _END = "<!-- experiments:begin -->", "<!-- experiments:end -->"
README = Path(__file__).resolve().parents[1] / "README.md"


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--collect", nargs="+", metavar="RUNS")
    parser.add_argument("--readme", type=Path, default=README)
    parser.add_argument("--recorded", type=Path, default=recorded.RECORDED)
    options = parser.parse_args(arguments)
    try:
        if options.collect:
            _collect(options.collect, options.recorded)
        return _update(options.readme, options.recorded, options.check)
    except (D2lRnnError, OSError) as error:
        print(f"update_readme: {error}", file=sys.stderr)
        return getattr(error, "exit_status", 4)


def _collect(paths: List[str], target: Path) -> None:
    """Replace the summary; runs that have not finished are left out, with a word."""
    finished = []
    for run in read_runs(paths):
        if run.result is None:
            print(f"left out, not finished: {run.directory}", file=sys.stderr)
        else:
            finished.append(run)
    summary = recorded.summarize(finished, load_book(), published_configs())
    if target.exists():  # notes are written by hand
        summary["notes"] = recorded.load_recorded(target).get("notes", {})
    write_bytes(target, recorded.dump(summary).encode("utf-8"))


def _experiments() -> str:
    """The table of experiments, as ``d2l-rnn list`` has it."""
    book = load_book()
    lines = ["| experiment | section | published | what it is |", "| --- " * 4 + "|"]
    for row in EXPERIMENTS.values():
        published = book[row.name].summary() if row.name in book else ""
        cells = (f"`{row.name}`", row.section, published, row.summary)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _update(readme: Path, source: Path, check: bool) -> int:
    text = readme.read_text("utf-8")
    table = recorded.render(recorded.load_recorded(source), load_book())
    wanted = recorded.replace_section(text, table)
    if _BEGIN in wanted:
        wanted = recorded.replace_section(wanted, _experiments(), _BEGIN, _END)
    if wanted == text:
        return 0
    if check:
        print(f"{readme}: stale; {Path(__file__).name} renews it", file=sys.stderr)
        return 1
    write_bytes(readme, wanted.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
