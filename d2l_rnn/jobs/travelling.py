"""A run's folder as bytes: how it travels between machines that share no disk.

What arrives is looked at before it takes a place: a zip archive unpacked by the rules
of :mod:`d2l_rnn.data.archives`, the record verified by its digests, the checkpoint by
its own, the run the one that was asked for. Then the folder is put in its place by one
rename; or nothing is.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import Callable, ContextManager, Iterator

from .. import checkpoint_file
from ..data.archives import unpack
from ..errors import DataError, RunError, system_errors_as
from ..files import make_directory, put_in_place, read_regular, write_bytes
from ..results.record import CHECKPOINT, read_run
from .local import Job

#: Bytes of a folder that travels; the book's largest run has 12 million.
LARGEST = 512 << 20
_LOCK = ".lock"  # stays with its machine

#: Within, no other process uses a run directory.
SoleUse = Callable[[Path], ContextManager[None]]


def packed(directory: Path, largest: int = LARGEST) -> bytes:
    """The files of a folder as a zip archive, the same for the same files.

    Parameters
    ----------
    directory : pathlib.Path
        Where it is none, or is empty, ``b""``.
    largest : int
        Bytes of all files together.

    Raises
    ------
    RunError
        If a file cannot be read, or all of them are larger.
    """
    buffer = io.BytesIO()
    left = largest
    with system_errors_as(RunError, f"run directory {directory}"):
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for path in _files(directory):
                content = read_regular(path, left)
                left -= len(content)
                # No time of day: ZipInfo has the same for all.
                name = path.relative_to(directory).as_posix()
                archive.writestr(zipfile.ZipInfo(name), content)
            nothing = not archive.namelist()
    return b"" if nothing else buffer.getvalue()


def _files(directory: Path) -> Iterator[Path]:
    """Regular files of a folder and the folders in it, in the order of their names."""
    for parent, folders, names in os.walk(directory):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if stat.S_ISREG(os.lstat(path).st_mode) and path != directory / _LOCK:
                yield path


def digest_of(content: bytes) -> str:
    """By which a folder is known again."""
    return hashlib.sha256(content).hexdigest()


def unpacked(content: bytes, directory: Path) -> None:
    """Make a folder of what :func:`packed` gave.

    Raises
    ------
    RunError
        If it is larger than accepted, no such archive, or cannot be written.
    """
    if len(content) > 2 * LARGEST:  # names are bytes too
        raise RunError(
            f"run directory {directory}: its {len(content):,} bytes are more than the "
            f"{LARGEST:,} that travel"
        )
    with system_errors_as(RunError, f"run directory {directory}"):
        make_directory(directory)
        archive = directory.with_name(directory.name + ".zip")
        write_bytes(archive, content)
        try:
            unpack(archive, directory)
        except DataError as error:
            told = str(error).replace(str(archive), str(directory))
            raise RunError(told) from None
        finally:
            archive.unlink()


def take_in(content: bytes, job: Job, sent: str, sole_use: SoleUse) -> None:
    """Put the run that a worker has sent into its place.

    Parameters
    ----------
    content : bytes
        Of :func:`packed`.
    job : Job
    sent : str
        Digest of what the place held when the worker was asked. What it holds now is
        replaced only if it is still that.
    sole_use : callable

    Raises
    ------
    RunError
        If it is not the run that was asked for, or was changed on its way, or its
        place has other files. The place is as it was then.
    """
    directory = Path(os.path.abspath(job.directory))
    with sole_use(directory), system_errors_as(RunError, f"run directory {directory}"):
        if digest_of(packed(directory)) != sent:
            raise RunError(
                f"run directory {job.directory}: changed here while a worker was at "
                "it; what the worker sent is not taken"
            )
        with tempfile.TemporaryDirectory(
            dir=directory.parent, prefix=".d2l_rnn-"
        ) as place:
            arrived = Path(place, "arrived")
            try:
                unpacked(content, arrived)
                _check(arrived, job)
            except RunError as error:
                told = str(error).replace(str(arrived), job.directory)
                raise RunError(f"what a worker sent is not taken: {told}") from None
            put_in_place(arrived, directory, Path(place, "before"))


def _check(directory: Path, job: Job) -> None:
    record = read_run(directory)
    asked_for = Path(job.directory).parent.name, job.seed
    if (record.experiment, record.seed) != asked_for:
        raise RunError(
            f"run directory {directory}: it is another run: {record.experiment!r}, "
            f"seed {record.seed}"
        )
    if record.result is not None:
        record.verify()
    if (directory / CHECKPOINT).exists():
        checkpoint_file.load(directory / CHECKPOINT)
