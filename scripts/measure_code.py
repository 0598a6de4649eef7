"""How much code there is: files, lines, `Any`, resumes and epoch loops, by room.

    python scripts/measure_code.py                  # the working tree
    python scripts/measure_code.py --rev HEAD~20    # any revision, or several:
    python scripts/measure_code.py --rev c8aa962 --rev HEAD
    python scripts/measure_code.py --where          # which modules are counted, and why

A line of code is one on which some token stands that is no comment and no docstring.
`Any` is counted wherever the syntax tree has the name, imports too.
A resume is a module that loads a checkpoint and has a name or an attribute `resume`, or
that name itself.
An epoch loop is a `for epoch in range(...)` with a `yield` in it; it is MXNet's if its
module imports mxnet, also as d2l's part for it.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tokenize
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

ROOT = Path(__file__).parents[1]
PACKAGE = "d2l_rnn"
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
    tokenize.ENCODING,
}
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class Measured:
    """The counts of some files."""

    files: int = 0
    lines: int = 0
    any_names: int = 0
    resumes: List[str] = field(default_factory=list)
    mxnet_loops: List[str] = field(default_factory=list)
    other_loops: List[str] = field(default_factory=list)

    def add(self, other: Measured) -> None:
        """Take in the counts of further files."""
        self.files += other.files
        self.lines += other.lines
        self.any_names += other.any_names
        self.resumes += other.resumes
        self.mxnet_loops += other.mxnet_loops
        self.other_loops += other.other_loops


def docstring_lines(tree: ast.Module) -> Set[int]:
    """The numbers of the lines that docstrings take."""
    lines: Set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, False) is not None:
            first = node.body[0]
            lines.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines


def code_lines(source: str, tree: ast.Module) -> int:
    """Lines without docstrings, comments and blanks."""
    lines: Set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docstring_lines(tree))


def names_in(tree: ast.AST) -> Iterator[str]:
    """Every name and attribute that is used, and every name that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name


def loads_a_checkpoint(tree: ast.Module) -> bool:
    """Whether ``checkpoint.load(...)``, or ``load(...)`` of that module, is called."""
    own = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("point")
        for alias in node.names
        if alias.name == "load"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in own:
                return True
            if isinstance(called, ast.Attribute) and called.attr == "load":
                if isinstance(called.value, ast.Name):
                    if called.value.id in ("checkpoint", "checkpoint_file"):
                        return True
    return False


def imports_mxnet(tree: ast.Module) -> bool:
    """Whether a module imports mxnet, or d2l's part for it, at its top or within."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            if any(alias.name.split(".")[0] == "mxnet" for alias in node.names):
                return True
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [alias.name for alias in node.names]
            top = (node.module or "").split(".")[0]
            if top == "mxnet" or (top == "d2l" and "mxnet" in names):
                return True
    return False


def num_epoch_loops(tree: ast.Module) -> int:
    """How many ``for epoch in range(...)`` yield something."""
    return sum(
        isinstance(loop, ast.For)
        and isinstance(loop.target, ast.Name)
        and loop.target.id == "epoch"
        and isinstance(loop.iter, ast.Call)
        and isinstance(loop.iter.func, ast.Name)
        and loop.iter.func.id == "range"
        and any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(loop))
        for loop in ast.walk(tree)
    )


def measure(path: str, source: str) -> Measured:
    """The counts of one file, ``path`` counted from the package."""
    tree = ast.parse(source)
    names = list(names_in(tree))
    found = Measured(1, code_lines(source, tree), names.count("Any"))
    if "resume" in [*names, Path(path).stem] and loads_a_checkpoint(tree):
        found.resumes = [path]
    loops = found.mxnet_loops if imports_mxnet(tree) else found.other_loops
    loops += [path] * num_epoch_loops(tree)
    return found


def sources(rev: str) -> Iterator[Tuple[str, str]]:
    """Path from the package and content of its files; ``rev`` may be empty: as is."""
    if not rev:
        for path in sorted((ROOT / PACKAGE).rglob("*.py")):
            name = path.relative_to(ROOT / PACKAGE).as_posix()
            yield name, path.read_text(encoding="utf-8")
        return
    listed = _git("ls-tree", "-r", "--name-only", rev, PACKAGE + "/")
    for name in sorted(listed.splitlines()):
        if name.endswith(".py"):
            yield name[len(PACKAGE) + 1 :], _git("show", f"{rev}:{name}")


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


def by_room(rev: str) -> Dict[str, Measured]:
    """The counts of each folder of the package, and of ``all``."""
    rooms: Dict[str, Measured] = defaultdict(Measured)
    for path, source in sources(rev):
        found = measure(path, source)
        rooms[path.split("/")[0] if "/" in path else "(top)"].add(found)
        rooms["all"].add(found)
    return rooms


def table(rev: str, where: bool) -> str:
    """The counts of a revision as text."""
    rooms = by_room(rev)
    total = rooms.pop("all")
    upper = Measured()
    for name in ("experiments", "generation", "jobs"):
        upper.add(rooms.get(name, Measured()))
    rows = [*sorted(rooms.items()), ("all", total)]
    rows.append(("experiments + generation + jobs", upper))
    width = max(len(name) for name, _ in rows)
    lines = [rev or "working tree", f"{'':{width}}  files   lines    Any"]
    for name, found in rows:
        lines.append(
            f"{name:{width}}  {found.files:5}  {found.lines:6,}  {found.any_names:5,}"
        )
    for name, paths in (
        ("resume implementations", total.resumes),
        ("epoch loops of MXNet", total.mxnet_loops),
        ("other epoch loops", total.other_loops),
    ):
        lines.append(f"{name}: {len(paths)}")
        lines += [f"  {path}" for path in paths if where]
    return "\n".join(lines)


def main() -> None:
    """Print a table for each revision that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rev", action="append", default=[], help="default: the working tree"
    )
    parser.add_argument("--where", action="store_true", help="name what is counted")
    options = parser.parse_args()
    print("\n\n".join(table(rev, options.where) for rev in options.rev or [""]))


if __name__ == "__main__":
    main()
