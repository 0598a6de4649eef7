"""An experiment's defaults are what makes its runs comparable with the book."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import pytest

from d2l_rnn.experiments.settings import EFFECTS, settings_with
from d2l_rnn.experiments.table import EXPERIMENTS, published_settings
from d2l_rnn.results.verdict.comparable import incomparable

from .made_runs import BOOK, builds_of, every_epoch, write_run


@pytest.mark.parametrize("name", sorted(set(BOOK) & set(EXPERIMENTS)))
def test_the_defaults_are_the_books_hyperparameters(name: str) -> None:
    config = asdict(EXPERIMENTS[name].config)
    required = dict(BOOK[name].requires)
    # which corpus it was is compared by the SHA-1 that the run has recorded
    for key in ("corpus", "corpus_sha1"):
        required.pop(key, None)
    assert {key: config.get(key) for key in required} == required


@pytest.mark.parametrize("name", ["bilstm", "seq2seq", "seq2seq-attention", "rnn-v1"])
def test_the_settings_with_an_effect_on_numbers_forbid_comparison(
    name: str, tmp_path: Path
) -> None:
    """Each setting changed alone: the run is comparable unless that changes numbers."""
    config = EXPERIMENTS[name].config
    curve = every_epoch(BOOK[name], builds_of(BOOK[name])[0])
    settings = published_settings()[name]
    reasons = {}
    for field in fields(config):
        another = 2 if field.name == "seed" else "another"
        changed = {**asdict(config), field.name: another}
        run = write_run(tmp_path / field.name, name, 1, curve, changed)
        reasons[field.name] = incomparable(run, BOOK[name], settings)
    forbidden = {key for key, reason in reasons.items() if reason is not None}
    assert forbidden == set(settings_with(config, "number", "length"))
    assert all(
        reason.startswith(f"{key} another, the book's is") or key == "num_epochs"
        for key, reason in reasons.items()
        if reason is not None
    )


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_setting_has_one_effect(name: str) -> None:
    config = EXPERIMENTS[name].config
    parts = [set(settings_with(config, effect)) for effect in EFFECTS]
    assert sum(map(len, parts)) == len(set().union(*parts)) == len(fields(config))
    assert settings_with(config, "seed", "device") == {
        "seed": config.seed,
        "device": config.device,
    }
