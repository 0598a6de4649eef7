"""Many to one and one to many on the sample: they learn what they are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from mxnet import cpu, np, npx

from d2l_rnn.cli import main
from d2l_rnn.data.lines import Line
from d2l_rnn.experiments.configs_sequences import LinesConfig, OneToManyConfig
from d2l_rnn.experiments.many_to_one import ManyToOneRun
from d2l_rnn.experiments.one_to_many import OneToManyRun
from d2l_rnn.inference import decoding
from d2l_rnn.results.record import read_run

SMALL = "--corpus sample --quiet --num-steps 22 --num-hiddens 16 --embed-size 8".split()


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def made(config: LinesConfig) -> ManyToOneRun:
    return ManyToOneRun(config, cpu(), print)


def test_minibatches_hold_the_lines() -> None:
    data = made(LinesConfig(corpus="sample", num_steps=20))
    seen = []
    for X, valid_len, languages in data.heldout_iter:
        for row, length, language in zip(X, valid_len, languages):
            ids = [int(i) for i in row]
            tokens = data.vocab.to_tokens(ids[: int(length)])
            assert tokens[-1] == "<eos>"
            assert set(ids[int(length) :]) <= {data.vocab["<pad>"]}
            seen.append(Line("".join(tokens[:-1]), int(language)))
    known = [
        line for line, found in zip(data.heldout, seen) if "<unk>" not in found.text
    ]
    assert known == [line for line in seen if "<unk>" not in line.text]
    assert len(seen) == len(data.heldout) and len(known) > 0.9 * len(seen)


def test_trigrams_tell_two_made_languages_apart() -> None:
    data = made(LinesConfig(corpus="sample"))
    data.training = [Line("the cat sat there", 0), Line("le chat est là", 1)] * 3
    accuracy = data.trigrams()
    assert accuracy([Line("the that", 0), Line("le chat là", 1)]) == 1
    assert accuracy([Line("le chat", 0), Line("le chat", 1)]) == 0.5


def test_many_to_one_tells_english_from_french(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--epochs", "3", "--batch-size", "32", "--lr", "0.02", *SMALL]
    assert main(["run", "many-to-one", *arguments]) == 0
    run = read_run(Path("runs/many-to-one/seed-1"))
    run.verify()
    assert run.result is not None
    assert run.result["heldout_accuracy"] > 0.85  # chance: a half
    assert run.result["trigram_accuracy"] > 0.95
    assert "of 100 held-out lines" in capsys.readouterr().out
    assert (run.directory / "curve.png").exists()


def test_one_to_many_speaks_the_language_it_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--epochs", "3", "--batch-size", "32", "--lr", "0.02", *SMALL]
    assert main(["run", "one-to-many", *arguments]) == 0
    run = read_run(Path("runs/one-to-many/seed-1"))
    run.verify()
    result: Any = run.result
    assert result["heldout_perplexity"] < 12  # of some 50 characters
    assert result["other_label_perplexity"] > 1.05 * result["heldout_perplexity"]
    lines = result["lines"]["French"]
    assert len(lines["sampled"]) == 5
    assert all(len(line) <= 22 for line in lines["sampled"])
    assert lines["greedy"] in capsys.readouterr().out


def test_lines_are_the_net_s_own() -> None:
    """Greedy and drawn: the net is asked by MXNet here, character by character."""
    config = OneToManyConfig(corpus="sample", num_hiddens=8, embed_size=5)
    run = OneToManyRun(config, cpu(), print)
    for parameter in run.net.collect_params().values():
        parameter.set_data(np.random.normal(scale=0.6, size=parameter.shape))

    def step(tokens: Any, state: Any) -> Any:
        logits, state = run.net(np.array(tokens).reshape(-1, 1), state)
        return npx.log_softmax(logits[:, 0], axis=-1).asnumpy(), state

    def select(state: Any, rows: Any) -> Any:
        return [np.take(array, np.array(rows), axis=1) for array in state]

    bos, eos = run.vocab["<bos>"], run.vocab["<eos>"]
    for language in (0, 1):
        state = run.net.begin_state(np.full(4, language))
        arguments = (step, select, state, [bos] * 4, eos, config.num_steps)
        drawn = decoding.sample(
            *arguments, numpy.random.default_rng(5), temperature=config.temperature
        )
        generator = numpy.random.default_rng(5)
        for found, hypotheses in (
            (run.generate(language, 4), decoding.greedy_search(*arguments)),
            (run.generate(language, 4, generator), drawn),
        ):
            texts = ["".join(run.vocab.to_tokens(list(h.tokens))) for h in hypotheses]
            assert found == texts
