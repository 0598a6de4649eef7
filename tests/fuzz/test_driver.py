"""The fuzz notices what it is there to notice."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from d2l_rnn.errors import UsageError

from . import driver
from .mutations import Json, as_json, changed, mutated

GOOD: Json = {"epoch": 1, "loss": [0.5, 2.0], "corpus": {"name": "sample"}}


def test_a_wrong_answer_is_found_and_can_be_had_again(tmp_path: Path) -> None:
    seen = []

    def refuses(generator: random.Random, folder: Path) -> None:
        number = generator.randrange(1000)
        seen.append(number)
        if number > 300:
            raise ZeroDivisionError(number)
        raise UsageError("too small")

    with pytest.raises(AssertionError, match="of 20 wrong") as error:
        driver.fuzz("door", 20, refuses, tmp_path)
    assert sum(number > 300 for number in seen) == int(str(error.value).split()[0])
    first = next(place for place, number in enumerate(seen) if number > 300)
    assert str(seen[first]) in driver.answer("door", first, refuses, tmp_path)
    assert driver.answer("door", seen.index(min(seen)), refuses, tmp_path) == ""


@pytest.mark.parametrize("message", ["", "two\nlines", "\ud800", "x" * 3000])
def test_an_error_that_is_no_line_is_wrong(message: str, tmp_path: Path) -> None:
    def refuses(generator: random.Random, folder: Path) -> None:
        raise UsageError(message)

    assert driver.answer("door", 0, refuses, tmp_path)


def test_a_door_that_does_not_answer_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(generator: random.Random, folder: Path) -> None:
        while True:
            pass

    monkeypatch.setattr(driver, "SECONDS", 0.05)
    assert "no answer" in driver.answer("door", 0, hangs, tmp_path)


def test_a_mutation_changes_and_follows_from_its_generator() -> None:
    content = as_json(GOOD)
    for seed in range(50):
        one, other = (changed(GOOD, random.Random(seed)) for _ in range(2))
        assert as_json(one) == as_json(other)
        assert mutated(content, random.Random(seed)) == mutated(
            content, random.Random(seed)
        )
    different = {mutated(content, random.Random(seed)) for seed in range(50)}
    assert len(different - {content}) > 40
    assert json.loads(content) == GOOD
