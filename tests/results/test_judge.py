"""The rules' false alarms are as many as they say, and wrong set-ups are caught."""

from __future__ import annotations

import json
from typing import Tuple

import numpy as np
import pytest

from d2l_rnn.arrays import Floats
from d2l_rnn.results.book import BOOK as BOOK_FILE
from d2l_rnn.results.verdict.judge import LEVEL, judge, too_few
from d2l_rnn.results.verdict.mixed import INITIALISATION

from . import wrong_setups
from .made_runs import BOOK, builds_of

CURVES = {
    name: builds_of(number)
    for name, number in BOOK.items()
    if number.edition == "0.17" and len(number.builds) > 20
}
LANGUAGE = [name for name in CURVES if BOOK[name].metric == "perplexity"]
WRONG = wrong_setups.load()


def left_out(
    name: str, runs: int, random: np.random.RandomState
) -> Tuple[Floats, Floats]:
    """Some builds, chosen at random, and all the others."""
    builds = CURVES[name]
    order = random.permutation(len(builds))
    return builds[order[:runs]], builds[order[runs:]]


def at_another_pace(name: str, values: Floats, pace: float) -> Floats:
    """Curves as they would be if training went `pace` times as fast."""
    epochs = np.array(BOOK[name].epochs, dtype=float)
    places = np.clip(epochs * pace, epochs[0], epochs[-1])
    return np.exp([np.interp(places, epochs, curve) for curve in np.log(values)])


def test_one_run_gives_a_false_alarm_in_at_most_one_of_a_hundred() -> None:
    alarms = cases = 0
    for builds in CURVES.values():
        for index in range(len(builds)):
            judgement = judge(builds[[index]], np.delete(builds, index, axis=0))
            assert judgement.rule == "quarter" and judgement.p is None
            alarms += judgement.differs
            cases += 1
    assert cases == 480
    assert alarms == 1  # of this the rule's docstring speaks: 0.2 %


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_several_builds_give_a_false_alarm_in_at_most_one_of_a_hundred(
    runs: int,
) -> None:
    random = np.random.RandomState(runs)
    judged = [judge(*left_out(name, runs, random)) for name in CURVES for _ in range(6)]
    assert {judgement.rule for judgement in judged} == {"permutation"}
    p = np.array([judgement.p for judgement in judged])
    # 72 cases: 0.7 alarms; more than 4 have a chance below 1 in 1000
    assert sum(judgement.differs for judgement in judged) == (p <= LEVEL).sum() <= 4
    # and the p-values are those of draws from one distribution: uniform
    assert 0.35 < np.mean(p) < 0.65
    assert (p <= 0.5).mean() < 0.7


def test_the_right_set_up_is_reproduced_and_every_wrong_one_differs() -> None:
    """Really trained three times each; see ``wrong_setups``."""
    assert set(WRONG) == set(wrong_setups.SET_UPS)
    for name, curves in WRONG.items():
        assert sorted(curves) == ["1", "2", "3"]
        judgement = judge(list(curves.values()), CURVES["rnn"])
        assert judgement.differs == (name != "book"), name
        assert judgement.p is not None
        if name == "book":
            assert judgement.p > 0.5 and judgement.inside == 50
        else:  # the least that 13,244 regroupings can give
            assert judgement.p == 1 / 13244, name


def test_one_run_tells_the_gross_ones_only() -> None:
    """What the quarter rule does not tell of one run, three runs do."""
    told = {
        name: [judge([curve], CURVES["rnn"]).differs for curve in curves.values()]
        for name, curves in WRONG.items()
    }
    assert told["book"] == [False] * 3
    for name in ("hidden 224", "state reset", "lr 0.5", "batch 16"):
        assert told[name] == [True] * 3, name


@pytest.mark.parametrize("runs", [3, 5])
@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_three_percent_of_pace_are_told(name: str, runs: int) -> None:
    random = np.random.RandomState(runs)
    for _ in range(8):
        ours, others = left_out(name, runs, random)
        assert judge(at_another_pace(name, ours, 0.97), others).differs


def test_heavy_tails_raise_no_alarm() -> None:
    random = np.random.RandomState(0)
    alarms = 0
    for _ in range(300):
        curves = np.exp(0.02 * random.randn(43, 30) + 0.1)
        spikes = random.random_sample(curves.shape) < 0.15
        curves[spikes] *= np.exp(random.exponential(1.0, spikes.sum()))
        alarms += judge(curves[:2], curves[2:]).differs
    assert alarms <= 9  # 3 expected; more has a chance of 1 in 1000


