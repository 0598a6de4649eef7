"""The book's downloads by name (Section 4.10), wired from the rooms.

Every file is checked by its SHA-1 before it is used. The Time Machine and the
English-French pairs come from where the package has them already.
"""

from __future__ import annotations

import os
from typing import Optional

from .data.archives import unpack
from .data.hub import fetch
from .errors import UsageError
from .late_binding import book


def download(
    name: str,
    cache_dir: str = os.path.join("..", "data"),
    sha1_hash: Optional[str] = None,
    *,
    folder: Optional[str] = None,
) -> str:
    """Put a file of the book into a folder (book Section 4.10.1).

    Parameters
    ----------
    name : str
        A name in ``DATA_HUB``; or an address, as in the book's 1.0 edition.
    cache_dir : str
        Folder for the file; ``folder`` is its name in the 1.0 edition.
    sha1_hash : str, optional
        Of the file at an address.

    Returns
    -------
    str
        Path of the file.

    Raises
    ------
    UsageError
        If ``DATA_HUB`` has no such name.
    DataError
        If the file is not to be had, or another one lies there under its name.
    """
    address = name
    if not name.startswith(("http://", "https://")):
        hub = book("DATA_HUB")
        if name not in hub:
            raise UsageError(f"{name!r} is not in DATA_HUB, which has {', '.join(hub)}")
        address, sha1_hash = hub[name]
    return str(fetch(address, sha1_hash, cache_dir if folder is None else folder))


def download_extract(name: str, folder: Optional[str] = None) -> str:
    """Download a zip or tar file, and unpack it beside itself (Section 4.10.1).

    Parameters
    ----------
    name : str
        A name in ``DATA_HUB``.
    folder : str, optional
        What the archive unpacks to, where that is not the archive's own name.

    Returns
    -------
    str
        Path of the unpacked folder.

    Raises
    ------
    UsageError
        If the file is no zip or tar file by its name.
    DataError
        If the archive is corrupt, has entries outside of its folder or unpacks to too
        much; then nothing is written. Or as :func:`download`.
    """
    path = book("download")(name)
    base_dir, (data_dir, ending) = os.path.dirname(path), os.path.splitext(path)
    if ending not in (".zip", ".tar", ".gz"):
        raise UsageError(f"{path}: only .zip, .tar and .gz files can be unpacked")
    unpack(path, base_dir or os.curdir)
    return os.path.join(base_dir, folder) if folder else data_dir


def download_all() -> None:
    """Download every file of ``DATA_HUB`` (book Section 4.10.1)."""
    for name in book("DATA_HUB"):
        book("download")(name)
