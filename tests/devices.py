"""A device to write to that no other program needs."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def make_device(path: Path) -> Path:
    """A null device of our own; for an ordinary user, who can harm none, the system's.

    What a test shows to be refused would otherwise be the machine's ``/dev/null`` that
    is replaced, where the test runs as root and the code is wrong.
    """
    if os.geteuid() != 0:
        return Path(os.devnull)
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    return path
