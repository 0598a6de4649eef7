"""An experiment's defaults are what makes its runs comparable with the book."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from d2l_rnn.experiments.table import EXPERIMENTS

from .made_runs import BOOK


@pytest.mark.parametrize("name", sorted(set(BOOK) & set(EXPERIMENTS)))
def test_the_defaults_are_the_books_hyperparameters(name: str) -> None:
    config = asdict(EXPERIMENTS[name].config)
    required = dict(BOOK[name].requires)
    # which corpus it was is compared by the SHA-1 that the run has recorded
    for key in ("corpus", "corpus_sha1"):
        required.pop(key, None)
    assert {key: config.get(key) for key in required} == required
