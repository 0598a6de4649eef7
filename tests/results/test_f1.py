"""F1 against an example counted by hand."""

from __future__ import annotations

import pytest

from d2l_rnn.results.metrics import class_f1, macro_f1


def test_by_hand() -> None:
    # 2 hits, 1 false alarm, 2 misses, 2 rightly left alone.
    truth = [True, True, True, True, False, False, False]
    found = [True, True, False, False, True, False, False]
    numbers = class_f1(truth, found)
    assert numbers["support"] == 4
    assert numbers["precision"] == pytest.approx(2 / 3)
    assert numbers["recall"] == pytest.approx(1 / 2)
    assert numbers["f1"] == pytest.approx(4 / 7)


def test_nothing_called_and_nothing_there() -> None:
    assert class_f1([True], [False]) == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "support": 1,
    }
    assert class_f1([], [])["f1"] == 0.0
    assert class_f1([False], [False])["support"] == 0


def test_macro_is_the_mean_over_what_occurs() -> None:
    classes = {
        "a": class_f1([True, False], [True, False]),
        "b": class_f1([True, True, False], [True, False, True]),
        "absent": class_f1([False], [True]),
    }
    assert macro_f1(classes) == pytest.approx((1 + 0.5) / 2)
    assert macro_f1({}) == 0.0
