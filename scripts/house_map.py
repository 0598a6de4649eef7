"""The map of the house, read off its source: each room, and what it stands on."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import List, Set

PACKAGE = Path(__file__).resolve().parents[1] / "d2l_rnn"


def rooms_table() -> str:
    """A row for each room: its first sentence, and the rooms that it imports."""
    rooms = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
    lines = ["| room | what it is | stands on |", "| --- " * 3 + "|"]
    for room in rooms:
        files = sorted((PACKAGE / room).rglob("*.py"))
        said = ast.get_docstring(
            ast.parse((PACKAGE / room / "__init__.py").read_text())
        )
        below: Set[str] = set()
        for file in files:
            below |= imported_rooms(file) & set(rooms) - {room}
        first = " ".join((said or "").split("\n\n")[0].split())
        stands = ", ".join(f"`{name}`" for name in sorted(below)) or "the ground floor"
        lines.append(f"| `{room}` | {first} | {stands} |")
    return "\n".join(lines)


def ground_floor() -> str:
    """A row for each module that lies beside the rooms."""
    lines = ["| module | what it is |", "| --- | --- |"]
    for file in sorted(PACKAGE.glob("*.py")):
        if not file.name.startswith("_"):
            said = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
            first = " ".join(said.split("\n\n")[0].split())
            lines.append(f"| `{file.stem}` | {first} |")
    return "\n".join(lines)


def imported_rooms(file: Path) -> Set[str]:
    """The first parts, below the package, of what a file of a room imports."""
    package = ["d2l_rnn", *file.relative_to(PACKAGE).parts[:-1]]
    found: Set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names: List[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join(base + ([node.module] if node.module else []))
            names = [f"{module}.{alias.name}" for alias in node.names]
        for name in names:
            root, _, rest = name.partition(".")
            if root == "d2l_rnn" and rest:
                found.add(rest.split(".")[0])
    return found
