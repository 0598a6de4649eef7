"""Predictions that are fed back: exact where the model is, and a law for any model."""

from __future__ import annotations

import numpy as np
import pytest

from d2l_rnn.arrays import Floats
from d2l_rnn.errors import UsageError
from d2l_rnn.inference.rollout import continue_series, predict_ahead


def recurrence(last: Floats) -> Floats:
    """``x_t = 1.9 x_{t-1} - x_{t-2}``, an oscillation that never ends."""
    return 1.9 * last[:, -1] - last[:, -2]


def oscillation(num_points: int) -> Floats:
    x = list(np.random.normal(size=2))
    while len(x) < num_points:
        x.append(1.9 * x[-1] - x[-2])
    return np.array(x)


def test_the_right_model_is_right_any_number_of_steps_ahead() -> None:
    x = oscillation(60)
    np.testing.assert_allclose(
        continue_series(recurrence, x[:20], 40, 2), x[20:], rtol=1e-7, atol=1e-9
    )
    ahead = predict_ahead(recurrence, x, 16, 2)
    assert ahead.shape == (16, 60 - 2 - 16 + 1)
    for k in range(1, 17):
        expected = x[2 + k - 1 :][: ahead.shape[1]]
        np.testing.assert_allclose(ahead[k - 1], expected, rtol=1e-7, atol=1e-9)


def test_each_start_goes_on_as_if_it_were_alone() -> None:
    weights = np.random.normal(size=3)

    def predict(last: Floats) -> Floats:
        return np.tanh(last @ weights)

    x = np.random.normal(size=25)
    ahead = predict_ahead(predict, x, 6, 3)
    for start in range(ahead.shape[1]):
        alone = continue_series(predict, x[: start + 3], 6, 3)
        np.testing.assert_allclose(ahead[:, start], alone, rtol=1e-12, atol=0)


def test_too_short_a_series_is_refused() -> None:
    with pytest.raises(UsageError, match="10 points: 8 steps ahead of 3 .* need 11"):
        predict_ahead(recurrence, np.zeros(10), 8, 3)
    with pytest.raises(UsageError, match="tau 3 and 1 steps of 2 points"):
        continue_series(recurrence, np.zeros(2), 1, 3)
