"""A disk that fails at any moment costs a line, and nothing that had been reached.

The law, for every operation on a file of a run and for every error that a disk has:
the run is done all the same, or ends with a documented status, one line and no
temporary file; and once the disk is well again, ``--resume`` gives the run that a well
disk gives, bit for bit.
"""

from __future__ import annotations

import itertools
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Mapping, Tuple

import pytest

from ..public.families import FAMILIES, Family
from .faulty_disk import COMPILER, KINDS, SHORT, Fault, FaultyDisk, faulty_disk
from .stopping import RUN, differences, files_in, make_folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COMPILER, reason="needs a C compiler, as cc"),
]

ERRORS = ("ENOSPC", "EIO", "EROFS", "EDQUOT")
LASTING = (True, False, True, True)  # of each: a disk stays full, a bad block is one
DOCUMENTED = (2, 3, 4)
NUM_EPOCHS = 2


@dataclass(frozen=True)
class Scenario:
    """A run whose disk fails.

    Attributes
    ----------
    family : Family
    flags : tuple of str
        Beside the family's own.
    pictures : bool
    first_epochs : int
        So many epochs have been run before, on a well disk; 0: there was no run.
    goes_on : bool
        The failing run goes on with that one; else it is in the way.
    every_error : bool
        Each operation fails with each error; else each write does, and each other
        operation with one of them, in turns.
    """

    family: Family
    flags: Tuple[str, ...] = ()
    pictures: bool = False
    first_epochs: int = 0
    goes_on: bool = False
    every_error: bool = False

    def command(self, num_epochs: int = NUM_EPOCHS) -> List[str]:
        words = self.family.command(num_epochs, self.family.source)
        if self.pictures:
            words.remove("--no-plot")
        return [*words, *self.flags, "--out", RUN]

    def failing(self) -> List[str]:
        return [*self.command(), "--resume"] if self.goes_on else self.command()


HMM, TEXT_STATS = FAMILIES["hmm"], FAMILIES["text-stats"]
HANDWRITTEN = FAMILIES["handwritten"]  # can be extended
SCENARIOS = {
    **{name: Scenario(family) for name, family in FAMILIES.items()},
    "every error": Scenario(HMM, every_error=True),
    "pictures": Scenario(TEXT_STATS, pictures=True),
    "tensorboard": Scenario(HMM, ("--tensorboard",), pictures=True),
    "extended": Scenario(HANDWRITTEN, first_epochs=1, goes_on=True),
    "in the way": Scenario(HANDWRITTEN, first_epochs=1),
}


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyDisk]:
    with faulty_disk(tmp_path_factory.mktemp("faulty-disk")) as disk:
        yield disk


def faults(counts: Mapping[str, int], every_error: bool) -> Iterator[Fault]:
    """What may happen to a run that has so many operations of each kind."""
    as_disks_fail = list(zip(ERRORS, LASTING))
    turns = itertools.cycle(itertools.product(ERRORS, (False, True)))
    for kind in KINDS:
        for number in range(1, counts[kind] + 1):
            ways = as_disks_fail if every_error or kind == "write" else [next(turns)]
            if kind == "write":
                yield Fault(kind, number, SHORT)
            for error, lasting in ways:
                yield Fault(kind, number, error, lasting)


def left_over(folder: Path) -> List[str]:
    """Files that no run is to leave; lock files stay."""
    return [name for name in files_in(folder) if name.endswith(".part")]


def kept(folder: Path) -> List[str]:
    """What a finished run has, by name; TensorBoard's files are named by the time."""
    return sorted(
        re.sub(r"tfevents.*", "tfevents", name)
        for name in files_in(folder)
        if name.startswith(f"{RUN}/")
        if not name.endswith(".lock") and not name.startswith(f"{RUN}/earlier-")
    )


def broken(
    disk: FaultyDisk, scenario: Scenario, before: Path, whole: Path, fault: Fault
) -> str:
    """How a fault breaks the law; empty where it does not."""
    folder = before.with_name("failing")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(before, folder)
    ended = disk.run(scenario.failing(), folder, fault)
    if not ended.struck:
        return "it did not come to pass"
    if ended.status and ended.status not in DOCUMENTED:
        return f"status {ended.status}: {ended.lines}"
    # What is said of a run that a well disk too would begin with.
    said = ("held an earlier run", "d2l-rnn: warning: the vocabulary has no")
    told = [line for line in ended.lines if not any(part in line for part in said)]
    if len(told) != 1 or ended.status and "error: " not in told[0]:
        return f"status {ended.status}, not in one line: {ended.lines}"
    if left_over(folder):
        return f"it leaves {left_over(folder)}"
    if scenario.first_epochs and not list(folder.rglob("result.json")):
        return "the earlier result is lost"
    if ended.status:
        again = disk.run([*scenario.command(), "--resume"], folder)
        if again.status:
            return f"after {ended.lines} not resumed: {again.lines}"
    found = differences(whole / RUN, folder / RUN)
    found = [name for name in found if not name.startswith("earlier-")]
    if found:
        return f"after {ended.lines} resumed, it differs in {found}"
    if kept(whole) != kept(folder):
        return f"after {ended.lines} it has {kept(folder)}"
    return f"then it leaves {left_over(folder)}" if left_over(folder) else ""


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_costs_a_line_and_nothing_else(
    name: str, disk: FaultyDisk, tmp_path: Path
) -> None:
    scenario = SCENARIOS[name]
    if "--tensorboard" in scenario.flags:
        pytest.importorskip("tensorboardX", reason="needs the extra [tensorboard]")
    before = make_folder(scenario.family, tmp_path / "before")
    if scenario.first_epochs:
        assert disk.run(scenario.command(scenario.first_epochs), before).status == 0
    whole = tmp_path / "whole"
    shutil.copytree(before, whole)
    ended = disk.run(scenario.failing(), whole)
    assert ended.status == 0 and min(ended.counts.values()) > 0
    tried = list(faults(ended.counts, scenario.every_error))
    wrong = {}
    for fault in tried:
        problem = broken(disk, scenario, before, whole, fault)
        if problem:
            wrong[str(fault)] = problem
    print(f"{name}: {len(tried)} faults, {len(tried) - len(wrong)} right")
    assert wrong == {}
