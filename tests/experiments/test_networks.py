"""A run's arrays step in NumPy to the numbers of the net that they are of."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest

from d2l_rnn import checkpoint_file
from d2l_rnn.cli import main
from d2l_rnn.errors import RunError, UsageError
from d2l_rnn.experiments.configs_sequences import EditionV1Config, TextStatsConfig
from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.experiments.networks import steps_of
from d2l_rnn.experiments.trained import load_filler, load_translator
from d2l_rnn.inference.ngram_steps import NgramSteps, named_tables, tables_in
from d2l_rnn.inference.ngrams import ngram_model

KEPT = Path(__file__).parents[1] / "public" / "runs"
TEXT = "the time traveller for so it will be convenient to speak of him "


@pytest.mark.parametrize("cell", ["rnn-scratch", "rnn", "gru", "lstm", "birnn"])
def test_edition_one_predicts_what_d2l_predicts(cell: str) -> None:
    """Its own ``predict``, with weights so large that no two tokens are as likely."""
    pytest.importorskip("d2l", reason="d2l is not installed here")
    from mxnet import cpu, np

    from d2l_rnn.training.checkpoint import arrays_of

    edition = importlib.import_module("d2l_rnn.experiments.edition_v1")
    config = EditionV1Config(cell=cell, num_hiddens=7)
    data = edition.TimeMachine(TEXT * 4, 4, 5, 20, 10)
    vocab = data.vocab
    model = edition.build(config, len(vocab))
    model(data.X[:1])
    for array in edition.named_arrays(model).values():
        array[:] = np.random.normal(scale=0.8, size=array.shape)
    arrays = arrays_of(edition.named_arrays(model))
    ours, steps = steps_of(config, arrays, vocab.idx_to_token)
    assert ours.idx_to_token[0] == "<unk>" and len(ours) == len(vocab)
    for prefix in ("the time", "x"):
        known = "".join(c for c in prefix if c in vocab.token_to_idx) or "t"
        found: Any = steps
        ids = found.continue_greedily(ours[list(known)], 25)
        assert known + "".join(ours.to_tokens(ids)) == model.predict(
            known, 25, vocab, cpu()
        )


def trained(n: int, ids: List[int], smoothing: float = 0.5) -> NgramSteps:
    return NgramSteps(ngram_model(n, 6, smoothing).fit(ids))


@pytest.mark.parametrize("n", [1, 2, 4])
def test_ngrams_step_to_their_log_probabilities(n: int) -> None:
    ids = numpy.random.randint(6, size=80).tolist()
    steps, model = trained(n, ids), ngram_model(n, 6, 0.5).fit(ids)
    text = numpy.random.randint(6, size=(2, 15))
    state = steps.begin_state(2)
    expected = [model.log_probabilities(row) for row in text]
    for t in range(14):
        log_probs, state = steps.step(text[:, t], state)
        numpy.testing.assert_allclose(numpy.exp(log_probs).sum(axis=1), 1, rtol=1e-12)
        found = log_probs[[0, 1], text[:, t + 1]]
        numpy.testing.assert_allclose(found, [e[t + 1] for e in expected], rtol=1e-12)
    swapped, _ = steps.step(text[::-1, 0], steps.select(state, [1, 0]))
    straight, _ = steps.step(text[:, 0], state)
    numpy.testing.assert_array_equal(swapped, straight[::-1])


def test_counts_as_arrays_are_the_counts() -> None:
    ids = numpy.random.randint(6, size=80).tolist()
    model = ngram_model(3, 6, 0.5).fit(ids)
    tables = named_tables(model, 1 << 20)
    assert [table.shape[1] for table in tables.values()] == [2, 3, 4]
    # Every position has a token, and all but the first a token with the one before.
    assert [int(table[:, -1].sum()) for table in tables.values()] == [80, 79, 78]
    again = ngram_model(3, 6, 0.5).add(tables_in(tables))
    text = numpy.random.randint(6, size=40).tolist()
    numpy.testing.assert_array_equal(
        again.log_probabilities(text), model.log_probabilities(text)
    )
    two = sum(tables[name].nbytes for name in ("ngrams.1", "ngrams.2"))
    assert set(named_tables(model, two)) == {"ngrams.1", "ngrams.2"}
    assert named_tables(model, 0) == {}


@pytest.mark.parametrize(
    "row", [[9, 0, 1], [0, -1, 1], [0, 0, 0], [0, 1, 2, 3]], ids=str
)
def test_counts_that_cannot_be_are_refused(row: List[int]) -> None:
    tables = ngram_model(2, 6).fit([0, 1, 2, 3]).tables()
    with pytest.raises(UsageError, match="counts of 2 tokens"):
        ngram_model(2, 6).add([tables[0], numpy.array([row])])
    with pytest.raises(UsageError, match="twice"):
        ngram_model(2, 6).add([numpy.array([[1, 2], [1, 2]])])


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of ``text-stats`` on a text of its own."""
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(f"{TEXT}\n" * 20, encoding="utf-8")
    flags = ["--corpus", "text.txt", "--max-order", "4", "--smoothing", "0.01"]
    assert main(["run", "text-stats", *flags, "--no-plot", "--quiet"]) == 0
    return Path("runs/text-stats/seed-1")


