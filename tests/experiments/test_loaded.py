"""A finished run in the reader's hands: it writes what its record says it wrote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Dict

import numpy
import pytest

from d2l_rnn.errors import RunError, UsageError
from d2l_rnn.experiments.loaded import LoadedRun, load_run
from d2l_rnn.generation.choosing import Choice, Steps
from d2l_rnn.inference.decoding import greedy_search, sample
from d2l_rnn.inference.hmm import HiddenMarkovModel, log_likelihood
from d2l_rnn.inference.hmm_steps import HMMSteps

KEPT = Path(__file__).parents[1] / "public" / "runs"
WITH_TEXTS = ("edition-v1", "gluon", "handwritten", "handwritten-gated", "scratch")


def result_of(name: str) -> Any:
    return json.loads((KEPT / name / "result.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", WITH_TEXTS)
def test_the_recorded_texts_are_written_again(name: str) -> None:
    """Made by MXNet and d2l on version 0.1.0; here neither is asked."""
    run = load_run(KEPT / name)
    num_preds = run.config.num_preds
    texts = [run.generate(prefix, num_preds) for prefix in run.prefixes()]
    assert texts == result_of(name)["texts"]
    assert run.history[-1]["epoch"] == len(run.history) == 2


def test_the_greedy_line_of_a_language_is_written_again() -> None:
    run = load_run(KEPT / "one-to-many")
    for language, lines in result_of("one-to-many")["lines"].items():
        text = run.generate("", run.config.num_steps, label=language)
        assert text == lines["greedy"]
    begun = [run._begin(label)[0] for label in run.labels]
    assert abs(begun[0] - begun[1]).max() > 0


def test_the_net_has_the_weights() -> None:
    from mxnet import cpu, np

    run = load_run(KEPT / "scratch")
    net = run.net()
    logits, _ = net(np.array([[3]]), net.begin_state(batch_size=1, ctx=cpu()))
    log_probs, _ = run.steps.step(numpy.array([3]), run.steps.begin_state(1))
    expected = logits.asnumpy() - numpy.log(numpy.exp(logits.asnumpy()).sum())
    numpy.testing.assert_allclose(log_probs, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_an_hmm_s_steps_multiply_to_the_likelihood(seed: int) -> None:
    rng = numpy.random.default_rng(seed)
    tables = [rng.dirichlet(numpy.ones(n), m) for n, m in ((4, 1), (4, 4), (6, 4))]
    model = HiddenMarkovModel(tables[0][0], tables[1], tables[2])
    steps = HMMSteps(model)
    ids = rng.integers(0, 6, 9)
    state, total = steps.begin_state(1), log_likelihood(model, ids[:1])
    for token, following in zip(ids[:-1], ids[1:]):
        log_probs, state = steps.step(numpy.array([token]), state)
        numpy.testing.assert_allclose(numpy.exp(log_probs).sum(), 1, rtol=1e-12)
        total = total + log_probs[0, following]
    numpy.testing.assert_allclose(total, log_likelihood(model, ids), rtol=1e-12)


def chosen(run: LoadedRun, choice: Choice, number: int = 30) -> Any:
    return [one.token for one in run.chosen("the", number, choice)]


def begun(run: LoadedRun) -> Any:
    steps: Steps = run.steps
    state = steps.begin_state(1)
    for token in run.ids("the")[:-1]:
        _, state = steps.step(numpy.array([token]), state)
    return state, run.ids("the")[-1]


@pytest.mark.parametrize("name", [*WITH_TEXTS[1:], "hmm"])
def test_tokens_are_those_of_the_searches(name: str) -> None:
    run = load_run(KEPT / name)
    state, last = begun(run)
    arguments = run.steps.step, run.steps.select, state, [last], None, 30
    assert chosen(run, Choice()) == list(greedy_search(*arguments)[0].tokens)
    for limits in ({"temperature": 0.7}, {"top_k": 5}, {"top_p": 0.9}):
        choice = Choice(**limits, seed=4)
        generator = numpy.random.default_rng([4, 0])
        named: Dict[str, Any] = limits
        [expected] = sample(*arguments, generator, **named)
        assert chosen(run, choice) == list(expected.tokens)
    assert run.generate("the", 8, beam=1) == run.generate("the", 8)
    assert chosen(run, Choice(temperature=1.0, seed=1)) != chosen(
        run, Choice(temperature=1.0, seed=2)
    )


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"temperature": 0.0}, "temperature 0"),
        ({"temperature": float("nan")}, "temperature nan"),
        ({"temperature": float("inf")}, "temperature inf"),
        ({"top_k": 0}, "top_k 0"),
        ({"top_p": 1.5}, "top_p 1.5"),
        ({"beam": 0}, "beam 0"),
        ({"beam": 2, "top_k": 2}, "beam contradicts"),
        ({"label": "French"}, "knows no classes"),
        ({"prefix": "tim漢é"}, "not among the 27 tokens"),
        ({"prefix": ""}, "at least one token"),
    ],
)
def test_bad_arguments_are_named(wrong: Dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_run(KEPT / "gluon").generate(**{"prefix": "time", **wrong})


@pytest.mark.parametrize(
    "name, words",
    [
        ("seq2seq", "seq2seq continues no texts"),
        ("sequence", "sequence continues no texts"),
        ("nowhere", "no such directory"),
    ],
)
def test_runs_that_continue_no_texts_are_refused(name: str, words: str) -> None:
    with pytest.raises(RunError, match=words):
        load_run(KEPT / name)


@pytest.mark.parametrize(
    "file, words",
    [("checkpoint.safetensors", "no such file"), ("result.json", "not finished")],
)
def test_what_is_missing_is_named(tmp_path: Path, file: str, words: str) -> None:
    shutil.copytree(KEPT / "gluon", tmp_path / "run")
    (tmp_path / "run" / file).unlink()
    with pytest.raises(RunError, match=words):
        load_run(tmp_path / "run")


def test_a_changed_record_is_refused(tmp_path: Path) -> None:
    shutil.copytree(KEPT / "gluon", tmp_path / "run")
    path = tmp_path / "run" / "epochs.jsonl"
    path.write_text(path.read_text().replace('"tokens": ', '"tokens": 1'))
    with pytest.raises(RunError, match="changed after it was written"):
        load_run(tmp_path / "run")
