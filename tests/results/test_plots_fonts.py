"""Chinese in pictures: a font that has it, or one warning with the cure."""

from __future__ import annotations

import io
import platform
import shutil
import warnings
from pathlib import Path
from typing import Any, Iterator, List

import numpy
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from d2l_rnn import installation
from d2l_rnn.results import plots, plots_fonts
from d2l_rnn.results.plots_attention import attention_figure
from d2l_rnn.results.plots_live import Animator

LATIN = "DejaVu Sans"  # matplotlib's own


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """What a process remembers is forgotten."""
    for remembered in (plots_fonts.chinese_font, plots_fonts._warn):
        remembered.cache_clear()
    yield
    for remembered in (plots_fonts.chinese_font, plots_fonts._warn):
        remembered.cache_clear()


def entry(name: str, path: str = "") -> Any:
    fname = path or font_manager.findfont(LATIN)
    return font_manager.FontEntry(fname=fname, name=name)


def installed(
    monkeypatch: pytest.MonkeyPatch, names: List[str], unlisted: List[str]
) -> None:
    """As if these fonts were listed by matplotlib, and those were on the disk."""
    manager = font_manager.fontManager
    monkeypatch.setattr(manager, "ttflist", [entry(n, f"/{n}.ttf") for n in names])
    monkeypatch.setattr(plots_fonts, "_has_chinese", lambda path: "CJK" in path)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: unlisted)
    monkeypatch.setattr(
        manager, "addfont", lambda path: manager.ttflist.append(entry("added", path))
    )


def test_a_common_font_comes_before_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["AA CJK", "DejaVu Sans", "WenQuanYi Zen Hei CJK", "Noto Sans CJK JP"]
    installed(monkeypatch, names, [])
    assert plots_fonts.chinese_font() == "Noto Sans CJK JP"
    plots_fonts.chinese_font.cache_clear()
    installed(monkeypatch, ["AA CJK", "DejaVu Sans"], [])
    assert plots_fonts.chinese_font() == "AA CJK"
    plots_fonts.chinese_font.cache_clear()
    installed(monkeypatch, ["DejaVu Sans", "SimHei"], [])  # a name is no promise
    assert plots_fonts.chinese_font() is None


def test_a_font_that_matplotlib_has_not_listed_yet_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(monkeypatch, ["DejaVu Sans"], ["/new/CJK.ttc", "/new/other.ttf"])
    assert plots_fonts.chinese_font() == "added"
    assert [e.fname for e in font_manager.fontManager.ttflist][1:] == ["/new/CJK.ttc"]


def test_latin_figures_keep_their_fonts_and_ask_for_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never() -> None:
        raise AssertionError("a font was looked for")

    monkeypatch.setattr(plots_fonts, "chinese_font", never)
    figure = plots.lines_figure({"déjà vu": ([1, 2], [1, 2])}, "x", "y")
    before = [tuple(text.get_fontfamily()) for text in figure.findobj(Text)]
    plots_fonts.legible(figure)
    assert before == [tuple(t.get_fontfamily()) for t in figure.findobj(Text)]


@pytest.mark.parametrize("text", ["权重", "あ", "한글", "，", "ｗ", "𠀀"])
def test_every_script_that_needs_it_is_told(text: str) -> None:
    assert plots_fonts._is_cjk(f"attention {text}")
    assert not plots_fonts._is_cjk("attention é Ω — “…”")


def test_texts_fall_back_behind_their_own_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tick labels, titles, legends and what stands at a line's end alike."""
    monkeypatch.setattr(plots_fonts, "chinese_font", lambda: "Some CJK")
    tokens = ["我", "到家", "了"]
    weights = numpy.full((3, 2), 0.5)
    figure = attention_figure([(["i'm", "home"], tokens, weights)])
    for _ in range(2):  # a second time changes nothing
        plots_fonts.legible(figure)
    families = {t.get_text(): t.get_fontfamily() for t in figure.findobj(Text)}
    for token in tokens:
        assert list(families[token])[-1] == "Some CJK"
        assert list(families[token]).count("Some CJK") == 1
    assert "Some CJK" not in families["home"]


def test_without_a_font_one_warning_names_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(plots_fonts, "chinese_font", lambda: None)
    figures = [
        plots.heatmap_figure([[1.0]], ["我"], ["me"], title="注意力") for _ in range(2)
    ]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for figure in figures:
            plots.save(figure, tmp_path / "heat.png")
        animator = Animator(xlabel="迭代周期")
        animator.add(1, 2)
        assert animator._repr_svg_().startswith("<?xml")
    kinds = [w.category for w in caught]
    assert kinds == [plots_fonts.MissingFontWarning]  # and not one for each glyph
    assert "cjk" in str(caught[0].message)
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "system, tool, cure",
    [
        ("Linux", "apt-get", "apt-get install fonts-noto-cjk"),
        ("Linux", "dnf", "google-noto-sans-cjk-fonts"),
        ("Linux", "pacman", "noto-fonts-cjk"),
        ("Linux", "zypper", "noto-sans-cjk-fonts"),
        ("Darwin", "brew", "font-noto-sans-cjk"),
        ("Windows", "", "Chinese (Simplified)"),
    ],
)
def test_the_package_is_that_of_the_system(
    system: str, tool: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(shutil, "which", lambda name: name == tool or None)
    assert cure in installation.font_cure().text


def test_with_a_font_no_box_is_drawn(tmp_path: Path) -> None:
    """The picture differs from that of boxes, and each character from the next."""
    font = plots_fonts.chinese_font()
    if font is None:
        pytest.skip("no font of this machine has Chinese characters")

    def drawn(text: str, legible: bool) -> bytes:
        figure = Figure(figsize=(1, 1))
        figure.text(0.1, 0.5, text, size=40)
        if legible:
            plots_fonts.legible(figure)
        picture = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("error" if legible else "ignore")
            figure.savefig(picture, format="rgba")
        return picture.getvalue()

    assert drawn("想", False) == drawn("家", False)  # boxes
    assert drawn("想", True) != drawn("家", True)
    assert drawn("想", True) != drawn("想", False)
