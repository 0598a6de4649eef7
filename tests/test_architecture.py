"""The rooms never import one another; the files read without the heavy packages do."""

from __future__ import annotations

import ast
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Iterator, List, Set

import pytest

import d2l_rnn

PACKAGE = Path(d2l_rnn.__file__).parent
ROOMS = {
    # room: the third-party packages that it may import
    "data": {
        "mxnet",
        "numpy",
        "pooch",
        "platformdirs",
        "filelock",
        "requests",
        "sklearn",  # its digits
    },
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
    "acceleration": {"mxnet", "numpy"},
    "generation": {"mxnet", "numpy"},
    "export": {"mxnet", "numpy", "onnx", "safetensors"},
    "exercises": {"numpy"},
    "page": {"numpy"},
}
# The two that stand above the five: what they may stand on besides.
BELOW = {
    "acceleration": {"inference", "models", "training"},
    "generation": {"acceleration", "data", "inference", "models", "training"},
    "export": {"inference", "models"},
    "page": {"export", "inference", "results"},
}
# Who may ask the package itself for a name: it may be a reader's there.
AT_THE_TOP = ("__init__", "__main__", "chapters*", "cli", "late_binding")
# Who may import the chapters: the benchmark measures what a reader calls.
OF_CHAPTERS = ("benchmark",)
# The ground floor: what every room may stand on.
FOUNDATIONS = {
    "arrays",
    "checkpoint_file",
    "compatibility",
    "errors",
    "files",
    "installation",
    "memory",
    "notebook",
    "protocols",
    "safetensors_file",
    "seeding",
    "semantics",
    "streams",
    "strict_json",
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
            allowed = FOUNDATIONS | BELOW.get(room, set()) | {room}
            if len(parts) > 1 and parts[1] not in allowed:
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
    "export": {"acceleration", "generation", "experiments", "jobs", "commands", "cli"},
    "page": {"acceleration", "generation", "experiments", "jobs", "commands", "cli"},
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


def asks_the_package(path: Path) -> List[str]:
    """Lines of a file that reach for the package itself, and with it for any name."""
    found = []
    here = ["d2l_rnn", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root, _, rest = alias.name.partition(".")
                if root == "d2l_rnn" and not (rest and alias.asname):
                    found.append(f"{node.lineno}: import {alias.name}")
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join(base + ([node.module] if node.module else []))
            for alias in node.names:
                if module == "d2l_rnn" and not is_module_or_version(alias.name):
                    found.append(f"{node.lineno}: from d2l_rnn import {alias.name}")
        elif isinstance(node, ast.Call) and node.args:
            function = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if function in ("import_module", "__import__") and may_be_the_package(
                node.args[0]
            ):
                found.append(f"{node.lineno}: {function}")
        elif isinstance(node, ast.Subscript):
            keys = [getattr(part, "value", None) for part in ast.walk(node.slice)]
            if "d2l_rnn" in keys or "__package__" in names_in(node.slice):
                found.append(f"{node.lineno}: [...]")
    return found


def names_in(node: ast.AST) -> Set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def is_module_or_version(name: str) -> bool:
    modules = {path.stem for path in PACKAGE.iterdir()}
    return name in modules - {"__init__"} or name == "__version__"


def may_be_the_package(argument: ast.expr) -> bool:
    """Unless it is a plain name of another module, or one below ``__package__``."""
    if isinstance(argument, ast.Constant):
        return str(argument.value).strip(".") in ("d2l_rnn", "")
    if isinstance(argument, ast.JoinedStr):
        texts = [part for part in argument.values if isinstance(part, ast.Constant)]
        first = str(texts[0].value) if texts else ""
        return not (first.startswith(".") or first.startswith("d2l_rnn."))
    return True


def imports_chapters(path: Path) -> List[str]:
    return [
        name
        for name in imports_of(path)
        if name.split(".")[:1] == ["d2l_rnn"]
        and any(part.startswith("chapters") for part in name.split(".")[1:2])
    ]


def files_but(*patterns: str) -> List[Path]:
    """The package's files, but those whose first part is one of the patterns."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        first = path.relative_to(PACKAGE).parts[0].replace(".py", "")
        if not any(fnmatch(first, pattern) for pattern in patterns):
            found.append(path)
    return found


def test_only_the_chapters_ask_the_package_what_a_reader_put_there() -> None:
    files = files_but(*AT_THE_TOP)
    assert len(files) > 50
    assert {str(f): b for f in files for b in [asks_the_package(f)] if b} == {}
    late = {
        str(path)
        for path in files_but("__init__", "chapters*")
        if "d2l_rnn.late_binding" in imports_of(path)
    }
    assert late == set()


def test_nobody_inside_imports_the_chapters() -> None:
    files = files_but(*OF_CHAPTERS, "chapters*")
    assert {str(f): b for f in files for b in [imports_chapters(f)] if b} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import d2l_rnn",
        "import d2l_rnn as d2l",
        "import d2l_rnn.seeding",
        "from d2l_rnn import train_ch8",
        "from .. import train_ch8",
        "from .. import *",
        "import importlib\nimportlib.import_module(__package__)",
        "from importlib import import_module\nimport_module('d2l_rnn')",
        "from importlib import import_module\nimport_module(__package__.split('.')[0])",
        "from importlib import import_module\nimport_module(f'{__package__}')",
        "from importlib import import_module\nimport_module('..', __package__)",
        "__import__('d2l_rnn')",
        "import sys\nsys.modules['d2l_rnn']",
        "import sys\nsys.modules[__package__]",
        "def inside():\n    from d2l_rnn import RNNModel",
    ],
)
def test_asking_the_package_is_noticed(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "models" / "bad.py"
    bad.parent.mkdir()
    bad.write_text(code + "\n")
    (tmp_path / "seeding.py").write_text("")
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    assert asks_the_package(bad) != []


@pytest.mark.parametrize(
    "code",
    [
        "from .. import seeding, __version__",
        "from ..seeding import set_seed",
        "from d2l_rnn.seeding import set_seed",
        "import d2l_rnn.seeding as seeding",
        "from importlib import import_module\nimport_module('mxnet')",
        "from importlib import import_module\nimport_module(f'{__package__}.{name}')",
        "from importlib import import_module\nimport_module(f'd2l_rnn.jobs.{name}')",
        "arrays['d2l_rnn.x']",
    ],
)
def test_what_does_not_ask_the_package_passes(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = tmp_path / "experiments" / "good.py"
    good.parent.mkdir()
    good.write_text(code + "\n")
    (tmp_path / "seeding.py").write_text("")
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    assert asks_the_package(good) == []


def test_the_rooms_above_stand_on_those_below_them_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = [*ROOMS, "experiments", "chapters", "chapters_text", "late_binding"]
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    for room in ROOMS:
        (tmp_path / room).mkdir()
        path = tmp_path / room / "all.py"
        path.write_text("".join(f"from ..{name} import x\n" for name in everything))
        allowed = {room} | BELOW.get(room, set())
        assert breaches(path, room) == [
            f"d2l_rnn.{name}" for name in everything if name not in allowed
        ]
        chapters = ["d2l_rnn.chapters", "d2l_rnn.chapters_text"]
        assert imports_chapters(path) == chapters


# Where `Any` may stand, and how often: what Gluon, IPython, tqdm or a notebook's shell
# hands us without types, names that a reader may replace with anything, a state of
# which only its own net knows the kind, and notes and answers out of JSON.
ANY = {
    "__init__.py": 3,
    "arrays.py": 2,
    "chapters_aliases.py": 1,
    "chapters_softmax.py": 1,
    "compatibility.py": 1,
    "doctor/looking.py": 1,
    "history.py": 1,
    "late_binding.py": 1,
    "notebook.py": 1,
    "progress.py": 2,
    "acceleration/generation.py": 4,
    "acceleration/recognise.py": 1,
    "acceleration/step_graphs.py": 1,
    "acceleration/epochs.py": 2,
    "acceleration/teacher_forcing.py": 1,
    "acceleration/translating.py": 4,
    "benchmark/measuring.py": 1,
    "benchmark/peers/beam_search.py": 2,
    "data/images.py": 1,  # of NumPy's reader of headers
    "benchmark/peers/book_translation.py": 8,
    "benchmark/reporting.py": 1,
    "benchmark/workloads.py": 1,
    "generation/asking.py": 7,
    "generation/choosing.py": 8,
    "generation/live_translations.py": 3,
    "generation/translations.py": 10,
    "jobs/dask.py": 5,
    "jobs/dask_worker.py": 1,
    "jobs/local.py": 1,
    "models/attention.py": 1,
    "page/contents.py": 9,
    "page/kinds.py": 2,
    "models/attention_decoder.py": 5,
    "models/edition_one.py": 9,
    "models/encoder_decoder.py": 7,
    "models/scratch_operators.py": 1,
    "results/plots_book.py": 7,
    "results/plots_live.py": 5,
    "results/printed.py": 2,
    "results/record.py": 1,
    "training/bptt.py": 1,
    "checkpoint_file.py": 3,
    "d2lzh/engine.py": 11,
    "export/onnx_graph.py": 2,
    "export/to_numpy.py": 1,
    "training/objectives.py": 4,
    "training/visibility.py": 1,
    "training/workers.py": 3,
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
