"""Write the README's tables (experiments, recorded runs), or check them.

scripts/update_readme.py                      rewrite the tables from the summaries
scripts/update_readme.py --check              exit 1 if that would change them
scripts/update_readme.py --collect RUNS ...   add run directories to the summary
scripts/update_readme.py --collect-heldout RUNS ...   that of held-out translations
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import List, Optional

from d2l_rnn.errors import D2lRnnError
from d2l_rnn.experiments.settings import flag_of, settings_with
from d2l_rnn.experiments.table import EXPERIMENTS, published_settings
from d2l_rnn.files import write_bytes
from d2l_rnn.results import readme_groups, readme_heldout, readme_runs
from d2l_rnn.results.book import load_book
from d2l_rnn.results.readme_summary import load_summary, replace_section
from d2l_rnn.results.record import RunRecord, read_runs

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
RECORDED = ROOT / "docs" / "recorded" / "runs.json"
RECORDED_HELDOUT = ROOT / "docs" / "recorded" / "heldout.json"


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--collect", nargs="+", metavar="RUNS")
    parser.add_argument("--collect-heldout", nargs="+", metavar="RUNS")
    parser.add_argument("--readme", type=Path, default=README)
    parser.add_argument("--recorded", type=Path, default=RECORDED)
    parser.add_argument("--heldout", type=Path, default=RECORDED_HELDOUT)
    options = parser.parse_args(arguments)
    try:
        if options.collect:
            _collect(options.collect, options.recorded)
        if options.collect_heldout:
            _collect_heldout(options.collect_heldout, options.heldout)
        return _update(options)
    except (D2lRnnError, OSError) as error:
        print(f"update_readme: {error}", file=sys.stderr)
        return getattr(error, "exit_status", 4)


def _finished(paths: List[str]) -> List[RunRecord]:
    """The runs that have finished; the others are left out, with a word."""
    finished = []
    for run in read_runs(paths):
        if run.result is None:
            print(f"left out, not finished: {run.directory}", file=sys.stderr)
        else:
            finished.append(run)
    return finished


def _collect(paths: List[str], target: Path) -> None:
    summary = readme_runs.summarize(_finished(paths), load_book(), published_settings())
    if target.exists():
        kept = load_summary(target, readme_groups.Recorded)
        summary = readme_runs.renewed(kept, summary)
    write_bytes(target, summary.dump().encode("utf-8"))


def _collect_heldout(paths: List[str], target: Path) -> None:
    options = {}
    for row in EXPERIMENTS.values():
        told = settings_with(row.config, "number", "text", "length")
        options[row.name] = {
            field.name: (flag_of(field), told[field.name])
            for field in fields(row.config)
            if field.name in told
        }
    summary = readme_heldout.summarize(_finished(paths), options)
    write_bytes(target, summary.dump().encode("utf-8"))


def _experiments() -> str:
    """The table of experiments, as ``d2l-rnn list`` has it."""
    book = load_book()
    lines = ["| experiment | section | published | what it is |", "| --- " * 4 + "|"]
    for row in EXPERIMENTS.values():
        published = book[row.name].summary() if row.name in book else ""
        cells = (f"`{row.name}`", row.section, published, row.summary)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _update(options: argparse.Namespace) -> int:
    text = wanted = options.readme.read_text("utf-8")
    summary = load_summary(options.recorded, readme_groups.Recorded)
    heldout = load_summary(options.heldout, readme_heldout.Recorded)
    tables = {
        "experiments": _experiments(),
        "recorded": readme_runs.render(summary, load_book()),
        "heldout": readme_heldout.render(heldout),
    }
    for name, table in tables.items():
        wanted = replace_section(wanted, table, name)
    if wanted == text:
        return 0
    if options.check:
        stale = f"{options.readme}: stale; {Path(__file__).name} renews it"
        print(stale, file=sys.stderr)
        return 1
    write_bytes(options.readme, wanted.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
