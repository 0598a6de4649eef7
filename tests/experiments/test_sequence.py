"""The noisy sine: the book's own series, curve and failure far ahead."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from d2l_rnn.arrays import Floats
from d2l_rnn.data.series import noisy_sine
from d2l_rnn.errors import UsageError
from d2l_rnn.experiments.configs_sequences import SequenceConfig
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find
from d2l_rnn.inference.rollout import continue_series, errors, predict_ahead
from d2l_rnn.results import printed
from d2l_rnn.results.book import load_book


def test_the_books_curve_and_its_failure_far_ahead(tmp_path: Path) -> None:
    experiment = find("sequence")
    options = Options(out=str(tmp_path / "run"), quiet=True)
    record = run_experiment(experiment, experiment.config, options)
    record.verify()
    number = load_book()["sequence"]
    low, _, high = number.band()
    # Over 12 seeds no epoch left the builds' range by more than a tenth of it.
    for row, bottom, top in zip(record.epochs, low, high):
        assert 0.9 * bottom < number.value_of(row) < 1.1 * top
    result = record.result
    assert result is not None
    assert result["loss"] == pytest.approx(number.value_of(record.epochs[-1]))
    error = result["rmse_ahead"]
    assert list(error) == [str(k) for k in range(1, 65)]
    assert 0.2 < error["1"] < 0.3 < error["16"] < error["64"]
    assert result["continued_constant_from"] < 800
    # mean squared errors, and no perplexity: there are no probabilities
    squares = [error[str(k)] ** 2 for k in (1, 4, 16, 64)]
    assert list(result["mse_ahead"]) == ["1", "4", "16", "64"]
    assert list(result["mse_ahead"].values()) == pytest.approx(squares, rel=1e-12)
    text = printed.series(result)
    assert "loss 0.0" in text and f"1: {squares[0]:.4f}, 4: " in text
    assert "perplexity" not in result and "perplexity" not in text
    assert not any("perplexity" in row for row in record.epochs)
    # what a run costs is more than its epochs
    assert result["wall_seconds"] > result["seconds"] > 0
    pictures = {path.name for path in record.directory.glob("*.png")}
    assert pictures == {"curve.png", "continued.png", "steps-ahead.png", "error.png"}


def test_errors_of_a_model_that_knows_the_sine() -> None:
    """Only the noise remains of the error, however far ahead."""
    noise = np.random.normal(0, 0.1, 900)
    x = noisy_sine(noise)[1].astype("float64")
    clean = noisy_sine(np.zeros(900))[1].astype("float64")

    def predict(last: Floats) -> Floats:
        return 2 * np.cos(0.01) * last[:, -1] - last[:, -2]

    found: Any = errors(
        predict_ahead(predict, clean, 32, 2),
        continue_series(predict, clean[:102], 798, 2),
        x,
        known=102,
        tau=2,
    )
    targets = noise[102 + 31 :]
    remaining = np.sqrt((targets**2).mean())
    np.testing.assert_allclose(
        list(found["rmse_ahead"].values()), remaining, rtol=0.02, atol=0
    )
    assert found["continued_constant_from"] > 890


def test_a_series_too_short_for_its_steps_is_refused() -> None:
    with pytest.raises(UsageError, match="--num-points 600: at least 731"):
        dataclasses.replace(SequenceConfig(), num_points=600)