def test_text_stats_continues_its_text(
    counted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = load_run(counted)
    assert isinstance(run.config, TextStatsConfig) and list(run.history) == []
    # So long a context, so little smoothing: what it has read it says again.
    assert run.generate("conv", 9) == "convenient to"
    drawn = run.generate("the ", 30, temperature=1.0, seed=3)
    assert drawn == run.generate("the ", 30, temperature=1.0, seed=3)
    capsys.readouterr()
    assert main(["generate", "--prefix", "conv", "--num-preds", "9"]) == 0
    assert capsys.readouterr() == (
        "convenient to\n",
        f"d2l-rnn: run {counted}, the newest\n",
    )
    status = main(["run", "text-stats", *"--resume --quiet --no-plot".split()])
    assert status == 4  # of another text and order: refused, not overwritten


def test_changed_counts_are_found(
    counted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = counted / "checkpoint.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match="its SHA-256 does not agree"):
        load_run(counted)
    capsys.readouterr()
    assert main(["generate", str(counted)]) == 4
    assert capsys.readouterr().err.count("\n") == 1
    content[-5] ^= 1
    path.write_bytes(content)
    arrays, notes = checkpoint_file.load(path)
    arrays["ngrams.2"][0, 0] = 99
    checkpoint_file.save(path, arrays, notes)  # with the SHA-256 that it has now
    with pytest.raises(RunError, match="counts of 2 tokens"):
        load_run(counted)


def test_counts_that_no_one_kept_are_missed() -> None:
    with pytest.raises(RunError, match="text-stats keeps its counts .* run it again"):
        load_run(KEPT / "text-stats")


LOADERS: Dict[str, Any] = {
    "gluon": load_run,
    "scratch": load_run,
    "one-to-many": load_run,
    "edition-v1": load_run,
    "handwritten": load_run,
    "hmm": load_run,
    "cloze": load_filler,
    "seq2seq": load_translator,
    "seq2seq-attention": load_translator,
}


@pytest.mark.parametrize("name", LOADERS)
def test_arrays_that_do_not_fit_are_refused(name: str, tmp_path: Path) -> None:
    """One array away, cut, or the vocabulary longer, with the right SHA-256."""
    shutil.copytree(KEPT / name, tmp_path / "run")
    path = tmp_path / "run" / "checkpoint.safetensors"
    arrays, notes = checkpoint_file.load(path)
    used = [key for key in arrays if "adam." not in key and "left_to_right" not in key]
    for key in used:
        for changed in (None, arrays[key][:-1]):
            other = {k: a for k, a in arrays.items() if k != key}
            if changed is not None:
                other[key] = changed
            if key == "classes.weight":
                continue  # what a class is is asked for when one is named
            checkpoint_file.save(path, other, notes)
            with pytest.raises(RunError):
                LOADERS[name](tmp_path / "run")
    longer = {
        key: [*tokens, "@@"] if key.endswith("vocab") else tokens
        for key, tokens in notes.items()
    }
    checkpoint_file.save(path, arrays, longer)
    with pytest.raises(RunError, match="does not fit its settings"):
        LOADERS[name](tmp_path / "run")


@pytest.mark.parametrize(
    "value, words",
    [(2, "is of format 2, and formats up to 1"), (0, "format 0"), ("1", "format")],
)
def test_another_format_is_one_line(
    value: object,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(KEPT / "gluon", tmp_path / "run")
    path = tmp_path / "run" / "config.json"
    config = json.loads(path.read_text())
    assert "format" not in config  # an older one, which is read as the first
    path.write_text(json.dumps({"format": 1, **config}))
    assert load_run(tmp_path / "run").config.num_hiddens == 8
    path.write_text(json.dumps({"format": value, **config}))
    for command in ("generate", "report"):
        assert main([command, str(tmp_path / "run")]) == 4
        printed = capsys.readouterr()
        assert words in printed.err and printed.err.count("\n") == 1


def test_a_new_run_notes_its_format(counted: Path) -> None:
    config = json.loads((counted / "config.json").read_text())
    assert config["format"] == 1 and "format" not in load_run(counted).__dict__
