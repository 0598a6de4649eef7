"""What takes the place of Arm's Performance Libraries under MXNet on aarch64.

mxnet's aarch64 wheel needs three libraries of Arm's that no registry has. All that it
wants of them is plain CBLAS, LAPACKE and libm, so OpenBLAS (PyPI's cmeel-openblas),
libm and libc do under their names, beside ``libmxnet.so``, where its RPATH looks. They
are links, not copies: a second libc would be loaded beside the first.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Dict, List, Optional

from .errors import D2lRnnError

_OPENBLAS = "libarmpl_lp64_mp.so"
# Arm's name: the system library that does.
_SYSTEM = {"libamath.so": "libm.so.6", "libastring.so": "libc.so.6"}
ARM_LIBRARIES = (_OPENBLAS, *_SYSTEM)


def is_wanted() -> bool:
    """Whether mxnet's wheel for this machine is the one that needs Arm's libraries."""
    return sys.platform == "linux" and platform.machine() in ("aarch64", "arm64")


def missing() -> List[str]:
    """The libraries of Arm's that neither this system has nor mxnet's folder."""
    folder = _mxnet_folder()
    if not is_wanted() or folder is None:
        return []
    # A link whose target has gone does not exist.
    lacking = [name for name in ARM_LIBRARIES if not (folder / name).exists()]
    return [name for name in lacking if not _loads(name)]


def put_in_place() -> List[str]:
    """Lay the stand-ins beside ``libmxnet.so``, where they are missing.

    Returns
    -------
    list of str
        The names that were laid; empty where none is missing.

    Raises
    ------
    D2lRnnError
        If cmeel-openblas is not installed or the folder cannot be written.
    """
    folder = _mxnet_folder()
    names = missing()
    if folder is None or not names:
        return []
    targets = _targets()
    try:
        for name in names:
            half = folder / f"{name}.{os.getpid()}"
            half.symlink_to(targets[name])
            half.replace(folder / name)
    except OSError as error:
        raise D2lRnnError(
            f"the stand-ins for Arm's libraries cannot be put into {folder} "
            f"({error.strerror})"
        ) from error
    return names


def _targets() -> Dict[str, Path]:
    """For each of Arm's names, the library that takes its place."""
    try:
        installed = metadata.distribution("cmeel-openblas")
    except metadata.PackageNotFoundError:
        raise D2lRnnError(
            "mxnet needs OpenBLAS on aarch64, and cmeel-openblas is not installed: "
            f"{sys.executable} -m pip install cmeel-openblas"
        ) from None
    openblas = Path(str(installed.locate_file("cmeel.prefix/lib/libopenblas.so.0")))
    targets = {_OPENBLAS: openblas}
    for name, system_name in _SYSTEM.items():
        targets[name] = _path_of_loaded(system_name)
    return targets


def _path_of_loaded(name: str) -> Path:
    """Where the system library, which this process has loaded, lies."""
    ctypes.CDLL(name)
    with open("/proc/self/maps") as file:
        paths = {line.split()[-1] for line in file}
    for path in paths:
        if os.path.basename(path) == name:
            return Path(path)
    raise D2lRnnError(f"{name} is loaded, but /proc/self/maps does not say from where")


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _mxnet_folder() -> Optional[Path]:
    # Not importlib.util.find_spec: only looking must not meet the import hook.
    spec = PathFinder.find_spec("mxnet")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent
