"""The rooms never import one another; the files read without the heavy packages do."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, Set

import pytest

import d2l_rnn

PACKAGE = Path(d2l_rnn.__file__).parent
ROOMS = {
    # room: the third-party packages that it may import
    "data": {"mxnet", "numpy", "pooch", "platformdirs", "filelock", "requests"},
    "models": {"mxnet", "numpy", "d2l"},  # d2l: of edition 1.0
    "inference": {"numpy"},
    "training": {"mxnet", "numpy", "safetensors"},
    "results": {
        "numpy",
        "matplotlib",
        "matplotlib_inline",
        "IPython",
        "sacrebleu",
        "tensorboardX",
    },
}
# The ground floor: what every room may stand on.
FOUNDATIONS = {
    "arrays",
    "compatibility",
    "errors",
    "files",
    "notebook",
    "protocols",
    "seeding",
}
# In results, only files of these names draw (plots_attention.py, ...) ...
DRAWERS = {"plots", "report"}
# ... and only the live curve needs a notebook to be drawn in.
DRAWING = {
    "matplotlib": DRAWERS,
    "IPython": {"plots_live"},
    "matplotlib_inline": {"plots_book"},
}


def imports_of(path: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, also inside functions."""
    package = ["d2l_rnn", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join(base + ([node.module] if node.module else []))
            if node.module is None:
                for alias in node.names:
                    yield f"{module}.{alias.name}"
            else:
                yield module


def breaches(path: Path, room: str) -> List[str]:
    standard: Set[str] = set(
        getattr(sys, "stdlib_module_names", sys.builtin_module_names)
    )
    found = []
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "d2l_rnn":
            if len(parts) > 1 and parts[1] not in FOUNDATIONS | {room}:
                found.append(name)
        elif parts[0] in DRAWING and not (
            {path.stem, path.stem.split("_")[0]} & DRAWING[parts[0]]
        ):
            found.append(name)
        elif parts[0] not in standard and parts[0] not in ROOMS[room]:
            found.append(name)
    return found


@pytest.mark.skipif(
    sys.version_info < (3, 10), reason="the list of standard modules came with 3.10"
)
@pytest.mark.parametrize("room", ROOMS)
def test_rooms_do_not_import_one_another(room: str) -> None:
    files = sorted((PACKAGE / room).rglob("*.py"))
    assert files
    assert {str(f): b for f in files for b in [breaches(f, room)] if b} == {}


# What stands above the rooms, and what of it each may not import.
ABOVE = {
    "acceleration": {"generation", "experiments", "jobs", "commands", "cli"},
    "generation": {"experiments", "jobs", "commands", "cli"},
    "experiments": {"jobs", "commands", "cli"},
    "jobs": {"experiments", "generation", "acceleration", "commands", "cli"},
    "commands": {"cli"},
}


@pytest.mark.parametrize("room", ABOVE)
def test_what_is_above_looks_down_only(room: str) -> None:
    """And the book's functions, on top, are imported by nobody inside."""
    for file in sorted((PACKAGE / room).rglob("*.py")):
        names = [name.split(".") for name in imports_of(file)]
        imported = {parts[1] for parts in names if parts[0] == "d2l_rnn" and parts[1:]}
        assert not imported & ABOVE[room], file
        assert not [name for name in imported if name.startswith("chapters")], file


def test_no_module_name_stands_for_two_concepts() -> None:
    """Those that did stand once: what a line is about is told by its module."""
    names = [path.stem for path in PACKAGE.rglob("*.py")]
    for name in ("lines", "running", "gradient_flow", "tagging", "both_sides"):
        assert names.count(name) <= 1, name


def test_a_breach_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "inference"
    room.mkdir()
    bad = room / "bad.py"
    bad.write_text(
        "from ..models import scratch\nfrom .. import training\n"
        "import mxnet\nfrom ..errors import UsageError\nimport numpy\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    assert breaches(bad, "inference") == ["d2l_rnn.models", "d2l_rnn.training", "mxnet"]
    for name, refused in (
        ("tables", ["IPython.display", "matplotlib"]),
        ("plots_attention", ["IPython.display"]),
        ("plots_live", []),
    ):
        drawing = room / f"{name}.py"
        drawing.write_text("from IPython.display import display\nimport matplotlib\n")
        assert breaches(drawing, "results") == refused


def test_any_stands_only_where_a_library_gives_no_types() -> None:
    """Counted by the syntax tree: of pictures the reader's objects, NumPy's widths.

    What is printed of a result is looked up in JSON of many forms.
    """
    allowed = {"plots_book.py": 7, "plots_live.py": 5, "record.py": 1, "arrays.py": 2}
    allowed["printed.py"] = 2
    rooms = ("data", "inference", "results")
    files = [file for room in rooms for file in (PACKAGE / room).rglob("*.py")]
    for file in [*files, PACKAGE / "arrays.py", PACKAGE / "devices.py"]:
        nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        found = sum(isinstance(node, ast.Name) and node.id == "Any" for node in nodes)
        assert found <= allowed.get(file.name, 0), file


def test_files_stay_short() -> None:
    lengths = {
        str(path.relative_to(PACKAGE)): len(path.read_text().splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    assert {name: n for name, n in lengths.items() if n > 350} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import d2l_rnn",
        "import d2l_rnn.cli",
        "import d2l_rnn.results.record, d2l_rnn.results.verdict.compare",
        "from d2l_rnn.cli import main; main(['list'])",
    ],
)
def test_light_doors_load_nothing_heavy(code: str) -> None:
    heavy = "{'mxnet', 'd2l', 'matplotlib', 'pandas', 'IPython'}"
    check = f"import sys; {code}; print(sorted({heavy} & set(sys.modules)))"
    output = subprocess.run(
        [sys.executable, "-c", check], stdout=subprocess.PIPE, check=True
    ).stdout
    assert output.decode().splitlines()[-1] == "[]"