def test_a_run_that_ends_in_a_spike_is_reproduced() -> None:
    builds = CURVES["rnn-scratch"]
    spiked = np.flatnonzero(builds[:, -1] > 1.12)
    assert len(spiked) == 6
    for index in spiked:
        assert not judge(builds[[index]], np.delete(builds, index, axis=0)).differs


def test_the_last_epoch_gets_no_second_look() -> None:
    """All the highest ends, on curves like any other: one epoch of fifty."""
    builds = CURVES["gru"].copy()
    for runs in (1, 3):
        builds[:runs, -1] = 1.001 * builds[:, -1].max()
        assert not judge(builds[:runs], builds[runs:]).differs


@pytest.mark.parametrize("name", "rnn gru lstm deep-lstm bilstm seq2seq".split())
@pytest.mark.parametrize("scatter", [0, INITIALISATION])
def test_the_pytorch_edition_differs(name: str, scatter: float) -> None:
    # the same hyperparameters with another initialisation, decoder and framework
    entry = json.loads(BOOK_FILE.read_text())[name]["pytorch"]
    assert entry["epochs"] == list(BOOK[name].epochs)
    assert judge([entry["median"]], CURVES[name], scatter).differs


@pytest.mark.parametrize("pace", [0.67, 0.9, 1.1, 1.5])
@pytest.mark.parametrize("name", LANGUAGE)
def test_another_pace_of_training_differs(name: str, pace: float) -> None:
    # what another learning rate, fewer hidden units or no clipping come to
    random = np.random.RandomState(0)
    for runs, scatter in ((1, 0), (3, 0), (3, INITIALISATION)):
        ours, others = left_out(name, runs, random)
        assert judge(at_another_pace(name, ours, pace), others, scatter).differs


@pytest.mark.parametrize("judged", LANGUAGE)
def test_every_other_language_model_differs(judged: str) -> None:
    alike = {"gru", "gru-scratch"}  # one reset gate apart: it takes more runs
    for other in set(LANGUAGE) - {judged}:
        if {judged, other} == alike:
            assert judge(CURVES[other][:3], CURVES[judged]).differs
            continue
        for curve in CURVES[other][:5]:
            assert judge([curve], CURVES[judged]).differs, other


@pytest.mark.parametrize("scatter", [0, INITIALISATION])
@pytest.mark.parametrize("runs", [1, 3])
def test_diverged_and_missing_values_differ(runs: int, scatter: float) -> None:
    builds = CURVES["lstm"]
    for value in (np.inf, np.nan):
        ours = builds[:runs].copy()
        ours[:, 10:] = value
        assert judge(ours, builds[runs:], scatter).differs


@pytest.mark.parametrize("scatter", [0, INITIALISATION])
@pytest.mark.parametrize("runs", [1, 2])
def test_the_verdict_depends_on_neither_units_nor_order(
    runs: int, scatter: float
) -> None:
    ours, others = left_out("gru", runs, np.random.RandomState(1))
    first = judge(ours, others, scatter)
    again = judge(ours[::-1] * 7.0, others * 7.0, scatter)
    assert (first.rule, first.inside) == (again.rule, again.inside)
    for one, two in ((first.p, again.p), (first.ratio, again.ratio)):
        assert (one is None) == (two is None)
        if one is not None and two is not None:
            np.testing.assert_allclose(one, two, rtol=1e-9, atol=0)


def test_more_scatter_is_less_of_a_difference() -> None:
    """r is what the weights may have done; at r = 0 the permutation is told beside."""
    ours, others = left_out("rnn", 3, np.random.RandomState(0))
    ours = at_another_pace("rnn", ours, 0.97)
    found = [judge(ours, others, scatter) for scatter in (0.2, 0.5, 1.0)]
    p = [judgement.p for judgement in found if judgement.p is not None]
    assert p == sorted(p) and p[0] < LEVEL < p[-1]
    assert {judgement.p_shared for judgement in found} == {judge(ours, others).p}


def test_too_few_are_not_judged() -> None:
    assert too_few(1, 41) is None
    assert too_few(3, 11) is None
    assert too_few(1, 11) == "1 of the 3 seeds that 11 builds need"
    assert "3 builds only" in str(too_few(5, 3))
    with pytest.raises(ValueError, match="no runs"):
        judge(np.empty((0, 1)), CURVES["gru"][:, :1])
