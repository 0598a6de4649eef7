"""Which file of sentence pairs, read safely: fra-eng, the sample, or your own.

The published pairs come as a zip archive. One member of it is read in place; nothing is
unpacked, so nothing can land outside a folder, and a size is never taken on trust.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Counter, Optional

from ..errors import DataError
from ..files import PathLike
from .corpora import SAMPLE_PAIRS, choose
from .reading import LARGEST_TEXT, decode, read_content, shown

#: Of the two sides of a pair.
LANGUAGES = ("English", "French")

_MEMBER = "fra-eng/fra.txt"
_ZIP = (b"PK\3\4", b"PK\5\6")  # how an archive begins, and an empty one
_LARGEST_RATIO = 50  # of fra.txt to its archive: 3


@dataclass(frozen=True)
class PairsFile:
    """Sentence pairs as they were read: a line each, source, tab, target.

    Attributes
    ----------
    name : str
    sha1 : str
        Of the file's bytes.
    text : str
    passed_over : int
        How many of its lines are something else.
    """

    name: str
    sha1: str
    text: str
    passed_over: int = 0


def load_pairs(corpus: str = "auto", data_dir: Optional[PathLike] = None) -> PairsFile:
    """Read a file of sentence pairs.

    Parameters
    ----------
    corpus : str
        ``fra-eng``; ``auto``, the same but falling back to the embedded sample with a
        :class:`~d2l_rnn.data.corpora.SampleCorpusWarning`; ``sample``; or the path of
        such a zip archive or of a UTF-8 text file.
    data_dir : path, optional
        Folder to look in first for fra-eng.

    Raises
    ------
    DataError
        If the file is unavailable, no regular file, corrupt, too large, not UTF-8, or
        has no line that is a pair; says which.
    """
    return _read(*choose(corpus, "fra-eng", SAMPLE_PAIRS, data_dir))


def _read(name: str, path: Path) -> PairsFile:
    accepted = "auto, fra-eng, sample and the path of a zip archive or a UTF-8 file"
    content = read_content(path, "pairs", accepted)
    raw, file = content, f"pairs {shown(path)}"
    if is_zip(content):
        raw, file = read_zip_member(content, _MEMBER, file), f"{file}: {_MEMBER}"
    text = decode(raw, file, _MEMBER if raw is not content else path)
    passed_over = _other_lines(text, file)
    return PairsFile(name, hashlib.sha1(content).hexdigest(), text, passed_over)


def _other_lines(text: str, file: str) -> int:
    """How many lines are no pair; refuses a text that has no other, and says why."""
    tabs: Counter[int] = Counter()
    pairs = 0
    for line in text.split("\n"):
        number = line.count("\t")
        if number == 1 and all(side.strip() for side in line.split("\t")):
            pairs += 1
        elif line.strip():
            tabs[number] += 1
    if pairs:
        return sum(tabs.values())
    ((usual, _),) = tabs.most_common(1)
    reason = {0: "no tab", 1: "an empty side"}.get(usual, f"{usual} tabs")
    hint = ""
    if usual > 1:  # as today's fra.txt of manythings.org, whose third names the source
        hint = "; 'cut -f 1,2 FILE > NEW-FILE' keeps the first two columns"
    raise DataError(
        f"{file}: no sentence pairs: a line is source, tab, target, and most have "
        f"{reason}{hint}"
    )


def is_zip(content: bytes) -> bool:
    """Whether bytes begin as a zip archive does."""
    return content.startswith(_ZIP)


def read_zip_member(
    content: bytes,
    member: str,
    name: str,
    largest: int = LARGEST_TEXT,
    largest_ratio: int = _LARGEST_RATIO,
) -> bytes:
    """One member of a zip archive, in memory.

    Parameters
    ----------
    content : bytes
        The archive.
    member : str
    name : str
        The archive's, for messages.
    largest : int
        Most bytes that the member may have, declared or real.
    largest_ratio : int
        Most bytes of the member for each compressed byte.

    Raises
    ------
    DataError
        If the archive is corrupt or encrypted, or has no such member, or the member is
        too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if member not in archive.namelist():
                names = shown(", ".join(archive.namelist()) or "nothing")
                raise DataError(f"{name}: no {member} in the archive, but {names}")
            entry = archive.getinfo(member)
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(f"{name}: {member} is neither stored nor deflated")
            allowed = min(largest, largest_ratio * max(1, entry.compress_size))
            if entry.file_size > allowed:
                limit = (
                    "" if allowed == largest else f", {largest_ratio} times its size"
                )
                raise DataError(
                    f"{name}: {member} unpacks to {entry.file_size:,} bytes, at most "
                    f"{allowed:,} are accepted{limit}"
                )
            with archive.open(entry) as file:
                # The declared size may lie: ask for one byte more than is allowed.
                text = file.read(allowed + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,  # a version that zipfile lacks
        RuntimeError,  # encrypted
        OSError,  # a negative seek in a truncated directory
        ValueError,
    ) as error:
        reason = shown(str(error))
        raise DataError(f"{name}: corrupt zip archive ({reason})") from None
    if len(text) > allowed:
        raise DataError(f"{name}: {member} has more than {allowed:,} bytes")
    return text
