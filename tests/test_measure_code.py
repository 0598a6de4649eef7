"""The counts before and after a change follow a rule that is known."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "measure_code.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("measure_code", str(SCRIPT))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["measure_code"] = module  # dataclasses looks it up
    spec.loader.exec_module(module)
    return module


SOURCE = '''"""What it is.

More of it.
"""

from typing import Any  # one

TEXT = """three
lines
of a string"""


class Loader:
    """It has a resume in words only."""

    def rows(self, epochs: Any) -> Any:
        """Nothing."""
        # the loop
        for epoch in range(epochs):

            yield epoch
        for epoch in range(epochs):
            print(epoch)
'''


def test_docstrings_comments_and_blanks_are_no_code(script: Any) -> None:
    found = script.measure("data/loader.py", SOURCE)
    assert (found.files, found.lines, found.any_names) == (1, 10, 3)
    assert found.resumes == [] and found.mxnet_loops == []
    assert found.other_loops == ["data/loader.py"]  # the second loop yields nothing


def test_loops_resumes_and_who_imports_mxnet(script: Any) -> None:
    source = "from d2l import mxnet as d2l\nfrom ..training import checkpoint\n"
    source += SOURCE + "\ndef go_on(options, path):\n"
    source += "    if options.resume:\n        return checkpoint.load(path)\n"
    found = script.measure("a.py", source)
    assert script.measure("resume.py", source.replace("resume", "go")).resumes
    assert found.resumes == ["a.py"] and found.mxnet_loops == ["a.py"]
    other = script.measure("a.py", source.replace("checkpoint.load", "path.load"))
    assert other.resumes == []


def test_the_rooms_add_up(script: Any) -> None:
    rooms = script.by_room("")
    total = rooms.pop("all")
    assert total.files == sum(room.files for room in rooms.values()) > 50
    assert total.lines == sum(room.lines for room in rooms.values())
