"""The GPU: driver, MXNet's build, NVIDIA's libraries, compute capability."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import List, Tuple

from .. import cuda
from ..installation import (
    MXNET_FOR_CUDA,
    Cure,
    by_command,
    cure_of_mxnet,
    pip_install,
    pip_uninstall,
)
from .finding import Finding, with_cure
from .looking import look

# What mxnet-cu112's kernels are built for at most; a newer card compiles at first use.
_NEWEST_CAPABILITY = (8, 6)

_AT_LIBRARIES = """
from d2l_rnn import cuda
found = {"missing": cuda.preload()}
"""
_AT_DEVICES = """
import d2l_rnn, mxnet
found = {"gpus": mxnet.context.num_gpus()}
"""


def examine() -> List[Finding]:
    """What there is for MXNet on a GPU, in the order in which to cure it."""
    build, driver = cuda.installed_build(), cuda.has_driver()
    if build is None:
        if not driver:
            return [Finding("gpu", True, "none: no NVIDIA driver")]
        if sys.platform != "linux":
            return [Finding("gpu", True, "mxnet has builds for CUDA on Linux only")]
        cure = by_command(
            pip_uninstall("mxnet"),
            pip_install("--no-deps", MXNET_FOR_CUDA),
            pip_install("d2l_rnn[gpu]"),
        )
        found = "there is an NVIDIA driver, but this mxnet is built without CUDA"
        return [with_cure("gpu", True, found, cure)]
    if not driver:
        cure = cure_of_mxnet(f"{cuda.DRIVER}: cannot open shared object file")
        return [with_cure("gpu", False, f"{build}, but no NVIDIA driver", cure)]
    return [_examine_libraries(), *_examine_cards(), _examine_devices()]


def _examine_libraries() -> Finding:
    found, failure = look(_AT_LIBRARIES)
    missing = ", ".join(found.get("missing", [])) or failure
    if missing:
        cure = by_command(pip_install("d2l_rnn[gpu]"))
        return with_cure("cuda libraries", False, f"missing: {missing}", cure)
    return Finding("cuda libraries", True, f"all {len(cuda.LIBRARIES)}")


def _cards() -> List[Tuple[str, str, str]]:
    """Name, driver and compute capability of each card that nvidia-smi knows."""
    if shutil.which("nvidia-smi") is None:
        return []
    query = "--query-gpu=name,driver_version,compute_cap"
    try:
        text = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=30,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = [line.split(", ") for line in text.splitlines()]
    return [(row[0], row[1], row[2]) for row in rows if len(row) == 3]


def _examine_cards() -> List[Finding]:
    findings = []
    for name, driver, capability in _cards():
        found = f"{name}, driver {driver}, compute capability {capability}"
        try:
            is_newer = tuple(map(int, capability.split("."))) > _NEWEST_CAPABILITY
        except ValueError:
            is_newer = False
        cure = Cure(
            "the first use compiles for it, once, for minutes" if is_newer else ""
        )
        findings.append(with_cure("card", True, found, cure))
    return findings


def _examine_devices() -> Finding:
    found, failure = look(_AT_DEVICES)
    if failure:
        return with_cure("gpu", False, failure, cure_of_mxnet(failure))
    if found["gpus"] == 0:
        cure = Cure("CUDA_VISIBLE_DEVICES, and 'nvidia-smi' as this user")
        return with_cure("gpu", False, "mxnet sees none", cure)
    return Finding("gpu", True, f"{found['gpus']} for mxnet")
