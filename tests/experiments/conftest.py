"""Runs in processes of their own that several files of tests look at."""

from __future__ import annotations

import pytest

from .stopping import Workshop, drawn_seed


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Where they are made, each once."""
    return Workshop(tmp_path_factory.mktemp("runs"), drawn_seed())
