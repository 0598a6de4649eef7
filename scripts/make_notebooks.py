"""Write the notebooks, in English and in Chinese, from one source each; or check them.

scripts/make_notebooks.py            write notebooks/en and notebooks/zh, and the list
                                     in docs/notebooks.md and docs/zh/notebooks.md
scripts/make_notebooks.py --check    exit 1 if that would change anything

A source, notebooks/source/NAME.md, is a row of blocks with empty lines between:

:::en                    a text in English, and right after it
...
:::

:::zh                    the same in Chinese
...
:::

```python                code, the same in both; ``python parameters`` marks the cell
...                      whose settings execute_notebooks.py may change
```
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from d2l_rnn.errors import D2lRnnError, DataError
from d2l_rnn.files import make_directory, write_bytes
from d2l_rnn.results.readme_summary import replace_section

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
PAGES = [ROOT / "docs" / name for name in ("notebooks.md", "zh/notebooks.md")]
LANGUAGES = ("en", "zh")
_BLOCK = re.compile(
    r":::(?P<language>en|zh)\n(?P<text>(?:(?!:::).*\n)+):::(?:\n+|\Z)"
    r"|```python(?: (?P<tag>parameters))?\n(?P<code>(?:(?!```).*\n)+)```(?:\n+|\Z)"
)
# A line that ends within a Chinese sentence: Markdown would show the end as a space.
_WITHIN = re.compile(
    "(?<=[\u3000-\u9fff\uff00-\uffef])\n *(?=[\u3000-\u9fff\uff00-\uffef])"
)
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class Cell(NamedTuple):
    """A cell of the source: a text in each language, or code.

    Attributes
    ----------
    texts : dict
        Language -> source; of code, the same under each.
    is_code, is_parameters : bool
    """

    texts: Dict[str, str]
    is_code: bool = False
    is_parameters: bool = False


def cells_of(source: str, name: str) -> List[Cell]:
    """The cells of a source.

    Raises
    ------
    DataError
        If a block is none of the three kinds, or a text lacks its other language.
    """
    cells: List[Cell] = []
    place, english = 0, ""
    while place < len(source):
        block = _BLOCK.match(source, place)
        line = source.count("\n", 0, place) + 1
        if block is None:
            first = source[place:].splitlines()[0]
            raise DataError(f"{name}:{line}: {first!r} begins no block")
        language, text = block["language"], (block["text"] or "").strip()
        if bool(english) != (language == "zh"):
            raise DataError(f"{name}:{line}: English, then Chinese, in pairs")
        if language == "zh":
            cells.append(Cell({"en": english, "zh": _WITHIN.sub("", text)}))
        elif block["code"]:
            code = block["code"].rstrip()
            texts = {language: code for language in LANGUAGES}
            cells.append(Cell(texts, True, bool(block["tag"])))
        english = text if language == "en" else ""
        place = block.end()
    if english:
        raise DataError(f"{name}: the last text has no Chinese")
    return cells


def notebook(cells: List[Cell], language: str) -> bytes:
    """A notebook of one language, without outputs: the same cells, the same bytes."""
    made = []
    for number, cell in enumerate(cells, 1):
        source = cell.texts[language].splitlines(keepends=True)
        kind = "code" if cell.is_code else "markdown"
        metadata = {"tags": ["parameters"]} if cell.is_parameters else {}
        content: Dict[str, object] = {"cell_type": kind, "metadata": metadata}
        content.update(id=f"cell-{number:02}", source=source)
        if cell.is_code:
            content.update(execution_count=None, outputs=[])
        made.append(content)
    about = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    whole = {"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    text = json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True)
    return (text + "\n").encode("utf-8")


def sources(folder: Path) -> List[Path]:
    """The sources in the book's order, what is of no section last."""

    def order(path: Path) -> List[object]:
        section = re.match(r"(\d+)\.(\d+)-", path.name)
        numbers = [int(part) for part in section.groups()] if section else [99, 0]
        return [*numbers, path.name]

    return sorted((folder / "source").glob("*.md"), key=order)


def table(folder: Path = FOLDER, language: str = "en") -> str:
    """A row for each notebook, with its title in both languages, the page's first."""
    heading, order = "| notebook | English | 中文 |", LANGUAGES
    if language == "zh":
        heading, order = "| 笔记本 | 中文 | English |", LANGUAGES[::-1]
    rows = [heading, "| --- " * 3 + "|"]
    for path in sources(folder):
        first = cells_of(path.read_text("utf-8"), path.name)[0]
        titles = [first.texts[name].splitlines()[0].lstrip("# ") for name in order]
        rows.append(f"| `{path.stem}.ipynb` | {' | '.join(titles)} |")
    return "\n".join(rows)


def wanted(folder: Path, pages: List[Path]) -> Dict[Path, bytes]:
    """What the sources make: every file with its content."""
    files: Dict[Path, bytes] = {}
    for path in sources(folder):
        cells = cells_of(path.read_text("utf-8"), path.name)
        for language in LANGUAGES:
            files[folder / language / f"{path.stem}.ipynb"] = notebook(cells, language)
    for page in pages:
        rows = table(folder, "zh" if page.parent.name == "zh" else "en")
        text = replace_section(page.read_text("utf-8"), rows, "notebooks")
        files[page] = text.encode("utf-8")
    return files


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--page", dest="pages", type=Path, nargs="+", default=PAGES)
    options = parser.parse_args(arguments)
    try:
        files = wanted(options.folder, options.pages)
        there = {
            path
            for language in LANGUAGES
            for path in (options.folder / language).glob("*.ipynb")
        }
        stale = [p for p, b in files.items() if not p.exists() or p.read_bytes() != b]
        stale += there - set(files)
        if options.check:
            for path in sorted(stale):
                print(
                    f"{path}: stale; {Path(__file__).name} renews it", file=sys.stderr
                )
            return 1 if stale else 0
        for path in stale:
            if path in files:
                make_directory(path.parent)
                write_bytes(path, files[path])
            else:
                path.unlink()
    except (D2lRnnError, OSError) as error:
        print(f"make_notebooks: {error}", file=sys.stderr)
        return getattr(error, "exit_status", 4)
    return 0


if __name__ == "__main__":
    sys.exit(main())
