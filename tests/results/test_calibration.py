"""The p-values are p-values: P(p <= a) <= a where nothing differs, for every a."""

from __future__ import annotations

import itertools
import runpy
from pathlib import Path
from typing import List

import numpy as np
import pytest

from d2l_rnn.arrays import Floats
from d2l_rnn.results.verdict.mixed import in_spreads, mixed_p, waves
from d2l_rnn.results.verdict.permutation import (
    SAMPLES,
    centred_ranks,
    permutation_p,
    regroupings,
    statistic,
)
from d2l_rnn.results.verdict.power import slower, smallest_told

from .made_runs import BOOK, builds_of


def curves_with(kind: str, total: int, num_epochs: int) -> Floats:
    """Curves whose epochs hang together: not at all, smoothly, or wholly."""
    random = np.random.RandomState(0)
    noise = random.standard_normal((total, num_epochs))
    if kind == "constant":
        return np.asarray(noise[:, :1] + 0.01 * noise)
    if kind == "smooth":
        return np.asarray(random.standard_normal((total, 4)) @ waves(num_epochs))
    if kind == "ties":
        return np.round(noise)
    return np.asarray(noise**3)


@pytest.mark.parametrize("kind", ["constant", "smooth", "ties", "heavy tails"])
def test_of_all_labellings_at_most_a_share_a_has_p_at_most_a(kind: str) -> None:
    """Exact: each of the 286 ways to call 3 of 13 curves ours is judged."""
    curves = curves_with(kind, 13, 8)
    p: List[float] = []
    for chosen in itertools.combinations(range(13), 3):
        others = [index for index in range(13) if index not in chosen]
        p.append(permutation_p(curves[list(chosen)], curves[others]))
    lattice = np.arange(1, 287) / 286
    found = np.array([(np.array(p) <= a + 1e-12).mean() for a in lattice])
    assert (found <= lattice + 1e-12).all()
    assert min(p) <= 2 / 286 and found[-1] == 1


def test_the_statistic_is_the_mean_squared_mann_whitney_z() -> None:
    random = np.random.RandomState(0)
    ours, builds = random.randn(3, 7), random.randn(11, 7)
    m, n = len(ours), len(builds)
    wins = (ours[:, None] > builds[None]).sum(axis=(0, 1))  # Mann and Whitney's U
    z = (wins - m * n / 2) / np.sqrt(m * n * (m + n + 1) / 12)
    found = statistic(centred_ranks(np.vstack([ours, builds])), regroupings(m + n, m))
    np.testing.assert_allclose(found[0], (z**2).mean(), rtol=1e-12, atol=0)
    # over all regroupings z^2 has mean 1
    np.testing.assert_allclose(found.mean(), 1, rtol=1e-12, atol=0)


def test_the_p_value_counts_the_regroupings() -> None:
    # of the 231 ways to choose 2 of 22, only the two lowest are as far out as the top
    values = np.arange(22.0)[:, None]
    assert permutation_p(values[20:], values[:20]) == 2 / 231
    middle = values[[*range(10), *range(12, 22)]]
    assert permutation_p(values[10:12], middle) == 1.0


def test_where_there_are_too_many_a_fixed_draw_and_ours_are_counted() -> None:
    groups = regroupings(46, 5)
    assert groups.shape == (SAMPLES + 1, 46)
    np.testing.assert_array_equal(groups[0, :5], 0.2)
    np.testing.assert_allclose(groups.sum(axis=1), 1, rtol=1e-12, atol=0)
    values = np.arange(46.0)[:, None]
    assert 1 / (SAMPLES + 1) <= permutation_p(values[:5], values[5:]) < 5 / SAMPLES


def null_p(kind: str, runs: int, scatter: float, repeats: int) -> Floats:
    """p of runs that differ from 41 builds in their weights alone."""
    random = np.random.RandomState(runs)
    shapes = np.ones((1, 20)) if kind == "constant" else waves(20)
    found = []
    for _ in range(repeats):
        # what offsets do hangs together over some epochs, as the builds' does
        noise = random.standard_normal((41 + runs, 22))
        curves = (noise[:, :-2] + noise[:, 1:-1] + noise[:, 2:]) / 3**0.5
        effects = random.standard_normal((runs + 1, len(shapes))) @ shapes
        curves[:runs] += scatter * (effects[1:] - effects[0])
        found.append(mixed_p(0.02 * curves[:runs], 0.02 * curves[runs:], scatter))
    return np.array(found)


