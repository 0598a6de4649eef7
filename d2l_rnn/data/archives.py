"""Archives of the book's data sets are unpacked whole, beside themselves, or not.

Every entry is looked at before anything is written: its name must stay inside the
folder, it must be a file or a folder, and all of them together must not be too large.
"""

from __future__ import annotations

import os
import struct
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import List, Literal, NamedTuple

from ..errors import DataError
from ..files import PathLike, open_regular
from .reading import shown

# The largest of the book's, glove.42b.300d, unpacks to 5.3 billion bytes; none of them
# to more than ten times its own size.
_LARGEST = 16 * 2**30
_LARGEST_RATIO = 100
_SMALL = 2**20  # harmless, whatever the ratio


class _Entry(NamedTuple):
    name: str
    size: int
    is_plain: bool


def unpack(path: PathLike, folder: PathLike) -> None:
    """Unpack a zip or tar archive, told apart by the file's name.

    Parameters
    ----------
    path : path
        Its name ends in ``.zip``; all others are taken for tar archives.
    folder : path
        Files that are there already are replaced.

    Raises
    ------
    DataError
        If it is no regular file or corrupt, if an entry would lie outside of the
        folder or is a link or a device, or if it is too large unpacked. Then nothing
        is written.
    """
    name = str(path)
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            mode: Literal["r:gz", "r:"] = "r:gz" if name.endswith(".gz") else "r:"
            limit = min(_LARGEST, max(_SMALL, _LARGEST_RATIO * size))
            with tempfile.TemporaryDirectory(dir=folder, prefix=".unpacked-") as place:
                if name.endswith(".zip"):
                    with zipfile.ZipFile(file) as archive:
                        _check_methods(archive)
                        _check(_of_zip(archive), path, limit)
                        archive.extractall(place)
                else:
                    with tarfile.open(fileobj=file, mode=mode) as tape:
                        _check(_of_tar(tape, limit), path, limit)
                        if hasattr(tarfile, "data_filter"):  # owners, permissions
                            tape.extraction_filter = tarfile.data_filter
                        tape.extractall(place)
                _move(Path(place), Path(folder))
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        RuntimeError,  # encrypted
        ValueError,
    ) as error:
        reason = shown(str(error))
        raise DataError(f"{shown(path)}: corrupt archive ({reason})") from None
    except OSError as error:
        reason = error.strerror or shown(str(error))
        raise DataError(f"{shown(path)}: cannot be unpacked ({reason})") from None


def _check_methods(archive: zipfile.ZipFile) -> None:
    for info in archive.infolist():
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile("an entry is neither stored nor deflated")


def _of_zip(archive: zipfile.ZipFile) -> List[_Entry]:
    # The upper half of an entry's attributes is its mode where Unix has made it.
    return [
        _Entry(info.filename, info.file_size, info.external_attr >> 28 in (0, 4, 8))
        for info in archive.infolist()
    ]


def _of_tar(tape: tarfile.TarFile, limit: int) -> List[_Entry]:
    """Its entries, up to where they are too large: to go on would unpack them."""
    found: List[_Entry] = []
    total = 0
    for info in tape:
        found.append(_Entry(info.name, info.size, info.isfile() or info.isdir()))
        total += info.size
        if total > limit:
            break
    return found


def _check(entries: List[_Entry], path: PathLike, limit: int) -> None:
    for entry in entries:
        parts = PurePosixPath(entry.name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in entry.name[:2]:
            raise DataError(
                f"{shown(path)}: corrupt archive (its entry {shown(entry.name)} would "
                "lie outside of the folder)"
            )
        if not entry.is_plain:
            raise DataError(
                f"{shown(path)}: corrupt archive (its entry {shown(entry.name)} is "
                "neither a file nor a folder)"
            )
    total = sum(entry.size for entry in entries)
    if total > limit:
        raise DataError(
            f"{shown(path)}: unpacks to {total:,} bytes or more, at most {limit:,} are "
            f"accepted, {_LARGEST_RATIO} times its size"
        )


def _move(place: Path, folder: Path) -> None:
    """All files of a folder into another, each in one step."""
    for parent, _, names in os.walk(place):
        target = folder / Path(parent).relative_to(place)
        target.mkdir(exist_ok=True)
        for name in names:
            os.replace(Path(parent, name), target / name)
