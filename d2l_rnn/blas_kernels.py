"""NumPy's matrix products on Intel processors that are newer than its OpenBLAS.

OpenBLAS brings kernels for many processors and chooses among them by the processor's
model number, when it is loaded. A number that it does not know gets the kernels of the
Prescott of 2004: NumPy 1.23's OpenBLAS 0.3.20 does so on Emerald Rapids, where its
products take three times as long as with the kernels of a Skylake with AVX-512.
``OPENBLAS_CORETYPE`` names the kernels, so it is set while NumPy is loaded: to what
OpenBLAS takes for a processor with these abilities that it knows. AMD's are left to it.

Only then: MXNet has an OpenBLAS of its own, whose last bits stay what they are, and
processes that are started from here choose for themselves. Where the user has set it,
or NumPy was imported before this package, nothing is changed.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Callable

from .compatibility import FirstImport

SETTING = "OPENBLAS_CORETYPE"
_CPUINFO = "/proc/cpuinfo"
_AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
_AVX2 = {"avx2", "fma"}

#: What was set while NumPy was loaded; empty where OpenBLAS chose.
chosen = ""


def kernels_for(cpuinfo: str) -> str:
    """OpenBLAS's name for the kernels of a processor, empty where it is to choose.

    Parameters
    ----------
    cpuinfo : str
        The text of ``/proc/cpuinfo``.
    """
    first = cpuinfo.split("\n\n")[0]
    about = dict(line.split(":", 1) for line in first.splitlines() if ":" in line)
    facts = {key.strip(): value.split() for key, value in about.items()}
    if facts.get("vendor_id") != ["GenuineIntel"]:
        return ""
    flags = set(facts.get("flags", []))
    if _AVX512 <= flags:
        return "SkylakeX"
    return "Haswell" if _AVX2 <= flags else ""


class _NumpyFinder(FirstImport):
    """Has NumPy loaded with the kernels chosen."""

    name = "numpy"

    @classmethod
    def around(cls, module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
        """Name the kernels while the module is executed, unless the user has."""
        global chosen
        try:
            with open(_CPUINFO) as file:
                kernels = kernels_for(file.read())
        except OSError:  # not on Linux
            kernels = ""
        if kernels and SETTING not in os.environ:
            os.environ[SETTING] = chosen = kernels
        try:
            execute(module)
        finally:
            if chosen:
                os.environ.pop(SETTING, None)


def install_import_hook() -> None:
    """Choose at the first ``import numpy``, wherever it is made."""
    _NumpyFinder.install()
