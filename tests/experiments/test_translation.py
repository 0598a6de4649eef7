"""Translation runs: their record, exact resumption, and the translate command."""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import math
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
from mxnet import cpu

from d2l_rnn.chapters_translation import predict_seq2seq
from d2l_rnn.cli import main
from d2l_rnn.data.pairs import load_pairs
from d2l_rnn.errors import UsageError
from d2l_rnn.experiments import translation
from d2l_rnn.experiments.configs_translation import (
    Seq2SeqAttentionConfig,
    Seq2SeqConfig,
)
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find
from d2l_rnn.experiments.trained import load, load_translator
from d2l_rnn.generation.live_translations import LiveTranslator
from d2l_rnn.generation.translations import Translator
from d2l_rnn.results.record import read_run

TINY: Dict[str, Any] = {
    "num_examples": 0,
    "num_heldout": 8,
    "batch_size": 16,
    "num_steps": 7,
    "embed_size": 6,
    "num_hiddens": 6,
    "num_epochs": 3,
    "lr": 0.02,
    "beam_sizes": "2",
}
SILENT = {"quiet": True, "plot": False}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a few of the sample's pairs."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    lines = load_pairs("sample").text.splitlines()
    path.write_text("\n".join(lines[:60]), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, corpus: str) -> Path:
    """A folder with a finished run of each experiment."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("seq2seq", "seq2seq-attention"):
        config = dataclasses.replace(find(name).config, corpus=corpus, **TINY)
        options = Options(str(folder / name), quiet=True)
        run_experiment(find(name), config, options)
    return folder


@pytest.fixture(scope="module")
def attending(runs: Path) -> Translator:
    return load_translator(runs / "seq2seq-attention")


@pytest.mark.parametrize("name", ["seq2seq", "seq2seq-attention"])
def test_the_record(runs: Path, name: str) -> None:
    record = read_run(runs / name)
    record.verify()
    result = record.result
    assert result is not None and len(record.epochs) == 3
    for row in record.epochs:
        per_token = row["loss"] / row["tokens"]
        assert row["tokens"] == record.environment["corpus"]["tokens"]
        np.testing.assert_allclose(row["book_loss"], per_token / 7, rtol=1e-12, atol=0)
        assert row["perplexity"] == math.exp(per_token)
        assert row["teacher_probability"] == 1
    assert result["heldout_perplexity"] == record.epochs[-1]["heldout_perplexity"]
    assert [row["source"] for row in result["translations"]] == [
        "go .",
        "i lost .",
        "he's calm .",
        "i'm home .",
    ]
    # The weights are the same; only the edition's decoder without attention differs.
    with_book_context = "translations_with_book_context" in result
    assert with_book_context == (name == "seq2seq")
    assert (record.directory / "curve.png").exists()
    assert (record.directory / "attention.png").exists() == (name != "seq2seq")


def test_nothing_held_out_was_trained_on(corpus: str) -> None:
    config = Seq2SeqConfig(corpus=corpus, num_examples=0, num_heldout=8)
    _, training, heldout = translation.read_pairs(config)
    assert 8 <= len(heldout[0]) < 16
    assert not {tuple(s) for s in training[0]} & {tuple(s) for s in heldout[0]}
    assert len(training[0]) + len(heldout[0]) == 60
    other_seed = dataclasses.replace(config, seed=5)
    assert translation.read_pairs(other_seed)[2] == heldout


def test_as_many_pairs_are_read_as_in_the_book(corpus: str) -> None:
    for num_examples, pairs in ((10, 11), (58, 59), (59, 60), (70, 60), (0, 60)):
        config = Seq2SeqConfig(corpus=corpus, num_examples=num_examples)
        assert len(translation.read_pairs(config)[1][0]) == pairs


def test_coverage_shares_out_the_target_s_steps(runs: Path) -> None:
    result: Any = read_run(runs / "seq2seq-attention").result
    coverage = result["coverage"]
    assert sum(coverage["counts"]) == coverage["positions"]
    config = dataclasses.replace(
        find("seq2seq-attention").config, corpus="x", num_steps=7
    )
    # each target step has attention 1 to give away
    record = read_run(runs / "seq2seq-attention")
    heldout = translation.read_pairs(
        dataclasses.replace(config, **{**TINY, "corpus": record.config["corpus"]})
    )[2]
    steps = sum(min(len(target) + 1, 7) for target in heldout[1])
    np.testing.assert_allclose(
        coverage["mean"] * coverage["positions"], steps, rtol=1e-5, atol=0
    )


@pytest.mark.parametrize(
    "changes",
    [{"schedule": "linear"}, {"attention_penalty": 0.1, "tau": 0.8}],
    ids=["scheduled sampling", "penalty"],
)
def test_a_resumed_run_is_the_uninterrupted_one(
    monkeypatch: pytest.MonkeyPatch, corpus: str, changes: Dict[str, Any]
) -> None:
    experiment = find("seq2seq-attention")
    config = dataclasses.replace(
        experiment.config, corpus=corpus, **{**TINY, **changes}
    )
    whole = run_experiment(experiment, config, Options("whole", **SILENT))

    def broken(*arguments: Any, **named: Any) -> Any:
        for row in train(*arguments, **named):
            if row.epoch == 3:
                raise KeyboardInterrupt
            yield row

    train = vars(translation)["train_translation"]
    with monkeypatch.context() as patch:
        patch.setattr(translation, "train_translation", broken)
        patch.setattr("d2l_rnn.experiments.runner._CHECKPOINT_EVERY_SECONDS", -1.0)
        with pytest.raises(KeyboardInterrupt):
            run_experiment(experiment, config, Options("broken", **SILENT))
    assert len(read_run("broken").epochs) == 2
    options = Options("broken", resume=True, **SILENT)
    resumed = run_experiment(experiment, config, options)
    assert resumed.result is not None and whole.result is not None
    for key in ("book_loss", "translations", "heldout", "coverage"):
        assert resumed.result[key] == whole.result[key]
    for mine, theirs in zip(resumed.epochs, whole.epochs):
        for key in set(theirs) - {"seconds", "tokens_per_sec"}:
            assert mine[key] == theirs[key]
    if "schedule" in changes:
        shares = [row["teacher_probability"] for row in whole.epochs]
        np.testing.assert_allclose(shares, [1, 0.625, 0.25], rtol=1e-12, atol=0)


def test_the_penalty_brings_coverage_nearer_to_tau(corpus: str) -> None:
    strays: List[float] = []
    for penalty in (0.0, 10.0):
        changes = {**TINY, "attention_penalty": penalty, "num_epochs": 12}
        experiment = find("seq2seq-attention")
        config = dataclasses.replace(experiment.config, corpus=corpus, **changes)
        record = run_experiment(experiment, config, Options(str(penalty), **SILENT))
        result: Any = record.result
        strays.append(result["coverage"]["stray"])
    # Seed 1 (the default): 0.24; seeds 2 and 3: 0.88 and 0.08.
    assert strays[1] < 0.5 * strays[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"score": "dot", "bidirectional": True},
        {"score": "dot-unscaled", "cell": "lstm", "bridge": "cell"},
        {"score": "cosine", "mask_padding": True, "schedule": "exponential"},
        {"score": "bilinear", "normalise": False, "schedule": "inverse-sigmoid"},
    ],
    ids=lambda changes: changes["score"],
)
def test_settings_run(corpus: str, changes: Dict[str, Any]) -> None:
    experiment = find("seq2seq-attention")
    config = dataclasses.replace(
        experiment.config, corpus=corpus, **{**TINY, "num_heldout": 0, **changes}
    )
    record = run_experiment(experiment, config, Options("run", **SILENT))
    assert record.epochs[-1]["loss"] < record.epochs[0]["loss"]
    assert record.result is not None and "heldout" not in record.result
    load_translator("run").greedy([["go", "."]])


def test_without_sacrebleu_a_run_goes_on(
    corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nowhere:
        @staticmethod
        def find_spec(name: str) -> None:
            return None

    monkeypatch.setattr(importlib, "util", Nowhere)
    notes: List[str] = []
    changes = {**TINY, "num_epochs": 1}
    config = dataclasses.replace(find("seq2seq").config, corpus=corpus, **changes)
    options = Options("run", **SILENT)
    record = run_experiment(find("seq2seq"), config, options, notes.append)
    result: Any = record.result
    assert result["heldout"] is None and result["heldout_perplexity"] > 1
    assert sum("pip install sacrebleu" in note for note in notes) == 1


@pytest.mark.parametrize(
    "config_class, fields, flags",
    [
        (Seq2SeqConfig, {"bridge": "cell"}, ["--bridge", "--cell"]),
        (
            Seq2SeqConfig,
            {"bidirectional": True, "num_hiddens": 7},
            ["--bidirectional", "--num-hiddens 7"],
        ),
        (
            Seq2SeqConfig,
            {"final_probability": 0.5},
            ["--final-probability 0.5", "--schedule"],
        ),
        (
            Seq2SeqConfig,
            {"num_heldout": 600},
            ["--num-heldout 600", "--num-examples 600"],
        ),
        (
            Seq2SeqConfig,
            {"book_context": True, "bridge": "cell", "cell": "lstm"},
            ["--book-context", "--bridge"],
        ),
        (Seq2SeqConfig, {"beam_sizes": "2,x"}, ["--beam-sizes '2,x'"]),
        (Seq2SeqConfig, {"beam_sizes": "0"}, ["--beam-sizes '0'"]),
        (Seq2SeqAttentionConfig, {"tau": 2.0}, ["--tau 2.0", "--attention-penalty"]),
    ],
)
def test_contradictions_are_refused(
    config_class: Any, fields: Dict[str, Any], flags: List[str]
) -> None:
    with pytest.raises(UsageError) as refusal:
        config_class(**fields)
    assert all(flag in str(refusal.value) for flag in flags)


def test_sentences_at_once_are_sentences_alone(
    attending: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = [["go", "."], ["i'm", "home", "."], ["i", "lost", "."], ["stop", "!"]]
    greedy = attending.greedy(sentences)
    beam = attending.beam(sentences, 3, 0.75, 2)
    for sentence, hypothesis, best in zip(sentences, greedy, beam):
        assert attending.greedy([sentence])[0].tokens == hypothesis.tokens
        assert attending.beam([sentence], 1, 0.75)[0][0].tokens == hypothesis.tokens
        alone = attending.beam([sentence], 3, 0.75, 2)[0]
        assert [h.tokens for h in alone] == [h.tokens for h in best]
    monkeypatch.setattr("d2l_rnn.generation.translations._MOST_ROWS", 2)
    parts = attending.beam(sentences, 3, 0.75, 2)
    assert [[h.tokens for h in best] for best in parts] == [
        [h.tokens for h in best] for best in beam
    ]


@pytest.mark.parametrize("asked", ["network", "net"])
def test_attention_is_that_of_the_decoding(
    runs: Path, attending: Translator, asked: str
) -> None:
    sentence = ["i'm", "home", "."]
    live = load(runs / "seq2seq-attention", LiveTranslator, cpu(), "")
    translator = attending if asked == "network" else live
    hypothesis = translator.greedy([sentence])[0]
    attended = translator.attention(sentence, hypothesis)
    text, steps = predict_seq2seq(
        live.net,
        " ".join(sentence),
        live.src_vocab,
        live.tgt_vocab,
        live.num_steps,
        live.device,
        save_attention_weights=True,
    )
    assert attended.source == [*sentence, "<eos>"]
    written = text.split() + ["<eos>"]
    assert attended.target == written[: len(steps)]
    expected = np.concatenate([step[0][0].asnumpy() for step in steps])
    assert (expected[:, 4:] == 0).all()
    np.testing.assert_allclose(attended.weights, expected[:, :4], rtol=1e-5, atol=1e-7)


def translate(capsys: pytest.CaptureFixture[str], *arguments: str) -> List[str]:
    capsys.readouterr()
    assert main(["translate", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_run_prints_the_book_s_lines(
    corpus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--corpus", corpus, "--num-examples", "0", "--epochs", "1", "--quiet"]
    assert main(["run", "seq2seq", *flags, "--num-hiddens", "4", "--no-plot"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("loss 0.") and lines[0].endswith(" on cpu(0)")
    assert len(lines) == 5 and lines[1].startswith("go . => ")
    assert ",  bleu " in lines[4]


def test_translate(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = str(runs / "seq2seq-attention")
    texts = ["I'm home.", "Go zyzzyva!"]
    lines = translate(capsys, run, *texts)
    assert len(lines) == 2
    assert translate(capsys, run, *texts, "--beam", "1") == lines
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(texts + ["", ""]).encode()))
    )
    capsys.readouterr()
    assert main(["translate", run]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == lines
    assert "'Go zyzzyva!': not in the vocabulary: zyzzyva" in captured.err

    best = translate(capsys, run, texts[0], "--beam", "4", "--n-best", "3")
    scores = [float(line.split("  ")[0]) for line in best]
    assert len(best) == 3 and scores == sorted(scores, reverse=True)
    drawn = [run, texts[0], "--temperature", "2", "--n-best", "5", "--seed", "3"]
    assert translate(capsys, *drawn) == translate(capsys, *drawn)
    assert len({line.split("  ")[1] for line in translate(capsys, *drawn)}) > 1


def test_translate_shows_attention(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(runs / "seq2seq-attention")
    flags = ["--show-attention", "--save-attention", "picture.png"]
    text, head, *rows = translate(capsys, run, "I'm home.", *flags)
    assert head.split() == ["i'm", "home", ".", "<eos>"]
    assert [row.split()[0] for row in rows][: len(text.split())] == text.split()
    for row in rows:
        weights = [float(cell) for cell in row.split()[1:]]
        np.testing.assert_allclose(sum(weights), 1, rtol=0, atol=0.03)
        # the last digits stand below one another
        assert len(row) == len(head)
    assert Path("picture.png").read_bytes().startswith(b"\x89PNG")
    (line,) = translate(capsys, run, "I'm home.", "--show-attention", "--json")
    answer = json.loads(line)
    assert answer["translations"][0]["text"] == text
    assert len(answer["attention"]["weights"]) == len(rows)


class Person(io.StringIO):
    """A terminal at which nobody has typed anything."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "arguments, status, message",
    [
        (["nowhere", "go ."], 4, "No such file"),
        ([".", "go ."], 4, "checkpoint"),
        (["{seq2seq}", "go .", "--show-attention"], 2, "without attention"),
        (["{seq2seq}", "go .", "--beam", "0"], 2, "--beam 0"),
        (["{seq2seq}", "go .", "--n-best", "2"], 2, "--n-best 2"),
        (["{seq2seq}", "go .", "--top-k", "2", "--beam", "2"], 2, "--top-k"),
        (["{seq2seq}", "go .", "--temperature", "0"], 2, "temperature 0"),
        (["{seq2seq}", "go .", "--seed", "2"], 2, "--seed"),
        (["{seq2seq}", "go .", "--alpha", "2"], 2, "--alpha"),
        (["{seq2seq}", " "], 2, "no sentence"),
        (["{seq2seq}"], 2, "translate RUN 'go .', or on stdin"),
    ],
)
def test_translate_refuses(
    runs: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: List[str],
    status: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", Person())
    named = [a.replace("{seq2seq}", str(runs / "seq2seq")) for a in arguments]
    capsys.readouterr()
    assert main(["translate", *named]) == status
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1
    assert captured.out == ""


def test_another_run_does_not_translate(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--corpus", "sample", "--epochs", "1", "--num-hiddens", "3", "--no-plot"]
    assert main(["run", "rnn", *flags, "--max-tokens", "400", "--batch-size", "2"]) == 0
    capsys.readouterr()
    assert main(["translate", "runs/rnn/seed-1", "go ."]) == 4
    assert "of rnn; a run of seq2seq" in capsys.readouterr().err
