"""A run directory that was changed between interruption and resume tells no lies.

Either the resumed run is the uninterrupted one, bit for bit, or it is refused with exit
status 4 and one line, and stays as it was.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import Future
from pathlib import Path
from typing import Callable, Dict, Iterator, Tuple

import pytest

from ..public.families import FAMILIES, Family
from .stopping import (
    Workshop,
    a_run_a_core,
    chosen_parameters,
    contents,
    damaged_copy,
    differences,
    start,
)

pytestmark = pytest.mark.slow

Case = Tuple[str, str]  # damage, family
Outcomes = Dict[Case, "Future[str]"]


def rows_file(folder: Path) -> Path:
    """The rows of the run in a folder, or of the run inside that run."""
    (path,) = [p for p in folder.rglob("epochs.jsonl") if p.read_bytes()]
    return path


def lose_the_last_row(folder: Path) -> None:
    path = rows_file(folder)
    path.write_text("".join(path.read_text().splitlines(True)[:-1]))


def lose_all_rows(folder: Path) -> None:
    rows_file(folder).unlink()


def double_a_row(folder: Path) -> None:
    path = rows_file(folder)
    first, *others = path.read_text().splitlines(True)
    path.write_text("".join([first, first, *others]))


def edit_a_number(folder: Path) -> None:
    path = rows_file(folder)
    first, *others = path.read_text().splitlines(True)
    row = json.loads(first)
    row["loss"] *= 0.75
    path.write_text("".join([json.dumps(row) + "\n", *others]))


def edit_the_text(folder: Path) -> None:
    """Exchange two letters near the beginning: the same tokens, in another order."""
    (path,) = folder.glob("sample*")
    text = path.read_text(encoding="utf-8")
    pair = re.search(r"([a-z])(?!\1)[a-z]", text)
    assert pair is not None
    edited = text[: pair.start()] + pair.group()[::-1] + text[pair.end() :]
    path.write_text(edited, encoding="utf-8")


DAMAGES: Dict[str, Callable[[Path], None]] = {
    "nothing": lambda folder: None,  # or the other cases would prove nothing
    "a row less": lose_the_last_row,
    "no rows": lose_all_rows,
    "a row twice": double_a_row,
    "another number": edit_a_number,
    "another text": edit_the_text,
}


def applies(damage: str, family: Family) -> bool:
    """Whether a family has what the damage is about.

    ``text-stats`` has no epochs, hence nothing that an interrupted run leaves to go on
    from; ``sequence`` draws its data from a seed.
    """
    return family.has_epochs and not (damage == "another text" and not family.source)


def _cases() -> Iterator[Case]:
    for damage in DAMAGES:
        for family in FAMILIES.values():
            if applies(damage, family):
                yield damage, family.name


def resumed(workshop: Workshop, damage: str, family: Family) -> str:
    """What is wrong with the run that a damaged one was resumed to; empty: nothing."""
    whole = workshop.whole(family)
    folder = damaged_copy(workshop.interrupted(family), DAMAGES[damage], damage)
    before = contents(folder)
    status, lines = start(family, folder, "--resume").end()
    if status == 0:
        # Of another text it cannot be the same run, whatever it looks like.
        found = differences(whole, folder)
        return f"goes on, and differs in {found}" if found else ""
    if status != 4 or len(lines) != 1:
        return f"exit status {status}: {lines}"
    return "" if contents(folder) == before else "refused, but not left as it was"


@pytest.fixture(scope="module")
def outcomes(workshop: Workshop, request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    """What came of the damages that the chosen tests are about."""
    names = chosen_parameters(request, "name")
    damages = chosen_parameters(request, "damage")
    with a_run_a_core() as pool:
        yield {
            (damage, name): pool.submit(resumed, workshop, damage, FAMILIES[name])
            for name in FAMILIES
            for damage in DAMAGES
            if name in names and damage in damages and applies(damage, FAMILIES[name])
        }


@pytest.mark.parametrize("damage, name", list(_cases()))
def test_what_was_changed_is_noticed(
    damage: str, name: str, outcomes: Outcomes
) -> None:
    assert outcomes[damage, name].result() == ""
