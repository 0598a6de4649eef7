"""The notebooks: what their sources make, the same code in both languages, and run."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any, Dict, List

import nbformat
import pytest
from matplotlib import pyplot

from d2l_rnn import exercises
from d2l_rnn.errors import DataError

from .test_chinese_pages import faults

ROOT = Path(__file__).parents[1]
MADE = sorted((ROOT / "notebooks" / "en").glob("*.ipynb"))
# Sizes with which a notebook runs in seconds.
SMALL = {
    "num_epochs": 2,
    "num_hiddens": 16,
    "num_draws": 3,
    "num_examples": 40,
    "max_tokens": 1500,
    "num_top": 3,
    "max_order": 2,
}
#: Those that the quick suite runs, in this process.
QUICK = ("bptt-by-hand", "hmm")

SOURCE = """:::en
# A title

Text.
:::

:::zh
# 标题
:::

```python parameters
num_epochs, lr = 500, 1
```

```python
if lr:

    print(num_epochs)
```
"""


@pytest.fixture(scope="module")
def making() -> Dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "make_notebooks.py"))


@pytest.fixture(scope="module")
def executing() -> Dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "execute_notebooks.py"))


def code_of(path: Path) -> List[str]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


def test_what_is_there_is_what_the_sources_make(making: Dict[str, Any]) -> None:
    assert len(MADE) >= 8
    assert making["main"](["--check"]) == 0


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_a_notebook_is_one_text_in_two_languages(path: Path) -> None:
    """Valid, without outputs, the same code, and Chinese where the other is English."""
    chinese = path.parents[1] / "zh" / path.name
    assert code_of(path) == code_of(chinese)
    kinds = []
    for file in (path, chinese):
        read: Any = nbformat.read
        content = read(file, as_version=4)
        validate: Any = nbformat.validate
        validate(content)
        kinds.append([cell.cell_type for cell in content.cells])
        assert not any(cell.get("outputs") for cell in content.cells)
        for cell in content.cells:
            if cell.cell_type == "markdown":
                found = bool(re.search("[\u4e00-\u9fff]", cell.source))
                assert found == (file == chinese), cell.source
        assert content.cells[0].source.startswith("# ")
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_a_notebook_ends_with_three_exercises_and_their_checks(path: Path) -> None:
    checks = re.findall(r"print\(exercises\.(check_\w+)\((\w+)\)\)", code_of(path)[-1])
    assert [name[-2:] for name, _ in checks] == ["_a", "_b", "_c"]
    unanswered = code_of(path)[-2]
    for name, answer in checks:
        assert name in exercises.__all__
        assert re.search(rf"^(def {answer}\(|{answer} = \.\.\.$)", unanswered, re.M)


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_the_chinese_text_keeps_to_the_terms(path: Path) -> None:
    cells = json.loads((path.parents[1] / "zh" / path.name).read_text("utf-8"))["cells"]
    texts = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    assert faults("\n".join(texts)) == []


def test_every_check_is_of_a_notebook() -> None:
    asked = {name for p in MADE for name in re.findall(r"check_\w+", code_of(p)[-1])}
    assert asked == {name for name in exercises.__all__ if name.startswith("check_")}


def test_a_source_and_its_cells(making: Dict[str, Any]) -> None:
    text, parameters, code = making["cells_of"](SOURCE, "source.md")
    assert text.texts == {"en": "# A title\n\nText.", "zh": "# 标题"}
    assert parameters.is_parameters and not code.is_parameters
    assert code.texts["en"] == "if lr:\n\n    print(num_epochs)"
    once = making["notebook"]([text, parameters, code], "zh")
    assert once == making["notebook"]([text, parameters, code], "zh")
    assert json.loads(once)["cells"][1]["metadata"] == {"tags": ["parameters"]}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("free text\n", "source.md:1: 'free text' begins no block"),
        (":::en\na\n:::\n", "the last text has no Chinese"),
        (":::zh\n甲\n:::\n", "source.md:1: English, then Chinese"),
        (":::en\na\n:::\n\n```python\n1\n```\n", "source.md:5: English, then Chinese"),
        (":::en\na\n", "source.md:1: ':::en' begins no block"),
        ("```python\n1\n", "source.md:1: '```python' begins no block"),
        ("```python hidden\n1\n```\n", "begins no block"),
    ],
)
def test_what_a_source_may_not_be(
    source: str, said: str, making: Dict[str, Any]
) -> None:
    with pytest.raises(DataError, match=re.escape(said)):
        making["cells_of"](source, "source.md")


def test_stale_notebooks_are_told_and_made_anew(
    tmp_path: Path, making: Dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "8.5-a.md").write_text(SOURCE, "utf-8")
    page = tmp_path / "page.md"
    page.write_text("<!-- notebooks:begin -->\n<!-- notebooks:end -->\n")
    options = ["--folder", str(tmp_path), "--page", str(page)]
    main = making["main"]
    assert main([*options, "--check"]) == 1
    assert main(options) == 0
    assert main([*options, "--check"]) == 0
    assert "| `8.5-a.ipynb` | A title | 标题 |" in page.read_text("utf-8")
    gone = tmp_path / "en" / "8.6-gone.ipynb"
    gone.write_text("{}")
    capsys.readouterr()
    assert main([*options, "--check"]) == 1
    assert "8.6-gone.ipynb: stale" in capsys.readouterr().err
    assert main(options) == 0 and not gone.exists()
    (tmp_path / "source" / "8.5-a.md").write_text("no block\n", "utf-8")
    assert main(options) == 3
    assert "8.5-a.md:1" in capsys.readouterr().err


def test_settings_are_put_after_the_parameters(
    making: Dict[str, Any], executing: Dict[str, Any]
) -> None:
    made = making["notebook"](making["cells_of"](SOURCE, ""), "en").decode()
    reads: Any = nbformat.reads
    changed = executing["with_settings"](
        reads(made, as_version=4), ["num_epochs=1", "num_draws=2"]
    )
    assert [cell.source for cell in changed.cells[1:]] == [
        "num_epochs, lr = 500, 1",
        "num_epochs=1",
        "if lr:\n\n    print(num_epochs)",
    ]
    with pytest.raises(SystemExit) as error:
        executing["main"](["a.ipynb", "--set", "num_epochs"])
    assert error.value.code == 2


def small(code: List[str], path: Path) -> List[str]:
    """The cells, with small sizes after the parameters."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    tagged = [c for c in cells if c["metadata"].get("tags") == ["parameters"]]
    assert len(tagged) == 1
    source = "".join(tagged[0]["source"])
    names = set(re.findall(r"\w+", source))
    settings = [f"{name} = {value}" for name, value in SMALL.items() if name in names]
    assert settings
    place = code.index(source) + 1
    return [*code[:place], "\n".join(settings), *code[place:]]


# Where the book's text is not to be had, on the embedded one.
@pytest.mark.filterwarnings("ignore::d2l_rnn.data.corpora.SampleCorpusWarning")
@pytest.mark.parametrize("name", QUICK)
def test_a_notebook_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In this process, from top to bottom; its exercises are not answered yet."""
    pyplot.switch_backend("Agg")
    path = ROOT / "notebooks" / "en" / f"{name}.ipynb"
    namespace: Dict[str, Any] = {}
    for code in small(code_of(path), path):
        exec(compile(code, str(path), "exec"), namespace)
    pyplot.close("all")
    assert capsys.readouterr().out.count("no answer yet") == 3


@pytest.mark.slow
@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_a_notebook_runs_in_a_kernel(
    path: Path, tmp_path: Path, executing: Dict[str, Any], monkeypatch: Any
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MXNET_ENGINE_TYPE", raising=False)
    settings = [f"{name}={value}" for name, value in SMALL.items()]
    notebook = executing["execute"](path, settings, 600)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    said = "".join(o.text for o in outputs if o.get("name") == "stdout")
    assert said.count("no answer yet") == 3
