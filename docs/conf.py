"""Sphinx's settings; scripts/docs.sh builds the site with them, strictly."""

from __future__ import annotations

import re
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Dict

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import make_api_pages  # noqa: E402

from d2l_rnn import __version__  # noqa: E402

project = "d2l_rnn"
author = "the authors of d2l_rnn"
version = release = __version__
html_title = f"d2l_rnn {version}"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["verdict.template.md", "recorded", "**.ipynb_checkpoints"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "dollarmath"]
# Notebooks are executed where they are made; here they are shown as they are.
nb_execution_mode = "off"

autodoc_typehints = "none"  # the docstrings say shapes and units
autodoc_member_order = "bysource"
# The signatures name mxnet's classes; it is installed where the site is built.
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Of the reader's machine: nothing is loaded from elsewhere.
html_theme_options: Dict[str, Any] = {
    "light_css_variables": {
        "font-stack": 'system-ui, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", '
        '"Microsoft YaHei", sans-serif',
    },
}


def _copy_notebooks() -> None:
    """Sphinx reads what lies below docs/, the notebooks lie beside it."""
    target = DOCS / "notebooks"
    shutil.rmtree(target, ignore_errors=True)
    for file in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        copy = target / file.relative_to(ROOT / "notebooks")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def _in_chinese(app: Any, page: str, template: str, context: Any, tree: Any) -> None:
    """A browser chooses the glyphs of Chinese characters by the page's language."""
    if page.startswith(("zh/", "notebooks/zh/")):
        context["language"] = "zh-CN"


def _as_it_is_read(app: Any, page: str, source: Any) -> None:
    """Of the patterns in the table of contents, those that have a page to add.

    And a line's end between two Chinese characters is no space.
    """
    if page.startswith("zh/"):
        wide = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
        source[0] = re.sub(rf"(?<={wide})\n *(?={wide})", "", source[0])
    if page != "index":
        return
    lines = source[0].splitlines()
    others = set(app.env.found_docs) - set(lines)
    kept = [
        line
        for line in lines
        if not re.fullmatch(r"[\w/-]*\*", line)
        or any(fnmatch(name, line) for name in others)
    ]
    source[0] = "\n".join(kept) + "\n"


def setup(app: Any) -> None:
    app.connect("source-read", _as_it_is_read)
    app.connect("html-page-context", _in_chinese)


_copy_notebooks()
make_api_pages.write(DOCS / "api")
