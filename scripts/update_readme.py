"""Write the tables of the README and of the pages in docs/, or check them.

A table stands between <!-- NAME:begin --> and <!-- NAME:end -->, on any page; on
README.zh.md and in docs/zh/ it is in Chinese.

scripts/update_readme.py                      rewrite the tables from the summaries
scripts/update_readme.py --check              exit 1 if that would change them
scripts/update_readme.py --collect RUNS ...   add run directories to the summary
scripts/update_readme.py --collect-heldout RUNS ...   that of held-out translations
scripts/update_readme.py --collect-benchmark FILE     record a benchmark.json
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import Callable, Dict, List, Optional, cast

import make_notebooks
import measure_whole_job
from house_map import ground_floor, rooms_table

from d2l_rnn.benchmark import markdown
from d2l_rnn.benchmark.earlier import Earlier
from d2l_rnn.errors import D2lRnnError, RunError
from d2l_rnn.experiments.settings import flag_of, settings_with
from d2l_rnn.experiments.table import EXPERIMENTS, published_settings
from d2l_rnn.files import write_bytes
from d2l_rnn.results import (
    readme_groups,
    readme_heldout,
    readme_runs,
    readme_sides,
    readme_verdicts,
)
from d2l_rnn.results.book import load_book
from d2l_rnn.results.json_files import read_json, read_text, write_json
from d2l_rnn.results.readme_summary import load_summary, replace_section, sections_of
from d2l_rnn.results.readme_words import WORDS
from d2l_rnn.results.record import RunRecord, read_runs
from d2l_rnn.strict_json import check, loads

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
RECORDED = DOCS / "recorded" / "runs.json"
RECORDED_HELDOUT = DOCS / "recorded" / "heldout.json"
BENCHMARK = DOCS / "recorded" / "benchmark.json"
SETUP = DOCS / "recorded" / "setup.json"
# The trainings whose minutes the README tells: its first command, and a short one.
COSTS = ("bilstm", "rnn")


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--collect", nargs="+", metavar="RUNS")
    parser.add_argument("--collect-heldout", nargs="+", metavar="RUNS")
    parser.add_argument("--collect-benchmark", type=Path, metavar="FILE")
    parser.add_argument(
        "--pages", nargs="+", type=Path, help="default: the READMEs and docs/"
    )
    parser.add_argument("--recorded", type=Path, default=RECORDED)
    parser.add_argument("--heldout", type=Path, default=RECORDED_HELDOUT)
    parser.add_argument("--benchmark", type=Path, default=BENCHMARK)
    options = parser.parse_args(arguments)
    try:
        if options.collect:
            _collect(options.collect, options.recorded)
        if options.collect_heldout:
            _collect_heldout(options.collect_heldout, options.heldout)
        if options.collect_benchmark:
            _collect_benchmark(options.collect_benchmark, options.benchmark)
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


def _collect_benchmark(source: Path, target: Path) -> None:
    found = read_json(source, Earlier)
    about = found.get("machine", {})
    machine = {k: v for k, v in about.items() if k != "platform"}
    write_json(target, {**found, "machine": machine})


def _experiments(language: str) -> str:
    """The table of experiments, as ``d2l-rnn list`` has it."""
    book = load_book()
    words = WORDS[language]
    heading = [words[c] for c in ("experiment", "section", "published", "what it is")]
    lines = [f"| {' | '.join(heading)} |", "| --- " * 4 + "|"]
    for row in EXPERIMENTS.values():
        published = book[row.name].summary() if row.name in book else ""
        cells = (f"`{row.name}`", row.section, published, row.summary)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _pages() -> List[Path]:
    """The pages that may have tables."""
    pages = [*DOCS.rglob("*.md")]
    return [*sorted(ROOT.glob("README*.md")), *sorted(pages)]


def _setup() -> readme_verdicts.Measured:
    try:
        content = loads(read_text(SETUP))
        if not isinstance(content, dict):
            raise ValueError("it is no object")
        check(content, readme_verdicts.Measured)
    except ValueError as error:
        raise RunError(f"{SETUP}: no minutes of the set-up ({error})") from None
    return cast(readme_verdicts.Measured, content)


def _tables(options: argparse.Namespace, page: Path) -> Dict[str, Callable[[], str]]:
    """What makes each table, by its name, as a page has it."""
    summary = load_summary(options.recorded, readme_groups.Recorded)
    book = load_book()
    groups = readme_verdicts.by_name(summary, book)
    in_zh = page.name.endswith(".zh.md") or page.parent.name == "zh"
    language = "zh" if in_zh else "en"
    link = "docs/results.md" if page.parent == ROOT else "results.md"
    if page.parent.name == "zh":
        link = "../results.md"
    judged = [name for name in EXPERIMENTS if name in book]

    def runs(name: str) -> Callable[[], str]:
        return lambda: readme_verdicts.runs_of(name, groups, language)

    def side(name: str) -> Callable[[], str]:
        return lambda: readme_sides.render(summary)[name]

    def measured(name: str) -> Callable[[], str]:
        show = markdown.TABLES[name]
        return lambda: show(dict(read_json(options.benchmark, Earlier)))

    return {
        "experiments": lambda: _experiments(language),
        "recorded": lambda: readme_runs.render(summary, book),
        "heldout": lambda: readme_heldout.render(
            load_summary(options.heldout, readme_heldout.Recorded)
        ),
        "verdicts": lambda: readme_verdicts.verdicts(groups, judged, language, link),
        "cost": lambda: readme_verdicts.cost(groups, _setup(), COSTS, language),
        "notebooks": lambda: make_notebooks.table(language=language),
        "whole job": measure_whole_job.table,
        **{name: measured(name) for name in markdown.TABLES},
        "rooms": rooms_table,
        "ground floor": ground_floor,
        **{name: side(name) for name in ("audit", "blanks", "capitals")},
        **{f"runs of {name}": runs(name) for name in EXPERIMENTS},
    }


def _update(options: argparse.Namespace) -> int:
    status = 0
    for page in options.pages or _pages():
        text = wanted = page.read_text("utf-8")
        names = sections_of(text)
        if not names:
            continue
        tables = _tables(options, page)
        for name in names:
            if name not in tables:
                raise RunError(f"{page}: no table is called {name!r}")
            wanted = replace_section(wanted, tables[name](), name)
        if wanted != text and options.check:
            print(f"{page}: stale; {Path(__file__).name} renews it", file=sys.stderr)
            status = 1
        elif wanted != text:
            write_bytes(page, wanted.encode("utf-8"))
    return status


if __name__ == "__main__":
    sys.exit(main())
