"""The noisy sine, and windows of it."""

from __future__ import annotations

import numpy as np
import pytest

from d2l_rnn.data.series import noisy_sine, windows
from d2l_rnn.errors import UsageError


def test_without_noise_it_is_a_sine_that_begins_at_one() -> None:
    time, x = noisy_sine(np.zeros(700))
    assert time[0] == 1 and time[-1] == 700
    np.testing.assert_allclose(x, np.sin(time / 100), rtol=0, atol=1e-6)
    noise = np.random.normal(size=700)
    np.testing.assert_allclose(noisy_sine(noise)[1] - x, noise, rtol=0, atol=1e-6)


@pytest.mark.parametrize("tau", [1, 4, 9])
def test_every_value_stands_behind_the_values_before_it(tau: int) -> None:
    x = np.random.normal(size=10)
    features, labels = windows(x, tau)
    assert features.shape == (10 - tau, tau) and labels.shape == (10 - tau, 1)
    for i, (feature, label) in enumerate(zip(features, labels)):
        np.testing.assert_array_equal([*feature, *label], x[i : i + tau + 1])


@pytest.mark.parametrize("tau", [0, 10])
def test_a_window_of_all_or_of_nothing_is_refused(tau: int) -> None:
    with pytest.raises(UsageError, match=f"tau {tau}: from 1 to 9"):
        windows(np.zeros(10), tau)
