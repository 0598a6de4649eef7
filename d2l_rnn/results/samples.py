"""What a net made while it learned: ``samples.jsonl``, a line each so many epochs."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import List, Sequence, Tuple, TypedDict

from ..errors import RunError
from ..files import GrowingFile, read_regular
from .json_files import line_of, parse
from .pictures import LARGEST_PICTURE, PNG
from .record import RunRecord

SAMPLES = "samples.jsonl"
_LARGEST = 64 << 20  # bytes


class Sample(TypedDict, total=False):
    """A line: what was made after an epoch.

    ``texts`` as they were generated, or ``png``: a picture in base 64.
    """

    epoch: int
    texts: List[str]
    png: str


class SamplesWriter:
    """Writes the file of a run under way.

    Parameters
    ----------
    directory : pathlib.Path
    kept : sequence of Sample
        What a run that is resumed had made.

    Raises
    ------
    OSError
        By all methods but ``close``.
    """

    def __init__(self, directory: Path, kept: Sequence[Sample]) -> None:
        self._file = GrowingFile(directory / SAMPLES, b"".join(map(line_of, kept)))

    def append(self, sample: Sample) -> None:
        """Write one more."""
        self._file.append(line_of(sample))

    def sync(self) -> None:
        """Wait until all are on the disk."""
        self._file.sync()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_samples(directory: Path, up_to: int, every: int) -> List[Sample]:
    """What an interrupted run made up to an epoch.

    Parameters
    ----------
    directory : pathlib.Path
    up_to : int
        The last epoch that is kept.
    every : int
        One after each so many epochs.

    Raises
    ------
    RunError
        If one of them cannot be read or is missing.
    """
    due = list(range(every, up_to + 1, every))
    if not due:
        return []
    path = directory / SAMPLES
    try:
        lines = read_regular(path, _LARGEST).splitlines()
        found = [_sample(line) for line in lines[: len(due)]]
    except OSError as error:
        raise RunError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise RunError(f"{path}: {error}") from None
    if [sample.get("epoch") for sample in found] != due:
        raise RunError(f"{path}: not one sample after each {every} of {up_to} epochs")
    return found


def samples_of(run: RunRecord) -> Tuple[List[Sample], str]:
    """The samples of a finished run, as its result says that they were written.

    Returns
    -------
    samples : list of Sample
    problem : str
        Why they are not shown; empty where they are, or there are none.
    """
    stated = {} if run.result is None else run.result.get("files", {})
    path = run.directory / SAMPLES
    if SAMPLES not in stated:
        unfinished = run.result is None or not path.exists()
        return [], "" if unfinished else "its result does not state its SHA-256"
    try:
        content = read_regular(path, _LARGEST)
        if hashlib.sha256(content).hexdigest() != stated[SAMPLES]:
            return [], "changed after it was written (its SHA-256 does not agree)"
        return [_sample(line) for line in content.splitlines()], ""
    except OSError as error:
        return [], error.strerror or str(error)
    except ValueError as error:
        return [], str(error)


def picture_of(sample: Sample) -> bytes:
    """The PNG file of a sample; empty where it has none.

    Raises
    ------
    ValueError
        If it is no PNG file, or larger than a picture may be.
    """
    try:
        content = base64.b64decode(sample.get("png", ""), validate=True)
    except binascii.Error as error:
        raise ValueError(f"its png is no base 64 ({error})") from None
    if content and (not content.startswith(PNG) or len(content) > LARGEST_PICTURE):
        raise ValueError("its png is no PNG file")
    return content


def _sample(line: bytes) -> Sample:
    sample = parse(line.decode("utf-8"), Sample)
    picture_of(sample)
    return sample
