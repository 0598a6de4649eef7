"""NumPy's OpenBLAS gets the kernels of the processor; MXNet's and children do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

from d2l_rnn.blas_kernels import SETTING, kernels_for

CPUINFO = """processor\t: 0
vendor_id\t: {vendor}
model\t\t: 207
flags\t\t: fpu sse2 {flags}

processor\t: 1
vendor_id\t: Other
"""
AVX512 = "avx2 fma avx512f avx512cd avx512bw avx512dq avx512vl"

SHOWN = """
import ctypes, json, os, sys
import numpy
from pathlib import Path
core = None
for path in (Path(numpy.__file__).parent.parent / "numpy.libs").glob("*openblas*"):
    library = ctypes.CDLL(str(path))
    for name in ("openblas_get_corename64_", "scipy_openblas_get_corename64_"):
        if hasattr(library, name):
            function = getattr(library, name)
            function.restype = ctypes.c_char_p
            core = function().decode()
import d2l_rnn.runtime
described = d2l_rnn.runtime.describe()["numpy_kernels"]
left = os.environ.get("OPENBLAS_CORETYPE")
finders = [f.__name__ for f in sys.meta_path if getattr(f, "__name__", "")[:1] == "_"]
print(json.dumps([core, described, left, finders]))
"""


@pytest.mark.parametrize(
    "vendor, flags, kernels",
    [
        ("GenuineIntel", AVX512, "SkylakeX"),
        ("GenuineIntel", AVX512.replace("avx512bw ", ""), "Haswell"),
        ("GenuineIntel", "avx2 fma", "Haswell"),
        ("GenuineIntel", "avx2", ""),
        ("AuthenticAMD", AVX512, ""),
    ],
)
def test_what_openblas_takes_for_a_processor_that_it_knows(
    vendor: str, flags: str, kernels: str
) -> None:
    assert kernels_for(CPUINFO.format(vendor=vendor, flags=flags)) == kernels


@pytest.mark.parametrize("text", ["", "no colon\n", "vendor_id\t: \n"])
def test_a_processor_that_nothing_is_known_of_is_left_alone(text: str) -> None:
    assert kernels_for(text) == ""


def shown(first: str, **environment: str) -> Any:
    inherited: Dict[str, str] = {k: v for k, v in os.environ.items() if k != SETTING}
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-S", "-c", first + SHOWN],
        env={**inherited, "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture
def expected() -> str:
    try:
        kernels = kernels_for(Path("/proc/cpuinfo").read_text())
    except OSError:
        kernels = ""
    if not kernels:
        pytest.skip("the kernels are OpenBLAS's choice on this processor")
    return kernels


def test_numpy_is_loaded_with_them_and_nothing_is_left_behind(expected: str) -> None:
    core, described, left, finders = shown("import d2l_rnn")
    assert core in (expected, None)  # None: a NumPy with another library
    assert described == expected and left is None
    assert finders.count("_NumpyFinder") == 0


def test_the_users_choice_and_an_earlier_numpy_stay(expected: str) -> None:
    core, described, left, _ = shown("import d2l_rnn", OPENBLAS_CORETYPE="Nehalem")
    assert core in ("Nehalem", None) and (described, left) == ("", "Nehalem")
    core, described, left, _ = shown("import numpy; import d2l_rnn")
    assert (described, left) == ("", None)
