"""The pages: their links lead somewhere, both languages say the same, all are there."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Set
from urllib.parse import urlsplit

import pytest

from d2l_rnn.experiments.table import EXPERIMENTS
from d2l_rnn.results.readme_summary import sections_of

from .fences import ROOT, blocks_of, pages

DOCS = ROOT / "docs"
LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")


@pytest.fixture
def translations() -> Dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "check_translations.py"))


@pytest.fixture
def api() -> Dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "make_api_pages.py"))


def anchors_of(page: Path) -> Set[str]:
    """As both the site and a repository's browser make them from headings."""
    headings = re.findall("^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def dead_links(page: Path) -> List[str]:
    dead = []
    for target in LINK.findall(page.read_text("utf-8")):
        parts = urlsplit(target)
        if parts.scheme:
            continue
        path = page.parent / parts.path if parts.path else page
        if not path.exists():
            dead.append(target)
        elif parts.fragment and parts.fragment not in anchors_of(path):
            dead.append(target)
    return dead


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A title, here\n[a](page.md#a-title-here) [b](no.md) [c](#no)")
    assert dead_links(page) == ["no.md", "#no"]


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_is_short(name: str) -> None:
    assert len((ROOT / name).read_text("utf-8").splitlines()) <= 150


def test_every_experiment_has_its_place_in_both_languages() -> None:
    for folder in (DOCS, DOCS / "zh"):
        texts = [page.read_text("utf-8") for page in folder.glob("sections-*.md")]
        found = [name for text in texts for name in sections_of(text)]
        assert sorted(found) == sorted(f"runs of {name}" for name in EXPERIMENTS)


def test_chinese_pages_are_as_new_as_the_english_ones(
    translations: Dict[str, Any],
) -> None:
    found = translations["translations"]()
    assert len(found) >= 5
    assert {str(p): w for p in found for w in [translations["wrong"](p)] if w} == {}


def test_an_older_page_is_told(tmp_path: Path, translations: Dict[str, Any]) -> None:
    english, chinese = tmp_path / "page.md", tmp_path / "zh.md"
    table = "<!-- rooms:begin -->\n{}\n<!-- rooms:end -->\n"
    english.write_text("# Title\n" + table.format("a table"))
    chinese.write_text("<!-- english: page.md 0123456789abcdef -->\n# 标题\n", "utf-8")
    wrong, renew = translations["wrong"], translations["renew"]
    assert wrong(chinese).startswith("older than page.md")
    renew(chinese)
    assert wrong(chinese) is None
    assert chinese.read_text("utf-8").endswith(" -->\n# 标题\n")
    english.write_text("# Title\n" + table.format("a newer table"))
    assert wrong(chinese) is None  # it is made anew on both
    english.write_text("# Another title\n" + table.format("a newer table"))
    assert wrong(chinese).startswith("older than page.md")
    english.unlink()
    assert wrong(chinese) == "there is no page.md"
    chinese.write_text("# 标题\n", "utf-8")
    assert "its first line" in wrong(chinese)


def code_of(page: Path) -> List[str]:
    """The commands and the code of a page, without what is said beside them."""
    found = []
    for block in blocks_of(page):
        if block.mark != "elsewhere":
            lines = (re.sub(r" *# .*$", "", line) for line in block.text.splitlines())
            found += [f"{block.mark}: {line}" for line in lines if line]
    return found


def test_both_languages_have_the_same_commands(translations: Dict[str, Any]) -> None:
    for page in translations["translations"]():
        english = page.parent / translations["NOTE"].match(page.read_text("utf-8"))[1]
        chinese = code_of(page)
        if page.name == "README.zh.md":  # which has hints of its own
            chinese = [line for line in chinese if "songs.txt" not in line]
        assert chinese == code_of(english), page


def messages() -> str:
    """All texts of the program and its scripts."""
    found = []
    for file in sorted((ROOT / "d2l_rnn").rglob("*.py")):
        # As written in the source: adjacent literals joined, fields in their braces.
        joined = re.sub(r'"\n\s*f?"', "", file.read_text("utf-8"))
        found.append(joined)
    found += [file.read_text() for file in (ROOT / "scripts").glob("*.sh")]
    return "\n".join(found)


def test_troubleshooting_goes_by_words_that_are_said() -> None:
    text = (DOCS / "troubleshooting.md").read_text("utf-8")
    headings = re.findall("^### `(.*)`$", text, re.MULTILINE)
    assert len(headings) > 15
    said = messages()
    assert [heading for heading in headings if heading not in said] == []


def test_every_public_name_is_documented(api: Dict[str, Any]) -> None:
    import d2l_rnn

    files = api["pages"]()
    text = "\n".join(files.values())
    for name in d2l_rnn.__all__:
        assert re.search(rf"^\.\. \S+:: d2l_rnn\.\S*\b{name}$", text, re.MULTILINE), (
            name
        )


def test_a_name_without_docstring_ends_the_build(
    api: Dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from d2l_rnn import chapters
    from d2l_rnn.models.language_model import RNNModel

    monkeypatch.setattr(chapters.train_ch8, "__doc__", None)
    with pytest.raises(LookupError, match=r"docstring: d2l_rnn\.chapters\.train_ch8$"):
        api["pages"]()
    monkeypatch.undo()
    monkeypatch.setattr(RNNModel, "new", lambda self: self, raising=False)
    with pytest.raises(LookupError, match=r"language_model\.RNNModel\.new$"):
        api["pages"]()
    monkeypatch.undo()
    monkeypatch.setitem(api["d2l_rnn"]._HOMES, "nowhere", ("name",))
    with pytest.raises(LookupError, match="on no page: the names of nowhere"):
        api["pages"]()


def test_the_site_is_built_into_no_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    def docs(*arguments: str) -> Any:
        command = [str(ROOT / "scripts" / "docs.sh"), *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    for arguments in ([str(tmp_path)], ["--walk"]):
        done = docs(*arguments)
        assert done.returncode == 2 and done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    done = docs("--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: scripts/docs.sh")


def test_the_map_of_the_house_is_read_off_the_imports(tmp_path: Path) -> None:
    house = runpy.run_path(str(ROOT / "scripts" / "house_map.py"))
    table = house["rooms_table"]()
    for room in ("data", "models", "inference", "training", "results"):
        (row,) = [line for line in table.splitlines() if line.startswith(f"| `{room}`")]
        assert row.endswith("| the ground floor |")
    (row,) = [line for line in table.splitlines() if line.startswith("| `generation`")]
    assert "`acceleration`" in row and "`experiments`" not in row
    assert ast.parse((ROOT / "docs" / "conf.py").read_text("utf-8"))
