"""docs/export.md: its commands run, and its programs print what ours print."""

from __future__ import annotations

import io
import re
import shlex
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from d2l_rnn.cli import main

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "public" / "runs"
_BLOCK = re.compile(r"<!-- (\w+) ?(\w*) -->\n```(sh|python)\n(.*?)```", re.DOTALL)


def blocks() -> List[Tuple[str, ...]]:
    """What is done with each block, what it needs, its language and its text."""
    page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    assert page.count("```") == 2 * len(_BLOCK.findall(page))
    return _BLOCK.findall(page)


def ours(*arguments: str) -> str:
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main(list(arguments)) == 0
    return printed.getvalue()


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that needs what is not installed here is left out."""
    monkeypatch.chdir(tmp_path)
    for kept, name in (("gluon", "lstm"), ("seq2seq-attention", "seq2seq-attention")):
        shutil.copytree(KEPT / kept, Path("runs") / name / "seed-1")
    names: Dict[str, Any] = {}
    printed = ""
    expected = [
        ours("generate", "runs/lstm/seed-1", "--prefix", "time traveller"),
        ours("translate", "runs/seq2seq-attention/seed-1", "go ."),
    ]
    expected[0] = expected[0][: len("time traveller") + 50] + "\n"
    answers = [expected[0], expected[1], expected[0]]
    for does, needs, language, text in blocks():
        installed = not needs or needs in _installed(needs)
        if language == "sh":
            if "--to onnx" in text and not _installed("onnx"):
                continue
            program, *arguments = shlex.split(text)
            assert program == "d2l-rnn"
            printed = ours(*arguments)
        elif does == "printed":
            # The page's run is the book's: 28 characters, 256 hidden units.
            own = re.sub(r"\b27\b", "28", re.sub(r"\b8\b", "256", printed))
            assert own.strip().replace("'", '"') == text.strip()
        else:
            answer = answers.pop(0)
            if not installed:
                continue
            written = io.StringIO()
            with redirect_stdout(written):
                exec(text, names)
            assert written.getvalue() == answer
    assert answers == []


def _installed(name: str) -> List[str]:
    """The package, if it can be imported."""
    try:
        __import__(name)
    except ImportError:
        return []
    return [name]