def excess(p: Floats) -> float:
    """By how many standard errors P(p <= a) exceeds a, at most."""
    levels = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7])
    shares = np.array([(p <= level).mean() for level in levels])
    errors = np.sqrt(levels * (1 - levels) / len(p))
    return float(((shares - levels) / errors).max())


@pytest.mark.parametrize("runs", [3, 5])
@pytest.mark.parametrize("kind", ["constant", "smooth"])
def test_weights_of_their_own_raise_no_more_alarms_than_told(
    kind: str, runs: int
) -> None:
    p = null_p(kind, runs, 0.5, 150)
    assert excess(p) < 3 and (p <= 0.01).mean() <= 0.03
    assert 0.4 < np.median(p)  # and it is not asleep
    assert np.median(p) < 0.8


@pytest.mark.slow
@pytest.mark.parametrize("scatter", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("runs", [1, 3, 5])
@pytest.mark.parametrize("kind", ["constant", "smooth"])
def test_weights_of_their_own_raise_alarms_in_one_of_a_hundred(
    kind: str, runs: int, scatter: float
) -> None:
    p = null_p(kind, runs, scatter, 3000)
    assert excess(p) < 2.5


@pytest.mark.slow
@pytest.mark.parametrize("runs", [1, 3])
def test_eleven_builds_of_one_epoch_raise_alarms_in_one_of_a_hundred(
    runs: int,
) -> None:
    """What the 1.0 edition's numbers are judged by."""
    random = np.random.RandomState(0)
    found = []
    for _ in range(3000):
        values = random.standard_normal((11 + runs, 1))
        weights = random.standard_normal((runs + 1, 1))
        values[:runs] += 0.5 * (weights[1:] - weights[0])
        found.append(mixed_p(0.02 * values[:runs], 0.02 * values[runs:], 0.5))
    assert (np.array(found) <= 0.01).mean() <= (0.015 if runs == 3 else 0.05)


def test_builds_that_all_agree_are_no_division_by_zero() -> None:
    builds = np.zeros((20, 4))
    assert mixed_p(builds[:3], builds, 0.5) == 1
    assert mixed_p(builds[:3] + 1, builds, 0.5) < 0.01
    ours, others = in_spreads(np.full((1, 4), 1e9), builds)
    assert np.isfinite(ours).all() and (others == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["book", "seed"])
@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize("name", ["rnn", "gru-scratch", "bilstm", "seq2seq"])
def test_the_power_that_is_printed_is_there(name: str, runs: int, weights: str) -> None:
    """The rule itself, not its shortcut: about nine times in ten."""
    from d2l_rnn.results.verdict.compare import scatter_of
    from d2l_rnn.results.verdict.judge import judge

    number, random = BOOK[name], np.random.RandomState(0)
    change = smallest_told(number, runs, weights)
    builds = builds_of(number)
    changed = np.exp(slower(number, np.log(builds), change))
    scatter = scatter_of(number, weights)
    deviation = np.log(builds).std(axis=0, ddof=1)
    told = []
    for _ in range(60):
        order = random.permutation(len(builds))
        effect = scatter * random.standard_normal(runs + 1)
        moved = np.exp(np.outer(effect[1:] - effect[0], deviation))
        ours = changed[order[:runs]] * moved
        told.append(judge(ours, builds[order[runs:]], scatter).differs)
    assert np.mean(told) > 0.8


def test_more_runs_tell_smaller_changes() -> None:
    for weights in ("book", "seed"):
        changes = [smallest_told(BOOK["rnn"], runs, weights) for runs in (1, 3, 5)]
        assert changes == sorted(changes, reverse=True) and changes[0] < 0.1
    assert smallest_told(BOOK["rnn"], 3, "book") <= 0.02


@pytest.mark.slow
def test_the_page_of_the_rules_is_up_to_date() -> None:
    """Its tables; ``scripts/make_verdict_page.py`` renews them, and its picture."""
    root = Path(__file__).parents[2]
    if not (root / "docs" / "verdict.md").exists():
        pytest.skip("docs/ is not beside this")
    page = (root / "docs" / "verdict.md").read_text("utf-8")
    script = runpy.run_path(str(root / "scripts" / "make_verdict_page.py"))
    assert script["power_table"]() in page
    assert script["wrong_setups_table"]() in page
