"""The files are joined into one script: what that asks of each holds."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import List

import pytest

from d2l_rnn.page.script import STATIC, joined, style

FILES = sorted(STATIC.glob("*.mjs"))
_DECLARED = re.compile(
    r"^(?:export )?(?:async )?(?:function\*?|class|const|let) (\w+)", re.MULTILINE
)


def declared(text: str) -> List[str]:
    """Names at the top level: those whose line is not indented."""
    return _DECLARED.findall(text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_imports_stand_at_the_head_and_exports_before_declarations(path: Path) -> None:
    text = path.read_text("utf-8")
    code = re.sub(r"/\*\*?.*?\*/", "", text, flags=re.DOTALL).strip() + "\n"
    imports = re.compile(r'(?:import\s(?:[^"]*?\sfrom\s)?"\./[\w-]+\.mjs";\n)*')
    head = imports.match(code)
    assert head is not None
    rest = code[head.end() :]
    assert not re.search(r"^import\b|\bimport\(|^export default|^var ", rest, re.M)
    exports = re.findall(r"^export .*", rest, re.M)
    kinds = ("export function", "export async function", "export class", "export const")
    assert all(line.startswith(kinds) for line in exports)
    for spoilt in ("</script", "<script", "<!--", "`)</"):
        assert spoilt not in text


@pytest.mark.parametrize("entry", ["worker.mjs", "page.mjs"])
def test_joined_it_is_one_script_of_unique_names(entry: str) -> None:
    script = joined(entry)
    assert not re.search(r"^(import|export)\b", script, re.M)
    names = Counter(declared(script))
    assert [name for name, count in names.items() if count > 1] == []
    assert len(names) > 20


def test_every_file_is_part_of_the_page() -> None:
    both = joined("worker.mjs") + joined("page.mjs")
    for path in FILES:
        first = declared(path.read_text("utf-8"))[:1]
        assert all(re.search(rf"\b{name}\b", both) for name in first), path.name


def test_no_file_is_long() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in FILES}
    assert {name: n for name, n in lengths.items() if n > 300} == {}


def test_the_style_asks_for_nothing() -> None:
    assert "url(" not in style() and "@import" not in style()
