"""Nothing that others hold on to goes without a word.

Additions are free. What is removed or changed is named in ``MOVED``, and the CHANGELOG
has a word on it. ``python -m tests.public.surface`` takes additions into the promise.
"""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from . import surface
from .families import FAMILIES

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"

# "section: entry" (* stands for anything): where it went, or why. The CHANGELOG has the
# entry as it stands here, up to the first *.
MOVED: Dict[str, str] = {
    # rnn.l0_i2h_weight; Gluon's names are still read
    "runs: */checkpoint.safetensors: array *": "named by us",
    "runs: sequence/*: perplexity": "a squared error has none",
}

PROMISED: surface.Surface = json.loads(surface.SURFACE.read_text(encoding="utf-8"))
SECTIONS = ("names", "modules", "commands", "experiments")


def missing(promised: Dict[str, Any], now: Dict[str, Any]) -> List[str]:
    """What is no more, or not as it was."""
    return [
        entry
        for entry, was in promised.items()
        if entry not in now or not keeps(was, now[entry])
    ]


def keeps(was: Any, now: Any) -> bool:
    """Whether an entry is what it was; one choice more is an addition."""
    if isinstance(was, dict) and isinstance(now, dict):
        more = set(was.get("choices", [])) <= set(now.get("choices", []))
        return more and {**was, "choices": ""} == {**now, "choices": ""}
    return bool(was == now)


def unannounced(section: str, entries: List[str]) -> List[str]:
    """Those that no line of ``MOVED`` is about."""
    return [
        entry
        for entry in entries
        if not any(fnmatch.fnmatchcase(f"{section}: {entry}", line) for line in MOVED)
    ]


@pytest.fixture(scope="module")
def current() -> surface.Surface:
    # JSON has no tuples: compare what is read with what would be read.
    found: surface.Surface = json.loads(json.dumps(surface.current()))
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_what_is_gone_is_announced(section: str, current: surface.Surface) -> None:
    gone = missing(PROMISED[section], current[section])
    assert unannounced(section, gone) == []


def test_what_is_announced_is_gone_and_told(current: surface.Surface) -> None:
    told = CHANGELOG.read_text(encoding="utf-8")
    for line in MOVED:
        section, entry = line.split(": ", 1)
        assert entry.split("*")[0].strip(" .") in told, line
        if section in SECTIONS:
            gone = missing(PROMISED[section], current[section])
            assert fnmatch.filter(gone, entry), line


def test_what_is_missing_is_noticed(current: surface.Surface) -> None:
    changed = dict(current["experiments"])
    del changed["lstm --num-hiddens"]
    changed["gru --lr"] = {"default": 2.0}
    changed["new --lr"] = {"default": 2.0}
    cells = changed["gru --cell"]
    changed["gru --cell"] = {**cells, "choices": [*cells["choices"], "mine"]}
    gone = missing(current["experiments"], changed)
    assert sorted(gone) == ["gru --lr", "lstm --num-hiddens"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_run_has_the_files_and_keys_that_it_had(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "edition-v1":
        pytest.importorskip("d2l", reason="d2l is not installed here")
    from d2l_rnn.cli import main

    monkeypatch.chdir(tmp_path)
    assert main([*FAMILIES[name].command(num_epochs=2), "--out", name]) == 0
    form = {f"{name}/{entry}": "" for entry in surface.run_form(tmp_path / name)}
    entries = PROMISED["runs"]
    promised = {e: entries[e] for e in entries if e.startswith(name + "/")}
    assert promised
    assert unannounced("runs", missing(promised, form)) == []
