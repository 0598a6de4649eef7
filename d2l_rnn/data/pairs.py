"""Which file of sentence pairs, read safely: fra-eng, the sample, or your own.

The published pairs come as a zip archive. One member of it is read in place; nothing is
unpacked, so nothing can land outside a folder, and a size is never taken on trust.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..errors import DataError
from ..files import PathLike
from .corpora import SAMPLE_PAIRS, choose

_MEMBER = "fra-eng/fra.txt"
# fra.txt has 11.6 million bytes, and its archive a third of that.
_LARGEST_TEXT = 64 * 2**20
_LARGEST_RATIO = 50


@dataclass(frozen=True)
class PairsFile:
    """Sentence pairs as they were read: a line each, source, tab, target.

    Attributes
    ----------
    name : str
    sha1 : str
        Of the file's bytes.
    text : str
    """

    name: str
    sha1: str
    text: str


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
        If the file is unavailable, corrupt, too large or not UTF-8.
    """
    return _read(*choose(corpus, "fra-eng", SAMPLE_PAIRS, data_dir))


def _read(name: str, path: Path) -> PairsFile:
    try:
        if path.stat().st_size > _LARGEST_TEXT:
            raise DataError(f"pairs {path}: larger than {_LARGEST_TEXT} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"pairs {path}: {error.strerror or error}") from None
    raw = content
    if content[:2] == b"PK":
        raw = read_zip_member(content, _MEMBER, str(path))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"pairs {path}: not UTF-8 text (byte {error.start}: {error.reason})"
        ) from None
    return PairsFile(name, hashlib.sha1(content).hexdigest(), text)


def read_zip_member(
    content: bytes,
    member: str,
    name: str,
    largest: int = _LARGEST_TEXT,
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
            entry = archive.getinfo(member)
            allowed = min(largest, largest_ratio * max(1, entry.compress_size))
            if entry.file_size > allowed:
                raise DataError(
                    f"{name}: {member} has {entry.file_size} bytes, at most {allowed} "
                    "are accepted"
                )
            with archive.open(entry) as file:
                # The declared size may lie: ask for one byte more than is allowed.
                text = file.read(allowed + 1)
    except KeyError:
        raise DataError(f"{name}: no member {member} in the archive") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,  # a compression or a version that zipfile lacks
        RuntimeError,  # encrypted
        OSError,  # a negative seek in a truncated directory
        ValueError,
    ) as error:
        raise DataError(f"{name}: corrupt zip archive ({error})") from None
    if len(text) > allowed:
        raise DataError(f"{name}: {member} has more than {allowed} bytes")
    return text
