"""Files are written whole or not at all, and are regular files: the one door."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Collection, Dict, Union

PathLike = Union[str, "os.PathLike[str]"]

_KINDS = {
    stat.S_IFIFO: "named pipe",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
    stat.S_IFSOCK: "socket",
    stat.S_IFDIR: "directory",
}
# Of version 0.1.0 too, which named them after a run's files.
_TEMPORARY = re.compile(
    r"\.(?:d2l_rnn-[0-9a-f]{8}\.part"
    r"|(?:\w+\.json|epochs\.jsonl|checkpoint\.safetensors)-[a-z0-9_]{8})"
)


def write_bytes(path: PathLike, content: bytes) -> None:
    """Write a file atomically: temporary file beside it, fsync, rename.

    Parameters
    ----------
    path : path
        An earlier file of that name is replaced in one step, or stays as it was; of a
        link, the file that it leads to.
    content : bytes

    Raises
    ------
    OSError
        If the file cannot be written; ``strerror`` says why, also where what has that
        name is no regular file.
    """
    path = target_of(path)
    temporary = path.with_name(f".d2l_rnn-{secrets.token_hex(4)}.part")
    try:
        # Not tempfile's: its files are private, ours as readable as other new files.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            _write_all(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def target_of(path: PathLike) -> Path:
    """The file that :func:`write_bytes` would write: a link's is where it leads.

    Raises
    ------
    OSError
        If something else than a regular file is there, or nothing can be.
    """
    with suppress(FileNotFoundError):
        _check_regular(os.stat(path).st_mode)
    path = Path(os.path.realpath(path) if os.path.islink(path) else path)
    if not path.name:  # the current directory, that is
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    os.stat(path.parent)
    return path


def _check_regular(mode: int) -> None:
    """OSError where a file's mode is not that of a regular file."""
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "special file")
        raise OSError(errno.EINVAL, f"a {kind}, not a regular file")


def _write_all(handle: int, content: bytes) -> None:
    """A write may take less than it is given, where the disk is almost full say."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


class GrowingFile:
    """A file that grows at its end, piece by piece, with nothing held back.

    Parameters
    ----------
    path : path
    content : bytes
        What it begins with, written as by :func:`write_bytes`.

    Raises
    ------
    OSError
        By all methods but ``close``. A piece that could not be written may be there in
        part.
    """

    def __init__(self, path: PathLike, content: bytes = b"") -> None:
        write_bytes(path, content)
        self._file = open(path, "ab", buffering=0)

    def append(self, content: bytes) -> None:
        """Write a piece."""
        _write_all(self._file.fileno(), content)

    def sync(self) -> None:
        """Wait until all of it is on the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close it; a second time does nothing."""
        with suppress(OSError):  # all that counts has been written, or has failed
            self._file.close()


def open_regular(path: PathLike) -> BinaryIO:
    """Open a regular file for reading, and nothing else.

    A pipe would be waited for and a device has no end, so neither is opened for long:
    the kind of what was opened decides.

    Parameters
    ----------
    path : path
        Links are followed.

    Raises
    ------
    OSError
        If it cannot be opened; ``strerror`` says why, also where it is no regular file.
    """
    try:
        # O_NONBLOCK: to open a pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        # A socket cannot be opened, nor a device whose driver is missing.
        _check_regular(os.stat(path).st_mode)
        raise
    try:
        _check_regular(os.fstat(handle).st_mode)
    except BaseException:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def read_regular(path: PathLike, largest: int) -> bytes:
    """Read a regular file of at most ``largest`` bytes, and nothing else.

    Parameters
    ----------
    path : path
        Links are followed.
    largest : int
        Bytes.

    Raises
    ------
    OSError
        As :func:`open_regular`, or if the file is larger.
    """
    with open_regular(path) as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"larger than the {largest:,} bytes accepted")
    return content


def make_directory(path: PathLike) -> None:
    """Make a directory, and those above it, where they are not there yet.

    Raises
    ------
    OSError
        If something else is there, or it cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None


def put_in_place(arrived: PathLike, directory: PathLike, aside: PathLike) -> None:
    """Give a folder that is complete the name of one that was there, or was not.

    Parameters
    ----------
    arrived, directory, aside : path
        On one disk; what was there is ``aside`` afterwards.

    Raises
    ------
    OSError
        If it cannot be; what was there is there still.
    """
    was_there = os.path.lexists(directory)
    if was_there:
        os.rename(directory, aside)
    try:
        os.rename(arrived, directory)
    except BaseException:
        if was_there:
            os.rename(aside, directory)
        raise


def sweep(directory: PathLike) -> None:
    """Remove what a killed :func:`write_bytes` left in a directory."""
    directory = Path(directory)
    for path in directory.iterdir() if directory.is_dir() else ():
        if _TEMPORARY.fullmatch(path.name):
            path.unlink()


def digests(directory: PathLike, without: Collection[str]) -> Dict[str, str]:
    """SHA-256 of a directory's files by name; not of folders and hidden files."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(directory).iterdir())
        if path.is_file() and path.name not in without and path.name[0] != "."
    }
