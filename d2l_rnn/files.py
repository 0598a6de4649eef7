"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO, Collection, Dict, Iterable, Union

PathLike = Union[str, "os.PathLike[str]"]

_KINDS = {
    stat.S_IFIFO: "named pipe",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
    stat.S_IFSOCK: "socket",
    stat.S_IFDIR: "directory",
}


def write_bytes(path: PathLike, content: bytes) -> None:
    """Write a file atomically: temporary file beside it, fsync, rename.

    Parameters
    ----------
    path : path
        An earlier file of that name is replaced in one step, or stays as it was.
    content : bytes

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files private; ours are as readable as other new files.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


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


def _check_regular(mode: int) -> None:
    """OSError where a file's mode is not that of a regular file."""
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "special file")
        raise OSError(errno.EINVAL, f"a {kind}, not a regular file")


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


def sweep(directory: PathLike, names: Iterable[str]) -> None:
    """Remove what a killed :func:`write_bytes` left of files of these names."""
    either = "|".join(map(re.escape, names))
    temporary = re.compile(rf"\.(?:{either})-[a-z0-9_]{{8}}")
    directory = Path(directory)
    for path in directory.iterdir() if directory.is_dir() else ():
        if temporary.fullmatch(path.name):
            path.unlink()


def digests(directory: PathLike, without: Collection[str]) -> Dict[str, str]:
    """SHA-256 of a directory's files by name; not of folders and hidden files."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(directory).iterdir())
        if path.is_file() and path.name not in without and path.name[0] != "."
    }
