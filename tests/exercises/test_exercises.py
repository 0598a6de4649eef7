"""Each check knows the right answer, and tells it from ones that a reader may give."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy
import pytest
from mxnet import np
from mxnet.gluon import rnn

from d2l_rnn import exercises
from d2l_rnn.exercises.judging import Hint, near, numbers

from . import answers_8, answers_9, answers_10, answers_series_and_text

ANSWERS: Dict[str, List[Any]] = {
    **answers_8.ANSWERS,
    **answers_9.ANSWERS,
    **answers_10.ANSWERS,
    **answers_series_and_text.ANSWERS,
}
CHECKS = [name for name in exercises.__all__ if name.startswith("check_")]
WRONG: List[Tuple[str, int]] = [
    (name, number) for name in CHECKS for number in range(1, len(ANSWERS.get(name, [])))
]


def test_every_exercise_has_a_right_answer_and_two_wrong_ones() -> None:
    assert sorted(ANSWERS) == sorted(CHECKS)
    assert {name: len(a) for name, a in ANSWERS.items() if len(a) < 3} == {}


@pytest.mark.parametrize("name", CHECKS)
def test_the_right_answer_is_right(name: str) -> None:
    verdict = getattr(exercises, name)(ANSWERS[name][0])
    assert verdict.right, verdict
    assert "right / 正确" in str(verdict)


@pytest.mark.parametrize(("name", "number"), WRONG)
def test_a_wrong_answer_is_told_what_it_lacks(name: str, number: int) -> None:
    verdict = getattr(exercises, name)(ANSWERS[name][number])
    assert not verdict.right
    assert verdict.hint and verdict.hint_in_chinese
    # None failed by being no answer at all.
    assert "raised" not in verdict.hint and "no answer" not in verdict.hint
    assert "还不对" in str(verdict) and "not yet" in str(verdict)


def _raises(*arguments: object) -> None:
    raise ValueError("my own")


NO_ANSWERS: List[Any] = [
    None,
    ...,
    lambda *arguments: None,
    lambda *arguments: ...,
    _raises,
    "three",
    lambda *arguments: "three",
    object(),
    [],
    numpy.zeros((2, 2)),
    lambda: 0,
    lambda *arguments: float("nan"),
]


@pytest.mark.parametrize("name", CHECKS)
def test_whatever_is_answered_is_no_error(name: str) -> None:
    for answer in NO_ANSWERS:
        verdict = getattr(exercises, name)(answer)
        assert not verdict.right and verdict.hint and verdict.hint_in_chinese


def test_what_a_reader_has_not_written_is_said() -> None:
    for answer in (None, ..., lambda log_probs: None):
        assert "no answer yet" in exercises.check_8_5_a(answer).hint
    assert "ValueError: my own" in exercises.check_8_5_a(_raises).hint


def test_gluon_takes_the_gates_in_the_order_that_is_right() -> None:
    """The book's equations, and Gluon's layer with the matrices of the right answer."""
    rng = numpy.random.default_rng(1)
    gates = [np.array(W, dtype="float32") for W in rng.normal(size=(4, 2, 3))]
    X = np.array(rng.normal(size=(1, 1, 2)), dtype="float32")
    layer = rnn.LSTM(3, input_size=2)
    layer.initialize()
    layer.l0_i2h_weight.set_data(ANSWERS["check_9_2_b"][0](*gates))
    _, (H, C) = layer(X, layer.begin_state(1))
    step = ANSWERS["check_9_2_a"][0]
    expected = step(*(np.dot(X[0], W) for W in gates), np.zeros((1, 3)))
    for found, wanted in zip((H[0], C[0]), expected):
        numpy.testing.assert_allclose(found.asnumpy(), wanted.asnumpy(), rtol=1e-5)


def test_numbers_are_read_from_any_array() -> None:
    for value in ([[1, 2]], np.array([[1, 2]]), [np.array([1, 2])], ((1, 2),)):
        assert numbers(value, (1, 2)).tolist() == [[1, 2]]
    with pytest.raises(Hint, match="the shape is"):
        numbers([1, 2], (1, 2))
    assert near([1.0, 2.00001], numpy.array([1, 2]), 1e-4)
    assert not near([1.0, 2.01], numpy.array([1, 2]), 1e-4)
    with pytest.raises(Hint, match="not finite"):
        near(float("nan"), 1.0, 1e-4)
