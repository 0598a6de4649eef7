"""The three decays are their equations, and end where they are told to."""

from __future__ import annotations

import math

import pytest

from d2l_rnn.errors import UsageError
from d2l_rnn.training.scheduled_sampling import (
    SCHEDULES,
    exponential_decay,
    inverse_sigmoid_decay,
    linear_decay,
    teacher_probability,
)


@pytest.mark.parametrize("i", [0, 1, 7, 30])
def test_equations_of_the_paper(i: int) -> None:
    assert linear_decay(i, c=0.03, k=0.9, minimum=0.2) == max(0.2, 0.9 - 0.03 * i)
    assert exponential_decay(i, k=0.9) == 0.9**i
    assert inverse_sigmoid_decay(i, k=4) == pytest.approx(
        4 / (4 + math.exp(i / 4)), rel=1e-12
    )


def test_no_overflow_however_late() -> None:
    assert inverse_sigmoid_decay(10**6, k=1) == pytest.approx(0, abs=1e-300)


@pytest.mark.parametrize("final", [0.05, 0.25, 0.9])
@pytest.mark.parametrize("num_epochs", [2, 10, 300])
@pytest.mark.parametrize("schedule", SCHEDULES[1:])
def test_every_schedule_falls_to_its_final_probability(
    schedule: str, num_epochs: int, final: float
) -> None:
    values = [
        teacher_probability(schedule, epoch, num_epochs, final)
        for epoch in range(1, num_epochs + 1)
    ]
    assert values[-1] == pytest.approx(final, rel=1e-6)
    assert all(a > b for a, b in zip(values, values[1:]))
    assert 0 < min(values) and max(values) <= 1
    if schedule != "inverse-sigmoid":
        assert values[0] == 1
    elif num_epochs == 300 and final < 0.5:
        assert values[0] > 0.95
        # slow, fast, slow: the middle falls faster than either end
        falls = [a - b for a, b in zip(values, values[1:])]
        assert max(falls) > 2 * falls[0]


def test_teacher_forcing_is_always() -> None:
    assert {teacher_probability("none", epoch, 9) for epoch in range(1, 10)} == {1.0}


def test_what_is_not_accepted() -> None:
    with pytest.raises(UsageError, match="'cubic'.*linear"):
        teacher_probability("cubic", 1, 2)
    with pytest.raises(UsageError, match="final probability 1"):
        teacher_probability("linear", 1, 2, 1)
