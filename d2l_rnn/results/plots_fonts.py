"""Chinese, Japanese and Korean in pictures: an installed font that has them.

matplotlib's own font has none of these characters and draws a box for each. A figure
that has some falls back, character by character, to a font of the system.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Iterable, Iterator, List, Optional

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from ..installation import font_cure

#: What the systems bring along, or their users install, the lightest first.
COMMON = (
    # Linux
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",  # the only name that matplotlib knows the whole family by
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Noto Serif CJK SC",
    "Noto Serif CJK JP",
    "AR PL UMing CN",
    "AR PL UKai CN",
    # macOS
    "PingFang SC",
    "PingFang HK",
    "Hiragino Sans GB",
    "Heiti SC",
    "Heiti TC",
    "STHeiti",
    "Songti SC",
    "Arial Unicode MS",
    # Windows
    "Microsoft YaHei",
    "DengXian",
    "SimHei",
    "SimSun",
    "KaiTi",
    "FangSong",
)
_NO_CHARACTER = 0xFFFF
_PROBE = "想"  # common to simplified and traditional Chinese and to Japanese


class MissingFontWarning(UserWarning):
    """No font of the system has the characters of a picture."""


def legible(figure: Figure) -> Figure:
    """Have a figure's texts fall back to a font with Chinese characters, if need be.

    Texts without such characters keep the font that they have. Where no font has them,
    a :class:`MissingFontWarning` says so, once a process, with the package to install.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    matplotlib.figure.Figure
        The same.
    """
    texts: List[Text] = [t for t in figure.findobj(Text) if _is_cjk(t.get_text())]
    if not texts:
        return figure
    font = chinese_font()
    if font is None:
        _warn()
        return figure
    for text in texts:
        families = list(text.get_fontfamily())
        if font not in families:
            text.set_fontfamily([*families, font])
    return figure


@contextmanager
def boxes_accepted() -> Iterator[None]:
    """Within, matplotlib does not tell of each character that it draws as a box."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph ")
        yield


def _is_cjk(text: str) -> bool:
    """Whether a text has ideographs, kana, hangul, or the full-width signs of these."""
    return any(
        "\u2e80" <= character <= "\u9fff"
        or "\uac00" <= character <= "\ud7af"
        or "\uf900" <= character <= "\ufaff"
        or "\uff00" <= character <= "\uffef"
        or character >= "\U00020000"
        for character in text
    )


@lru_cache(maxsize=1)
def chinese_font() -> Optional[str]:
    """The name of an installed font that has Chinese characters, or None.

    Of :data:`COMMON` the first that is there, else any. A font that was installed
    after matplotlib listed the fonts is added to its list.
    """
    known = font_manager.fontManager.ttflist
    return (
        _first_of(known)
        or _first_of(_added({entry.fname for entry in known}))
        or next((e.name for e in known if _has_chinese(e.fname)), None)
    )


def _first_of(entries: Iterable[font_manager.FontEntry]) -> Optional[str]:
    files = {entry.name: entry.fname for entry in entries}
    return next((n for n in COMMON if n in files and _has_chinese(files[n])), None)


def _added(known: Iterable[str]) -> List[font_manager.FontEntry]:
    """The entries of the system's fonts that matplotlib's list lacks, now in it."""
    manager = font_manager.fontManager
    before = len(manager.ttflist)
    for path in sorted(set(font_manager.findSystemFonts()) - set(known)):
        if _has_chinese(path):
            manager.addfont(path)
    return list(manager.ttflist[before:])


def _has_chinese(path: str) -> bool:
    if not Path(path).is_file():  # removed since it was listed
        return False
    try:
        font = font_manager.get_font(path)
        # matplotlib from 3.11 on brings a font of boxes, which has every code point.
        return bool(font.get_char_index(ord(_PROBE))) and not font.get_char_index(
            _NO_CHARACTER
        )
    except (OSError, RuntimeError):  # no font, or of a kind that matplotlib cannot read
        return False


@lru_cache(maxsize=1)
def _warn() -> None:
    """Once a process."""
    warnings.warn(
        "no font here has Chinese characters, which pictures show as boxes: "
        f"{font_cure().text}",
        MissingFontWarning,
        stacklevel=3,
    )
