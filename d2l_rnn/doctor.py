"""What this machine offers, and the cure for what is wrong: ``d2l-rnn doctor``.

Only the standard library is imported here, and everything that may be broken is
looked at in a process of its own, so this runs where nothing else does.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .data import corpora

OLDEST_PYTHON = (3, 8)
NEWEST_PYTHON = (3, 12)
# d2l 1.0.3 pins packages that have no build for this Python or newer ones.
FIRST_PYTHON_WITHOUT_D2L = (3, 12)

_IMPORT_TIMEOUT_SECONDS = 120
_ENOUGH_FREE_BYTES = 200 * 2**20

# Run under ``python -c`` with one of the two below; prints one JSON object.
_LOOK = """
import json, sys
try:
    exec(sys.argv[1])
except Exception as error:
    found = {"failure": f"{type(error).__name__}: {error}"}
print(json.dumps(found))
"""
_AT_NUMPY = """
import numpy
found = {"version": numpy.__version__}
"""
_AT_MXNET = """
from d2l_rnn.runtime import describe
import mxnet
features = [f.name for f in mxnet.runtime.feature_list() if f.enabled]
found = {
    "version": mxnet.__version__,
    "onednn": "MKLDNN" in features,
    "cuda": "CUDA" in features,
    "gpus": mxnet.context.num_gpus(),
    "runtime": describe(),
}
"""


class Finding(NamedTuple):
    """One thing looked at.

    ``cure`` says what to do. Where ``ok`` is True it is a note: nothing is wrong, but
    this would give more.
    """

    name: str
    ok: bool
    found: str
    cure: str = ""


def examine() -> List[Finding]:
    """Look at everything d2l_rnn needs, in the order in which to cure it."""
    findings = [_examine_python()]
    if findings[0].ok:  # what is installed for another Python is no matter
        findings.append(_examine_numpy())
        findings.extend(_examine_mxnet())
        findings.append(_examine_d2l())
        findings.append(_examine_requirements())
    findings.extend(_examine_corpora())
    findings.extend(_examine_folders())
    return findings


def report(findings: List[Finding], as_json: bool = False) -> Tuple[str, int]:
    """The findings as text or as one JSON object, and the exit status (0 or 1).

    >>> print(report([Finding("python", False, "3.13.0", "use 3.11")])[0])
    FAIL  python  3.13.0
                  -> use 3.11
    1 of 1 checks failed
    """
    failures = [finding for finding in findings if not finding.ok]
    status = 1 if failures else 0
    if as_json:
        content = {
            "ok": not failures,
            "findings": [finding._asdict() for finding in findings],
        }
        return json.dumps(content, indent=2), status
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        mark = "FAIL" if not finding.ok else "note" if finding.cure else "ok"
        lines.append(f"{mark:<4}  {finding.name:<{width}}  {finding.found}")
        if finding.cure:
            lines.append(f"{'':<4}  {'':<{width}}  -> {finding.cure}")
    if failures:
        lines.append(f"{len(failures)} of {len(findings)} checks failed")
    else:
        lines.append("everything needed is there")
    return "\n".join(lines), status


def _pip_install(*requirements: str) -> str:
    quoted = " ".join(f"'{r}'" if set(r) & set("<>[]") else r for r in requirements)
    return f"{sys.executable} -m pip install {quoted}"


def _version_of(distribution: str) -> Optional[str]:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _look(code: str) -> Tuple[Dict[str, Any], str]:
    """Run ``code`` in a fresh Python; return what it found and why it failed."""
    environment = dict(os.environ)
    package_parent = str(Path(__file__).resolve().parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join(
        [package_parent, *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    try:
        process = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _LOOK, code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=_IMPORT_TIMEOUT_SECONDS,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return {}, f"the import did not end within {_IMPORT_TIMEOUT_SECONDS} s"
    except OSError as error:
        return {}, f"{sys.executable}: {error.strerror}"
    if process.returncode < 0:
        return {}, f"the import was ended by signal {-process.returncode}"
    if process.returncode > 0:
        return {}, f"the import ended with exit status {process.returncode}"
    found = json.loads(process.stdout.strip().splitlines()[-1])
    return found, found.get("failure", "")


def _examine_python() -> Finding:
    version = sys.version_info[:2]
    found = f"{platform.python_version()} ({sys.executable})"
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return Finding("python", True, found)
    oldest, newest = (".".join(map(str, v)) for v in (OLDEST_PYTHON, NEWEST_PYTHON))
    cure = (
        f"Python {oldest} to {newest} serve, 3.11 best: install one ('pyenv install "
        "3.11') and name it: PYTHON=/path/to/python3.11 scripts/reproduce.sh"
    )
    return Finding("python", False, found, cure)


def _examine_numpy() -> Finding:
    wanted = "1.26.4" if sys.version_info >= FIRST_PYTHON_WITHOUT_D2L else "1.23.5"
    cure = _pip_install(f"numpy=={wanted}")
    version = _version_of("numpy")
    if version is None:
        return Finding("numpy", False, "not installed", cure)
    imported, failure = _look(_AT_NUMPY)
    if failure:
        cure = _pip_install("--force-reinstall", "--no-deps", f"numpy=={wanted}")
        return Finding("numpy", False, f"{version}, but {failure}", cure)
    version = imported["version"]
    if int(version.split(".")[0]) >= 2:
        return Finding("numpy", False, f"{version}, but mxnet needs numpy < 2", cure)
    if version != wanted:
        return Finding("numpy", True, f"{version}; tried together: {wanted}", cure)
    return Finding("numpy", True, version)


def _examine_mxnet() -> List[Finding]:
    # The CUDA builds are distributions of their own that hold the same package.
    names = ("mxnet", "mxnet-cu112", "mxnet-cu110", "mxnet-cu102", "mxnet-cu101")
    installed = [name for name in names if _version_of(name)]
    if not installed:
        return [Finding("mxnet", False, "not installed", _pip_install("mxnet==1.9.1"))]
    imported, failure = _look(_AT_MXNET)
    if failure:
        return [Finding("mxnet", False, failure, _cure_for_mxnet(failure))]
    onednn = "with oneDNN" if imported["onednn"] else "without oneDNN"
    is_tried = imported["version"] == "1.9.1"
    chosen = imported["runtime"].items()
    runtime = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in chosen)
    findings = [
        Finding(
            "mxnet",
            is_tried,
            f"{imported['version']} {onednn}",
            "" if is_tried else _pip_install("mxnet==1.9.1"),
        ),
        Finding("runtime", True, runtime),
    ]
    if imported["gpus"] > 0:
        findings.append(Finding("devices", True, f"cpu, {imported['gpus']} x gpu"))
    elif not imported["cuda"] and shutil.which("nvidia-smi"):
        findings.append(
            Finding(
                "devices",
                True,
                "cpu; there is an NVIDIA driver, but this mxnet is built without CUDA",
                f"{sys.executable} -m pip uninstall -y mxnet; "
                + _pip_install("mxnet-cu112==1.9.1"),
            )
        )
    else:
        findings.append(Finding("devices", True, "cpu"))
    return findings


def _cure_for_mxnet(failure: str) -> str:
    if "libgomp" in failure or "libquadmath" in failure:
        return "apt-get install libgomp1 libquadmath0"
    if "distutils" in failure:
        return _pip_install("setuptools")
    if "numpy" in failure:
        return "first cure numpy"
    return _pip_install("--force-reinstall", "--no-deps", "mxnet==1.9.1")


def _examine_d2l() -> Finding:
    version = _version_of("d2l")
    if version == "1.0.3":
        return Finding("d2l", True, version)
    if sys.version_info >= FIRST_PYTHON_WITHOUT_D2L:
        return Finding(
            "d2l",
            True,
            "not installed: its pins cannot be met on this Python",
            "every experiment runs; for d2l's own names use Python 3.8 to 3.11",
        )
    cure = _pip_install("d2l==1.0.3")
    return Finding("d2l", False, version or "not installed", cure)


def _examine_requirements() -> Finding:
    names = ["filelock", "matplotlib", "platformdirs", "pooch", "requests"]
    names += ["safetensors", "tqdm"]
    versions = {name: _version_of(name) for name in names}
    missing = [name for name in names if versions[name] is None]
    if missing:
        found = f"not installed: {', '.join(missing)}"
        return Finding("requirements", False, found, _pip_install(*missing))
    found = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Finding("requirements", True, found)


def _cache_directory() -> Optional[Path]:
    """Where downloads are kept; None if platformdirs, which knows, is missing."""
    try:
        return corpora.cache_directory()
    except ImportError:
        return None


def _examine_corpora() -> List[Finding]:
    cache = _cache_directory()
    folders = [os.environ.get("D2L_RNN_DATA"), cache]
    findings = []
    for name, source in corpora.SOURCES.items():
        files = [Path(folder) / source.file_name for folder in folders if folder]
        files = [path for path in files if os.path.isfile(path)]
        right = [path for path in files if corpora.sha1_of(path) == source.sha1]
        if right:
            findings.append(Finding(name, True, str(right[0])))
        elif files:
            found = f"{files[0]} has the wrong SHA-1, so it is not used"
            cure = f"put the file with SHA-1 {source.sha1} in its place, or remove it"
            findings.append(Finding(name, False, found, cure))
        else:
            found = "not here yet; downloaded when first asked for"
            cure = (
                f"without a network: put {source.file_name} into a folder and set "
                "D2L_RNN_DATA to it, or use --corpus sample"
            )
            findings.append(Finding(name, True, found, cure))
    return findings


def _examine_folders() -> List[Finding]:
    try:
        here = Path.cwd()
    except OSError:
        return [Finding("run folder", False, "not there any more", "go to one that is")]
    folders = {"cache": _cache_directory(), "run folder": here}
    cures = {
        "cache": "set XDG_CACHE_HOME to a folder with room that you may write to",
        "run folder": "go to such a folder, or name one with --out",
    }
    findings = []
    for name, folder in folders.items():
        if folder is None:
            continue
        existing = folder
        while not os.path.exists(existing):
            existing = existing.parent
        free = shutil.disk_usage(str(existing)).free
        found = f"{folder}, {free / 2**30:.1f} GiB free"
        ok = os.access(str(existing), os.W_OK | os.X_OK)
        if not ok:
            found += ", not writable"
        elif free < _ENOUGH_FREE_BYTES:
            ok = False
        findings.append(Finding(name, ok, found, "" if ok else cures[name]))
    return findings
