"""Which file a corpus is, where it comes from, and that it is the right one.

The Time Machine and the English-French sentence pairs are known by SHA-1. They are
looked for in ``--data-dir``, ``$D2L_RNN_DATA`` and the user's cache directory, then
downloaded into the cache. A file with another sum is never used, and never touched
where it is the user's own. Any UTF-8 text file serves as a corpus by its path.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Tuple

from ..errors import DataError, UsageError
from ..files import PathLike, open_regular
from .downloading import Downloader, DownloadLimit, secure
from .reading import LARGEST_CORPUS, decode, read_content, shown

# Where the book keeps its files, under the book's name.
DATA_URL = "http://d2l-data.s3-accelerate.amazonaws.com/"
_TIMEOUT_SECONDS = 20
_RETRIES = 1
_LARGEST, _SECONDS = 64 << 20, 300.0  # of a corpus, which has 5 MB at most


@dataclass(frozen=True)
class Source:
    """A published file: its name, its SHA-1 and the addresses that offer it.

    Where no SHA-1 is published (None) a file of that name passes as it is.
    """

    file_name: str
    sha1: Optional[str]
    addresses: Tuple[str, ...]


SOURCES = {
    "time-machine": Source(
        "timemachine.txt",
        "090b5e7e70c295757f55df93cb0a180b9691891a",
        (
            DATA_URL + "timemachine.txt",
            "https://raw.githubusercontent.com/d2l-ai/d2l-zh/v0.7/data/timemachine.txt",
        ),
    ),
    "fra-eng": Source(
        "fra-eng.zip",
        "94646ad1522d915e7b0f9296181140edcf86a4f5",
        (DATA_URL + "fra-eng.zip",),
    ),
}

SAMPLE_TEXT = Path(__file__).with_name("sample.txt")
SAMPLE_CHINESE = Path(__file__).with_name("sample_zh.txt")
SAMPLE_PAIRS = Path(__file__).with_name("sample_pairs.tsv")


@dataclass(frozen=True)
class TextFile:
    """A corpus as it was read: ``name``, ``sha1`` of its bytes, raw ``text``."""

    name: str
    sha1: str
    text: str

    @property
    def lines(self) -> List[str]:
        """The text's lines, without what ends them."""
        # Not str.splitlines(): that would cut at form feeds and other rare characters.
        lines = self.text.split("\n")
        return lines[:-1] if lines[-1] == "" else lines


class SampleCorpusWarning(UserWarning):
    """The corpus asked for is out of reach; the embedded sample takes its place."""


