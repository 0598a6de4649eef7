"""Nothing of a finished run is shown that is not what was written."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Dict, List

import pytest

from d2l_rnn.errors import RunError
from d2l_rnn.experiments.table import published_settings
from d2l_rnn.results import readme_runs
from d2l_rnn.results.readme_summary import Summary
from d2l_rnn.results.record import OLDER, RunRecord, read_run, read_runs, verified
from d2l_rnn.results.report import render_report
from d2l_rnn.results.verdict.compare import compare
from d2l_rnn.results.verdict.rendering import our_value

from ..fuzz.mutations import flipped
from .made_runs import BOOK, write_run
from .test_report import Page

TEXT = "a state that none has drawn"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an experiment for which the book prints no number."""
    directory = tmp_path_factory.mktemp("verified") / "hmm"
    pictures = {"emission.png": b"\x89PNG\r\n\x1a\nstates"}
    result = {"texts": [TEXT], "heldout_perplexity": 12.5, "cloze_perplexity": 7.25}
    curve = [3.0, 2.0]
    write_run(directory, "hmm", 1, curve, result=result, pictures=pictures)
    return directory


def edited(run: Path, folder: Path, name: str, before: str, after: str) -> RunRecord:
    shutil.copytree(run, folder)
    text = (folder / name).read_text()
    assert text.count(before) >= 1
    (folder / name).write_text(text.replace(before, after))
    return read_run(folder)


def shown(record: RunRecord) -> str:
    """Everything that a page, a table and a file of tables say of a run."""
    (verdict,) = compare([record], BOOK)
    page = "".join(Page(render_report([record], BOOK)).text)
    return "\n".join([our_value(verdict), verdict.reason, page])


CHANGES = [
    ("result.json", '"perplexity": 2.0', '"perplexity": 2.5'),
    ("result.json", TEXT, "a text that was put there"),
    ("result.json", '"cloze_perplexity": 7.25', '"cloze_perplexity": 1.25'),
    ("result.json", "9123.4", "99123.4"),
    ("epochs.jsonl", '"seconds": 1.0', '"seconds": 0.1'),
    ("epochs.jsonl", '"perplexity": 3.0', '"perplexity":  3.0'),
    ("config.json", '"seed": 1', '"seed": 2'),
    ("environment.json", "a processor", "a quick one"),
    ("environment.json", '"mxnet": "1.9.1"', '"mxnet": "1.9.2"'),
]


@pytest.mark.parametrize("name, before, after", CHANGES)
def test_of_a_changed_run_nothing_is_shown(
    run: Path, tmp_path: Path, name: str, before: str, after: str
) -> None:
    """Whether the book prints a number for the experiment or not."""
    whole = shown(read_run(run))
    assert TEXT in whole and "2.000" in whole and "a processor" in whole
    changed = edited(run, tmp_path / "run", name, before, after)
    found = shown(changed)
    assert "changed after it was written" in found
    for value in (TEXT, "a text that was put there", "2.000", "2.500", "processor"):
        assert value not in found
    with pytest.raises(RunError, match="changed after it was written"):
        readme_runs.summarize([changed], BOOK, published_settings())


def test_an_older_record_says_what_of_it_is_verified(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    path = tmp_path / "run" / "result.json"
    result = json.loads(path.read_text())
    del result["files"]
    path.write_text(json.dumps(result))
    record = read_run(tmp_path / "run")
    record.verify()
    found = shown(record)
    assert TEXT in found and OLDER in found and "Environment (not verified)" in found
    assert "emission.png: its result does not state its SHA-256" in found
    assert "<img" not in render_report([record], BOOK)
    assert OLDER not in shown(read_run(run))
    (entry,) = readme_runs.summarize([record], BOOK, {}).runs
    assert entry["older"] is True
    assert OLDER in readme_runs.render(Summary([entry]), BOOK)


def test_of_an_unfinished_run_no_number_is_shown(tmp_path: Path) -> None:
    """Nothing vouches for its rows yet."""
    record = write_run(tmp_path, "hmm", 1, [3.25, 2.75], finish=False)
    assert "not finished: 2 epochs" in shown(record)
    assert "2.75" not in shown(record)
    assert "<svg" not in render_report([record], BOOK)


def noticed(record_of: Path, before: Dict[str, object]) -> bool:
    """Whether a run is refused or said to be changed; or it is the same in content."""
    try:
        (record,) = read_runs([record_of])
    except RunError:
        return True
    if verified(record).damage:
        return True
    page = "".join(Page(render_report([record], BOOK)).text)
    return "not shown" in page or content(record) == before


def content(record: RunRecord) -> Dict[str, object]:
    return {
        "config": record.config,
        "environment": record.environment,
        "epochs": record.epochs,
        "result": record.result,
    }


def count_flips(run: Path, folder: Path, each: int) -> List[str]:
    """Flip so many bits of every file, one at a time; which were not noticed."""
    shutil.copytree(run, folder)
    before = content(read_run(run))
    generator = random.Random(16)
    missed = []
    tried = 0
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for _ in range(each):
            tried += 1
            path.write_bytes(flipped(whole, generator))
            if not noticed(folder, before):
                missed.append(f"{path.name}: {path.read_bytes()!r:.200}")
        path.write_bytes(whole)
    print(f"\nflips of a record: {tried:,} tried, {tried - len(missed):,} noticed")
    return missed


def test_flipped_bits_of_a_record_are_noticed(run: Path, tmp_path: Path) -> None:
    assert count_flips(run, tmp_path / "run", 12) == []


@pytest.mark.slow
def test_many_flipped_bits_of_a_record_are_noticed(run: Path, tmp_path: Path) -> None:
    assert count_flips(run, tmp_path / "run", 400) == []
