"""Python and what is installed for it: NumPy, MXNet, d2l and the rest."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from typing import List, Optional

from .. import cuda, openblas
from ..installation import (
    D2L,
    MXNET,
    Command,
    Cure,
    by_command,
    cure_of_d2l,
    cure_of_mxnet,
    mend_command,
    pip_install,
    pip_uninstall,
)
from .finding import Finding, with_cure
from .looking import look

OLDEST_PYTHON = (3, 8)
NEWEST_PYTHON = (3, 15)
# The NumPy that each Python's tests run with; from 3.13 on the newest.
_TRIED_NUMPY = {(3, 12): "1.26.4"}
_TRIED_NUMPY.update({(3, minor): "1.23.5" for minor in range(8, 12)})

_AT_NUMPY = """
import numpy
found = {"version": numpy.__version__}
"""
_AT_MXNET = """
from d2l_rnn import numpy_compatibility, runtime
import mxnet
features = [f.name for f in mxnet.runtime.feature_list() if f.enabled]
found = {
    "version": mxnet.__version__,
    "onednn": "MKLDNN" in features,
    "given_back": numpy_compatibility.given_back(),
    "runtime": runtime.describe(),
}
"""
_AT_D2L = """
import d2l_rnn
d2l_rnn.Residual  # a name that only d2l has
found = {}
"""


def version_of(distribution: str) -> Optional[str]:
    """The installed version, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def examine_python() -> Finding:
    """Whether this Python serves."""
    version = sys.version_info[:2]
    found = f"{platform.python_version()} ({sys.executable})"
    oldest, newest = (".".join(map(str, v)) for v in (OLDEST_PYTHON, NEWEST_PYTHON))
    cure = (
        f"Python {oldest} to {newest} serve, 3.11 best: install one ('pyenv install "
        "3.11') and name it: PYTHON=/path/to/python3.11 scripts/reproduce.sh"
    )
    if version > NEWEST_PYTHON:
        return Finding("python", True, f"{found}, newer than any that was tried", cure)
    if version < OLDEST_PYTHON:
        return Finding("python", False, found, cure)
    return Finding("python", True, found)


def examine() -> List[Finding]:
    """What is installed for this Python, in the order in which to cure it."""
    numpy = _examine_numpy()
    mxnet = _examine_mxnet()
    findings = [numpy, *mxnet]
    # d2l stands on mxnet: a failure of the one is not told twice.
    if mxnet[0].ok:
        findings.append(_examine_d2l())
    findings.append(_examine_requirements())
    return findings


def _examine_numpy() -> Finding:
    wanted = _TRIED_NUMPY.get(sys.version_info[:2])
    requirement = f"numpy=={wanted}" if wanted else "numpy"
    version = version_of("numpy")
    if version is None:
        cure = by_command(pip_install(requirement))
        return with_cure("numpy", False, "not installed", cure)
    imported, failure = look(_AT_NUMPY)
    if failure:
        cure = by_command(pip_install("--force-reinstall", "--no-deps", requirement))
        return with_cure("numpy", False, f"{version}, but {failure}", cure)
    version = imported["version"]
    if wanted and version != wanted:
        cure = by_command(pip_install(requirement))
        return with_cure("numpy", True, f"{version}; tried most: {wanted}", cure)
    return Finding("numpy", True, version)


def _examine_mxnet() -> List[Finding]:
    installed = [name for name in ("mxnet", *cuda.BUILDS) if version_of(name)]
    if not installed:
        cure = cure_of_mxnet("No module named 'mxnet'")
        return [with_cure("mxnet", False, "not installed", cure)]
    wheel = _wheel_of(installed[0])
    if len(installed) > 1:
        # One has overwritten the other's files, and removing it takes them along.
        found = f"{' and '.join(installed)} are in each other's place"
        cure = by_command(pip_uninstall(*installed), pip_install("--no-deps", MXNET))
        return [with_cure("mxnet", False, found, cure)]
    lacking = openblas.missing()
    if lacking:
        found = f"{wheel}, but {', '.join(lacking)} of Arm's are not here"
        return [with_cure("mxnet", False, found, _cure_by_openblas())]
    imported, failure = look(_AT_MXNET)
    if failure:
        return [
            with_cure("mxnet", False, f"{wheel}: {failure}", cure_of_mxnet(failure))
        ]
    onednn = "with oneDNN" if imported["onednn"] else "without oneDNN"
    found = f"{imported['version']} {onednn} ({wheel})"
    if imported["version"] != "1.9.1":
        cure = by_command(pip_install("--no-deps", MXNET))
        return [with_cure("mxnet", False, found, cure)]
    lent = imported["given_back"]
    names = f"{len(lent)} names: {', '.join(lent)}" if lent else "nothing was missing"
    chosen = imported["runtime"].items()
    runtime = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in chosen)
    return [
        Finding("mxnet", True, found),
        Finding("given back", True, names),
        Finding("runtime", True, runtime),
    ]


def _wheel_of(distribution: str) -> str:
    """What was installed, by name and tag: "mxnet, py3-none-manylinux2014_x86_64"."""
    text = metadata.distribution(distribution).read_text("WHEEL") or ""
    tags = [line[5:] for line in text.splitlines() if line.startswith("Tag: ")]
    return ", ".join([distribution, *tags])


def _cure_by_openblas() -> Cure:
    """One command for people; what it does, to be run."""
    commands: List[Command] = [
        (sys.executable, "-c", "from d2l_rnn import openblas; openblas.put_in_place()")
    ]
    if version_of("cmeel-openblas") is None:
        # 0.3.31 wants Python 3.10.
        version = "0.3.31" if sys.version_info >= (3, 10) else "0.3.29"
        commands.insert(0, pip_install(f"cmeel-openblas=={version}"))
    return Cure(by_command(mend_command()).text, tuple(commands))


def _examine_d2l() -> Finding:
    version = version_of("d2l")
    if version != "1.0.3":
        cure = by_command(pip_install("--no-deps", D2L))
        return with_cure("d2l", False, version or "not installed", cure)
    failure = look(_AT_D2L)[1]
    if failure:
        return with_cure("d2l", False, f"{version}: {failure}", cure_of_d2l(failure))
    return Finding("d2l", True, version)


def _examine_requirements() -> Finding:
    names = ["filelock", "ipython", "matplotlib", "matplotlib-inline", "pandas"]
    names += ["platformdirs", "pooch", "requests", "safetensors", "tqdm"]
    if sys.version_info >= (3, 12):
        names.append("setuptools")
    versions = {name: version_of(name) for name in names}
    missing = [name for name in names if versions[name] is None]
    if missing:
        found = f"not installed: {', '.join(missing)}"
        cure = by_command(pip_install(*missing))
        return with_cure("requirements", False, found, cure)
    found = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Finding("requirements", True, found)
