"""The computing half of the page, asked by Node without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, List, Sequence, Tuple

import pytest

from d2l_rnn.page.contents import RunOnPage

HERE = Path(__file__).parent
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="needs node")


def asked(run: RunOnPage, *calls: Tuple[str, Any]) -> List[Any]:
    """What the page's worker answers to some calls about a run, in their order.

    Raises
    ------
    RuntimeError
        With what it wrote on stderr, if it answers none.
    """
    given = {"facts": run.facts(), "weights": run.weights.text, "calls": calls}
    return list(node(HERE / "asking.mjs", given))


def node(script: Path, given: object, arguments: Sequence[str] = ()) -> Any:
    """What a script makes of JSON."""
    answer = subprocess.run(
        [str(NODE), str(script), *arguments],
        input=json.dumps(given).encode(),
        capture_output=True,
    )
    if answer.returncode:
        raise RuntimeError(answer.stderr.decode())
    return json.loads(answer.stdout)
