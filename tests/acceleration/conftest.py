"""d2l 0.17.6 for the tests of customisations."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, Iterator

import pytest

from ..reference import d2l_0_17


class Silent:
    """In the place of 0.17.6's Animator, which needs a notebook."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def add(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="package")
def old(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The book's module, with an animator that draws nothing."""
    import mxnet

    mxnet.npx.set_np()
    folder = Path(request.config.cache.mkdir("d2l-0.17.6"))
    module: Any = d2l_0_17.load(folder)
    animator = module.Animator
    module.Animator = Silent
    yield module
    module.Animator = animator  # others hold its signature against ours
