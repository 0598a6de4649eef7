"""Truncation measured: bias, variance, and what eigenvalues and clipping do."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from mxnet import init
from mxnet import np as mx_np
from mxnet.gluon import rnn

from d2l_rnn.experiments.bptt import RANDOMISED, REGULAR, strategies
from d2l_rnn.experiments.configs_sequences import BpttConfig
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find
from d2l_rnn.inference.gradient_flow import RADII, jacobians, train_linear
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.results.printed import truncation
from d2l_rnn.training.truncation_bias import bias_by_length, compare_gradients, measure

SMALL = BpttConfig(
    corpus="sample",
    num_hiddens=8,
    batch_size=3,
    num_steps=16,
    length=4,
    period=2,
    num_draws=60,
)


def far_reaching() -> RNNModel:
    """A net whose weights are large: its gradient reaches far."""
    net = RNNModel(rnn.RNN(SMALL.num_hiddens), 5)
    net.initialize(init.Normal(0.4))
    return net


def test_an_estimator_whose_mean_and_variance_are_known() -> None:
    full = np.random.normal(size=300)
    deviation = np.random.uniform(0.1, 1, size=300)
    draws = 0.9 * full + deviation * np.random.normal(size=(4000, 300))
    found = compare_gradients(draws, full)
    size = np.linalg.norm(full)
    noise = np.linalg.norm(deviation)
    assert abs(found["relative_bias"] - 0.1) < 0.02
    np.testing.assert_allclose(
        found["coordinate_variance"], (deviation**2).mean(), rtol=0.03, atol=0
    )
    np.testing.assert_allclose(
        found["relative_deviation"], noise / size, rtol=0.03, atol=0
    )
    expected = 0.9 * size / math.hypot(0.9 * size, noise)
    np.testing.assert_allclose(found["cosine"], expected, rtol=0.02, atol=0)
    assert found["cosine_of_mean"] > 0.999
    exact = compare_gradients(full[None], full)
    assert exact["relative_bias"] == exact["relative_deviation"] == 0


def test_regular_truncation_is_biased_and_the_randomised_one_is_not() -> None:
    X, Y = (mx_np.random.randint(0, 5, (3, 16)) for _ in range(2))
    net, rng = far_reaching(), np.random.default_rng(SMALL.seed)
    full, regular, randomised = [
        measure(net, X, Y, weights, SMALL.num_draws if name == RANDOMISED else 1)
        for name, weights in strategies(SMALL, rng).items()
    ]
    assert full["relative_bias"] == 0 and full["longest_segment"] == 16
    assert regular["relative_bias"] > 0.03 and regular["relative_deviation"] == 0
    assert regular["longest_segment"] == 4
    assert randomised["relative_bias"] < 4 * randomised["relative_standard_error"]
    assert randomised["relative_deviation"] > 0.03
    assert 2 <= randomised["longest_segment"] <= 16


def test_the_longer_the_segment_the_smaller_the_bias() -> None:
    X, Y = (mx_np.random.randint(0, 5, (3, 16)) for _ in range(2))
    bias = bias_by_length(far_reaching(), X, Y)
    assert list(bias) == ["1", "2", "4", "8", "16"]
    assert bias["16"] == 0 and bias["1"] > bias["8"] > 0


def test_eigenvalues_decide_what_vanishes_and_what_explodes() -> None:
    norms = jacobians(60, np.random.randint(1000))
    for radius in RADII:
        linear, tanh = (norms[f"{n}, radius {radius}"] for n in ("linear", "tanh"))
        rate = (linear[-1] / linear[20]) ** (1 / 40)
        assert abs(rate - radius) < 0.05
        assert tanh[-1] < linear[-1]


def test_clipping_keeps_an_exploding_net_alive() -> None:
    ids = [int(i) for i in np.random.randint(0, 5, 1000)]
    norms, loss = train_linear(ids, 5, 60, 1.2, math.inf, 1)
    assert not math.isfinite(loss) and len(norms) < 60
    norms, loss = train_linear(ids, 5, 60, 1.2, 1.0, 1)
    assert math.isfinite(loss) and len(norms) == 60


def test_a_tiny_run(tmp_path: Path) -> None:
    config = BpttConfig(
        corpus="sample",
        max_tokens=400,
        num_hiddens=4,
        batch_size=4,
        num_steps=16,
        num_epochs=2,
        num_draws=3,
        flow_steps=8,
    )
    options = Options(out=str(tmp_path / "run"), quiet=True)
    record = run_experiment(find("bptt"), config, options)
    record.verify()
    result = record.result
    assert result is not None
    # At the book's tiny initial weights nothing flows far, so all three begin alike.
    first = record.epochs[0]
    for name in (REGULAR, RANDOMISED):
        assert abs(first[f"{name}_perplexity"] - first["perplexity"]) < 0.05
    assert all(g["seconds_per_update"] > 0 for g in result["gradients"].values())
    assert len(truncation(result).splitlines()) == 12
    pictures = {path.name for path in record.directory.glob("*.png")}
    assert pictures == {
        "curve.png",
        "strategies.png",
        "gradient-flow.png",
        "clipping.png",
    }
