"""Records that others wrote: read, compared, shown on a page and printed."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Dict, List

import pytest

from d2l_rnn.commands.run import shown
from d2l_rnn.experiments.table import EXPERIMENTS, find, published_settings
from d2l_rnn.results.book import load_book
from d2l_rnn.results.record import digest, read_run, read_runs, verified
from d2l_rnn.results.report import render_report
from d2l_rnn.results.verdict.compare import compare
from d2l_rnn.results.verdict.rendering import render_markdown, render_text, to_json

from ..public.families import FAMILIES
from ..results.made_runs import write_run
from .driver import fuzz, sizes
from .mutations import Json, as_json, changed, mutated

KEPT = Path(__file__).parents[1] / "public" / "runs"
BOOK = load_book()


def bases(folder: Path) -> List[Path]:
    """A run of every family, one with a published number, and an unfinished one."""
    found = []
    for name in FAMILIES:
        found.append(folder / "base" / name)
        shutil.copytree(KEPT / name, found[-1])
    for name, seed, finish in (("bilstm", 1, True), ("tagging", 2, False)):
        found.append(folder / "base" / f"{name}-{seed}")
        curve = [30.0 / epoch for epoch in range(1, 4)]
        write_run(found[-1], name, seed, curve, finish=finish)
    return found


def seal(run: Path) -> None:
    """As someone does who knows how: the right digest, the right sums."""
    record = read_run(run)
    result = dict(record.result or {})
    result["files"] = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in run.iterdir()
        if path.suffix in (".json", ".jsonl", ".png") and path.stem != "result"
    }
    result["digest"] = digest(record.config, record.epochs, result)
    (run / "result.json").write_text(json.dumps(result))


def change(path: Path, generator: random.Random) -> None:
    """Change bytes of a file, or a value in the JSON that it holds."""
    content = path.read_bytes()
    if generator.random() < 0.4 or not content:
        path.write_bytes(mutated(content, generator))
        return
    rows = content.splitlines() if path.suffix == ".jsonl" else [content]
    place = generator.randrange(len(rows))
    value: Json = json.loads(rows[place])
    for _ in range(generator.randint(1, 2)):
        value = changed(value, generator)
    rows[place] = as_json(value)
    path.write_bytes(b"\n".join(rows))


@pytest.mark.parametrize("tried", sizes(40, 25_000))
def test_any_record_is_answered(tried: int, tmp_path: Path) -> None:
    runs = bases(tmp_path)
    inner = {
        run: [p for p in run.iterdir() if p.suffix in (".json", ".jsonl")]
        for run in runs
    }
    before: Dict[Path, Dict[Path, bytes]] = {
        run: {path: path.read_bytes() for path in paths} for run, paths in inner.items()
    }

    def attempt(generator: random.Random, folder: Path) -> None:
        run = generator.choice(runs)
        for path, content in before[run].items():
            path.write_bytes(content)
        change(generator.choice(inner[run]), generator)
        if generator.random() < 0.6 and (run / "result.json").exists():
            seal(run)
        records = read_runs([run, runs[-2]])
        verdicts = compare(records, BOOK, published_settings())
        for text in (render_text(verdicts), render_markdown(verdicts)):
            text.encode()
        json.loads(to_json(verdicts), parse_constant=pytest.fail)
        render_report(records, BOOK, published_settings()).encode()
        record = verified(records[0])
        if record.result is not None and record.experiment in EXPERIMENTS:
            shown(find(record.experiment), record).encode()

    fuzz("records", tried, attempt, tmp_path)
