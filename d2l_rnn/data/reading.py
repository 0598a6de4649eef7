"""The one reader of texts: a regular file of UTF-8, whatever ends its lines.

What is no such text is refused with the true reason and, where the encoding is sure,
with the command that converts it. A line ends with LF, CRLF or CR, as for Python's
``open`` and hence in the book; NEL, the line and paragraph separators, form feeds and
the like are characters of the line that they stand in.
"""

from __future__ import annotations

import codecs
import shlex
import unicodedata
from typing import NoReturn

from ..errors import DataError
from ..files import PathLike, read_regular

#: Bytes of sentence pairs, of an archive, or of what comes through a pipe. The
#: English-French pairs have 11.6 million.
LARGEST_TEXT = 64 * 2**20
#: Bytes of a text that is read into one array of ids. The Time Machine has 179,000.
LARGEST_CORPUS = 256 * 2**20

# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_EXAMINED = 10_000  # characters that tell an encoding
_LONGEST_PATH = 200  # characters of it that a message shows


def shown(path: PathLike) -> str:
    """A path for a message: one line that any terminal can print."""
    text = str(path)
    if len(text) > _LONGEST_PATH:
        text = f"{text[: _LONGEST_PATH // 2]}...{text[-_LONGEST_PATH // 2 :]}"
    return text if text.isprintable() else ascii(text)


def read_content(
    path: PathLike, what: str, accepted: str = "", largest: int = 0
) -> bytes:
    """The bytes of a regular file that is not too large for a text.

    Parameters
    ----------
    path : path
    what : str
        What it was named as, for messages: "corpus", say.
    accepted : str
        What could be named instead, where there is no such file.
    largest : int
        Bytes; 0: ``LARGEST_TEXT``.

    Raises
    ------
    DataError
        If it is no regular file, larger than that, or cannot be read.
    """
    try:
        return read_regular(path, largest or LARGEST_TEXT)
    except FileNotFoundError:
        hint = f"; accepted are {accepted}" if accepted else ""
        raise DataError(f"{what} {shown(path)}: no such file{hint}") from None
    except OSError as error:
        raise DataError(f"{what} {shown(path)}: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in the path, or what no path can hold
        raise DataError(f"{what} {shown(path)}: no path ({error})") from None


def decode(content: bytes, name: str, path: PathLike) -> str:
    """The text of a file's bytes, its byte order mark taken off, lines ended by LF.

    Parameters
    ----------
    content : bytes
    name : str
        The file's, for messages.
    path : path
        The file, for the command that converts it.

    Raises
    ------
    DataError
        If it is empty or no UTF-8 text; names the first byte that is wrong.
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark) and _decodes(content, encoding):
            _refuse(name, path, f"it begins with the mark of {encoding}", encoding)
    nul = content.find(b"\0")
    if nul >= 0:
        _refuse(name, path, f"byte {nul} is NUL", _wide_encoding(content))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        why = f"byte {error.start}: {error.reason}"
        _refuse(name, path, why, _chinese_encoding(content) or "ENCODING")
    text = text[1:] if text.startswith("\ufeff") else text
    if not text or text.isspace():
        raise DataError(f"{name}: the file is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refuse(name: str, path: PathLike, why: str, encoding: str) -> NoReturn:
    """Raise DataError; "ENCODING" stands for one that the user has to find out."""
    message = f"{name}: not UTF-8 text ({why})"
    if encoding:
        is_it = "" if encoding == "ENCODING" else f"it is {encoding}; "
        command = f"iconv -f {encoding} -t UTF-8 {shlex.quote(shown(path))} > NEW-FILE"
        message = f"{message}; {is_it}convert it with '{command}'"
    raise DataError(message)


def _decodes(content: bytes, encoding: str) -> bool:
    """Whether bytes are a text in an encoding, by its first characters."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return not any(
        unicodedata.category(character) in ("Cc", "Cn", "Co")
        for character in text[:_EXAMINED]
        if character not in "\t\n\v\f\r"
    )


def _wide_encoding(content: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, where NULs and all else speak for it."""
    order = "LE" if content[1::2].count(0) > content[::2].count(0) else "BE"
    for encoding in (f"UTF-32{order}", f"UTF-16{order}"):
        if _decodes(content, encoding):
            return encoding
    return ""


def _chinese_encoding(content: bytes) -> str:
    """GBK or its superset GB18030, where the text would be one of common characters."""
    for encoding in ("GBK", "GB18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        foreign = "".join(c for c in text[:_EXAMINED] if not c.isascii())
        # In GB 2312 the 3,755 common characters begin with the bytes B0 to D7.
        firsts = foreign.encode("gb2312", "ignore")[::2]
        common = [first for first in firsts if 0xB0 <= first <= 0xD7]
        # EUC-KR and EUC-JP read like it too: the one of B0 to C8 alone, the other with
        # kana, which begin with A4 and A5.
        korean = len(common) >= 20 and max(common) <= 0xC8
        japanese = 0xA4 in firsts or 0xA5 in firsts
        if 2 * len(common) < len(foreign) or korean or japanese:
            return ""
        return encoding
    return ""
