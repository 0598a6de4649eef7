"""Killed at any moment and resumed, a run ends as if nothing had happened."""

from __future__ import annotations

import random
import signal
import time
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from ..public.families import FAMILIES
from .stopping import (
    Killed,
    Workshop,
    a_run_a_core,
    chosen_parameters,
    damaged_copy,
    differences,
    files_in,
    make_folder,
    start,
)

pytestmark = pytest.mark.slow

KILLS_A_FAMILY = 6
LEAST_KILLS = 80
# What is loaded when the signal comes: the first heavy package, and the heaviest.
MOMENTS = ("multiarray", "libmxnet")

Killings = Dict[str, "Future[Killed]"]


@pytest.fixture(scope="module")
def killings(workshop: Workshop, request: pytest.FixtureRequest) -> Iterator[Killings]:
    """The killed runs that the chosen tests look at; those of all look at all."""
    names = chosen_parameters(request, "name")
    with a_run_a_core() as pool:

        def kill(name: str) -> Killed:
            workshop.whole(FAMILIES[name])
            return workshop.killed(FAMILIES[name], KILLS_A_FAMILY)

        yield {
            name: pool.submit(kill, name)
            for name in FAMILIES
            if name in names or None in names
        }


@pytest.mark.parametrize("name", FAMILIES)
def test_a_run_killed_before_its_result_makes_it_again(
    name: str, workshop: Workshop
) -> None:
    whole = workshop.whole(FAMILIES[name])
    folder = damaged_copy(whole, lose_the_result, "without-result")
    start(FAMILIES[name], folder, "--resume").succeed()
    assert differences(whole, folder) == []


def lose_the_result(folder: Path) -> None:
    for path in folder.rglob("result.json"):
        path.unlink()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_killed_run_ends_as_if_it_had_not_been(
    name: str, workshop: Workshop, killings: Killings
) -> None:
    killed = killings[name].result()
    assert killed.num_kills == KILLS_A_FAMILY
    found = differences(workshop.whole(FAMILIES[name]), killed.folder)
    assert found == [], f"the kills were drawn with D2L_RNN_SEED={workshop.seed}"


def test_there_were_enough_kills_and_checkpoints_to_go_on_from(
    killings: Killings,
) -> None:
    all_killed = [killing.result() for killing in killings.values()]
    assert sum(killed.num_kills for killed in all_killed) >= LEAST_KILLS
    with_checkpoint = sum(killed.num_with_checkpoint for killed in all_killed)
    assert with_checkpoint >= LEAST_KILLS // 2


def test_no_temporary_file_stays(workshop: Workshop, killings: Killings) -> None:
    left = {
        name: sorted(set(files_in(killing.result().folder)) - set(expected))
        for name, killing in killings.items()
        for expected in [files_in(workshop.whole(FAMILIES[name]))]
    }
    assert {name: files for name, files in left.items() if files} == {}


def mapped(process_id: int) -> str:
    """The names of all files that a process has mapped: what it has loaded."""
    try:
        return Path(f"/proc/{process_id}/maps").read_text()
    except OSError:
        return ""


def within(moment: str, process_id: int) -> bool:
    return moment in mapped(process_id)


def stopped_early(name: str, number: int, folder: Path, seed: int) -> List[str]:
    """What is wrong after a signal at several moments before training begins."""
    wrong = []
    chooser = random.Random(f"{seed} {name} {number}")
    for moment in MOMENTS:
        for delay in (0.0, chooser.uniform(0, 0.5)):
            place = make_folder(FAMILIES[name], folder / f"{moment}-{delay}")
            program = start(FAMILIES[name], place, cold=True)
            process = program.process_id
            assert program.wait_for(partial(within, moment, process))
            time.sleep(delay)
            program.send(number)
            status, lines = program.end()
            if status != 128 + number or len(lines) != 1:
                wrong.append(f"{moment} + {delay:.2f} s: {status} {lines}")
    return wrong


@pytest.fixture
def heard() -> Iterator[None]:
    """A shell's background jobs ignore SIGINT, and so would the children of one."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc (lead)")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_training_is_one_line(
    number: int, tmp_path: Path, workshop: Workshop, heard: None
) -> None:
    wrong = {
        name: stopped_early(name, number, tmp_path / name, workshop.seed)
        for name in ("gluon", "hmm", "seq2seq")
    }
    assert {name: cases for name, cases in wrong.items() if cases} == {}
