"""Fixtures for all tests: seeds that can be replayed, and small corpora."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Iterator

import numpy
import pytest

from d2l_rnn.compatibility import prepare_mxnet

prepare_mxnet()


@pytest.fixture(autouse=True)
def seed() -> Iterator[int]:
    """Seed all generators; D2L_RNN_SEED repeats the seed of a failed test."""
    import mxnet

    value = int(os.environ.get("D2L_RNN_SEED", random.SystemRandom().getrandbits(30)))
    random.seed(value)
    numpy.random.seed(value)
    mxnet.random.seed(value)
    print(f"D2L_RNN_SEED={value}")  # pytest shows it when the test fails
    yield value


@pytest.fixture
def hangup_is_not_ignored() -> Iterator[None]:
    """As it would be where nohup has started the tests, which is respected."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No corpus in reach: no address, no environment, an empty cache (returned)."""
    from d2l_rnn.data import corpora

    cache = tmp_path / "cache"
    monkeypatch.delenv("D2L_RNN_DATA", raising=False)
    monkeypatch.setattr(corpora, "cache_directory", lambda: cache)
    nowhere = {
        name: corpora.Source(source.file_name, source.sha1, ("http://127.0.0.1:9/x",))
        for name, source in corpora.SOURCES.items()
    }
    monkeypatch.setattr(corpora, "SOURCES", nowhere)
    return cache


@pytest.fixture(scope="session")
def book_data() -> Path:
    """The folder of the exact corpus files; skips where it is not there."""
    folder = os.environ.get("D2L_RNN_DATA")
    if not folder or not (Path(folder) / "timemachine.txt").exists():
        pytest.skip("needs the book's corpora: set D2L_RNN_DATA (data owner)")
    return Path(folder)
