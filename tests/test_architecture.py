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
    "models": {"mxnet", "numpy"},
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


# Where `Any` may stand, and how often: what Gluon, IPython, tqdm or a notebook's shell
# hands us without types, names that a reader may replace with anything, a state of
# which only its own net knows the kind, and notes and answers out of JSON.
ANY = {
    "__init__.py": 3,
    "arrays.py": 2,
    "chapters_aliases.py": 1,
    "chapters_softmax.py": 1,
    "compatibility.py": 1,
    "doctor.py": 1,
    "history.py": 1,
    "late_binding.py": 1,
    "notebook.py": 1,
    "progress.py": 2,
    "acceleration/generation.py": 3,
    "acceleration/recognise.py": 1,
    "acceleration/scratch.py": 1,
    "acceleration/training.py": 2,
    "acceleration/translation.py": 1,
    "benchmark/measuring.py": 1,
    "benchmark/peers/book_translation.py": 8,
    "benchmark/reporting.py": 1,
    "benchmark/workloads.py": 1,
    "models/attention.py": 1,
    "models/attention_decoder.py": 5,
    "models/encoder_decoder.py": 7,
    "models/scratch_operators.py": 1,
    "results/plots_book.py": 7,
    "results/plots_live.py": 5,
    "results/record.py": 1,
    "training/bptt.py": 1,
    "training/checkpoint.py": 2,
    "training/objectives.py": 4,
    "training/visibility.py": 1,
}
UNCOUNTED = {"commands", "experiments"}  # until their runner is one


def test_any_stands_only_where_a_library_gives_no_types() -> None:
    """Counted by the syntax tree, file by file."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        name = file.relative_to(PACKAGE).as_posix()
        nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        number = sum(isinstance(node, ast.Name) and node.id == "Any" for node in nodes)
        if name.split("/")[0] not in UNCOUNTED and number > ANY.get(name, 0):
            found[name] = number
    assert found == {}


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
