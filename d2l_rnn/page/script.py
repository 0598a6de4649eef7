"""The JavaScript files of a page as one script: no tool, no build step.

The files are modules for Node and for TypeScript's checker. Joined they are one script,
without their ``import`` lines and without the word ``export``; for that the imports
stand at the head of a file, and no two files declare the same name.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List

STATIC = Path(__file__).with_name("static")

_IMPORT = re.compile(r'^import\s(?:[^"]*?\sfrom\s)?"\./([\w-]+\.mjs)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function |class |const )", re.MULTILINE)


def joined(entry: str) -> str:
    """A file and all that it imports, each once, what is imported first.

    Parameters
    ----------
    entry : str
        A file of ``static/``.
    """
    found: Dict[str, str] = {}
    _collect(entry, found, [])
    return '"use strict";\n' + "\n".join(found.values())


def _collect(name: str, found: Dict[str, str], above: List[str]) -> None:
    if name in found or name in above:
        return
    text = (STATIC / name).read_text("utf-8")
    for other in _IMPORT.findall(text):
        _collect(other, found, [*above, name])
    found[name] = _EXPORT.sub("", _IMPORT.sub("", text)).strip() + "\n"


def style() -> str:
    """All style sheets, in the order of their names."""
    return "\n".join(path.read_text("utf-8") for path in sorted(STATIC.glob("*.css")))
