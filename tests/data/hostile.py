"""Files that are no texts, kind by kind, for every door at which a text comes in."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Callable, Dict

from d2l_rnn.data import reading


def _socket(path: Path) -> Path:
    listening = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path may not be long
    try:
        listening.bind(path.name)
    finally:
        os.chdir(here)
        listening.close()
    return path


def _pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _large(path: Path) -> Path:
    path.touch()
    os.truncate(path, reading.LARGEST_CORPUS + 1)  # of holes: nothing is written
    return path


def _link(path: Path) -> Path:
    os.mkfifo(path.with_suffix(".pipe"))
    path.symlink_to(path.with_suffix(".pipe"))
    return path


def _device(path: Path) -> Path:
    path.symlink_to("/dev/zero")
    return path


def _missing(path: Path) -> Path:
    return path


def _loop(path: Path) -> Path:
    path.symlink_to(path)
    return path


#: Kind -> what makes a file of it under a name.
MAKERS: Dict[str, Callable[[Path], Path]] = {
    "named pipe": _pipe,
    "link to a pipe": _link,
    "device": _device,
    "socket": _socket,
    "directory": _folder,
    "too large": _large,
    "missing": _missing,
    "link to itself": _loop,
}
#: What is said of each, without its name.
REASONS = {
    "named pipe": "a named pipe, not a regular file",
    "link to a pipe": "a named pipe, not a regular file",
    "device": "a device, not a regular file",
    "socket": "a socket, not a regular file",
    "directory": "a directory, not a regular file",
    "too large": "larger than the 67,108,864 bytes accepted",
    "missing": "[Nn]o such file",
    "link to itself": "Too many levels of symbolic links",
}