def sha1_of(path: PathLike) -> str:
    """SHA-1 of a regular file's bytes, in hexadecimal."""
    digest = hashlib.sha1()
    with open_regular(path) as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def cache_directory() -> Path:
    """The user's cache directory of this package (need not exist yet)."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("d2l_rnn", appauthor=False))


def locate(name: str, data_dir: Optional[PathLike] = None) -> Path:
    """Find a published corpus file, downloading it into the cache if need be.

    Parameters
    ----------
    name : {'time-machine', 'fra-eng'}
    data_dir : path, optional
        Folder to look in first; then come ``$D2L_RNN_DATA`` and the cache.

    Returns
    -------
    pathlib.Path
        A file whose SHA-1 is the published one.

    Raises
    ------
    DataError
        If none of the places has it; the message says what was tried.
    """
    source = SOURCES[name]
    tried = []
    places = [("--data-dir", data_dir), ("$D2L_RNN_DATA", _data_from_environment())]
    for label, folder in places:
        if folder is None:
            continue
        path = Path(folder) / source.file_name
        found = fault(path, source)
        if found is None:
            return path
        tried.append(f"{label} ({path}: {found})")
    path = cache_directory() / source.file_name
    if fault(path, source) is None:
        return path
    failures = download(source, path)
    if not failures:
        return path
    raise DataError(
        f"{name} is not to be had: tried {'; '.join(tried + failures)}. Put "
        f"{source.file_name} (SHA-1 {source.sha1}) into a folder and name the folder "
        "with --data-dir or D2L_RNN_DATA, or use --corpus sample"
    )


def _data_from_environment() -> Optional[str]:
    return os.environ.get("D2L_RNN_DATA") or None


def fault(path: Path, source: Source) -> Optional[str]:
    """What keeps a file from being the published one; None if nothing does."""
    try:
        sha1 = sha1_of(path)
    except FileNotFoundError:
        return "no such file"
    except OSError as error:
        return error.strerror or str(error)
    return None if source.sha1 in (sha1, None) else f"wrong SHA-1 {sha1}"


def download(
    source: Source, path: Path, largest: int = _LARGEST, seconds: float = _SECONDS
) -> List[str]:
    """Fetch ``source`` to ``path``; return what failed, nothing if it succeeded.

    No more than ``largest`` bytes are taken, within ``seconds`` for all addresses.

    pooch writes to a temporary file, checks the sum and renames, so neither a broken
    connection nor a second process leaves half a file behind.
    """
    import filelock
    import requests

    with warnings.catch_warnings():
        # Of a bar that we do not show: tqdm's, in a notebook without ipywidgets.
        warnings.filterwarnings("ignore", "IProgress not found")
        import pooch

    failures = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(str(path) + ".lock", timeout=10 * _TIMEOUT_SECONDS):
            if fault(path, source) is None:  # another process was quicker
                return []
            downloader = Downloader(largest, seconds, _TIMEOUT_SECONDS)
            for address in map(secure, source.addresses):
                store = pooch.create(
                    path=path.parent,
                    base_url="",
                    registry={path.name: source.sha1 and f"sha1:{source.sha1}"},
                    urls={path.name: address},
                    retry_if_failed=_RETRIES,
                )
                pooch.get_logger().setLevel("ERROR")
                try:
                    store.fetch(path.name, downloader=downloader)
                    return []
                except DownloadLimit as error:
                    failures.append(f"download ({address}: {error})")
                except (requests.RequestException, ValueError) as error:
                    wrong_sum = isinstance(error, ValueError) and "hash" in str(error)
                    reason = "wrong SHA-1" if wrong_sum else type(error).__name__
                    failures.append(f"download ({address}: {reason})")
    except filelock.Timeout:
        failures.append(f"download (another process holds {path}.lock)")
    except OSError as error:
        failures.append(f"cache ({path.parent}: {error.strerror or error})")
    return failures


def load_text(corpus: str = "auto", data_dir: Optional[PathLike] = None) -> TextFile:
    """Read a text corpus.

    Parameters
    ----------
    corpus : str
        ``time-machine``; ``auto``, the same but falling back to the embedded sample
        with a :class:`SampleCorpusWarning`; ``sample``; ``sample-zh``, the embedded
        Chinese text; or the path of a UTF-8 file.
    data_dir : path, optional
        Folder to look in first for The Time Machine.

    Raises
    ------
    DataError
        If the corpus is unavailable, no regular file, too large, empty or not UTF-8;
        says which.
    """
    if data_dir is not None and not os.path.isdir(data_dir):
        raise UsageError(f"--data-dir {data_dir}: no such folder")
    if corpus == "sample-zh":
        return _read(corpus, SAMPLE_CHINESE)
    return _read(*choose(corpus, "time-machine", SAMPLE_TEXT, data_dir))


def choose(
    corpus: str, published: str, sample: Path, data_dir: Optional[PathLike]
) -> Tuple[str, Path]:
    """Name and path of what a ``--corpus`` value means: see :func:`load_text`."""
    if corpus == "sample":
        return "sample", sample
    if corpus not in ("auto", published):
        return Path(corpus).name, Path(corpus)
    try:
        return published, locate(published, data_dir)
    except DataError as error:
        if corpus == published:
            raise
        warnings.warn(
            f"{error}. Going on with the embedded sample, whose numbers are not "
            "comparable with the book's.",
            SampleCorpusWarning,
            stacklevel=3,
        )
        return "sample", sample


def _read(name: str, path: Path) -> TextFile:
    accepted = "auto, time-machine, sample, sample-zh and the path of a UTF-8 text file"
    content = read_content(path, "corpus", accepted, LARGEST_CORPUS)
    sha1 = hashlib.sha1(content).hexdigest()
    return TextFile(name, sha1, decode(content, f"corpus {shown(path)}", path))
