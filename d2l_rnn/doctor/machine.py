"""The machine: has mxnet a wheel for it, is it a container or WSL, its fonts."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import List, Optional

from .. import runtime
from ..installation import font_cure, why_no_wheel
from .finding import Finding, with_cure
from .looking import look

_ROOT = Path("/")
_AT_FONTS = """
from matplotlib import font_manager
from d2l_rnn.results.plots_fonts import chinese_font
font = chinese_font()
found = {"fonts": len(font_manager.fontManager.ttflist), "chinese": font}
"""


def examine_platform() -> Finding:
    """System, architecture and C library, and whether mxnet has a wheel for them."""
    libc = " ".join(filter(None, platform.libc_ver()))
    found = " ".join([platform.system(), platform.machine()])
    if libc:
        found += f", {libc}"
    no_wheel = why_no_wheel()
    if no_wheel is None:
        return Finding("platform", True, found)
    where, works = no_wheel
    return Finding(
        "platform", False, f"{found}: mxnet 1.9.1 has no wheel for {where}", works
    )


def examine_surroundings() -> List[Finding]:
    """What is only there in a container, and under Windows' Linux."""
    found = [_examine_container(), _examine_wsl()]
    return [finding for finding in found if finding is not None]


def _examine_container() -> Optional[Finding]:
    """The kind of container, and whether it gives fewer cores than it shows."""
    marks = {".dockerenv": "docker", "run/.containerenv": "podman"}
    kinds = [kind for mark, kind in marks.items() if (_ROOT / mark).exists()]
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        kinds.append("kubernetes")
    if not kinds:
        return None
    cores, quota = runtime.available_cores(), _quota()
    found = f"in {' and '.join(kinds)}, {cores} cores"
    if quota is None or quota >= cores:
        return Finding("container", True, found)
    threads = max(1, int(quota))
    return Finding(
        "container",
        True,
        f"{found} to be seen, {quota:g} to be had: threads will wait for one another",
        f"OMP_NUM_THREADS={threads}",
    )


def _quota() -> Optional[float]:
    """How many cores' time the control group gives, None without a bound."""
    try:
        text = (_ROOT / "sys/fs/cgroup/cpu.max").read_text().split()
        return int(text[0]) / int(text[1])
    except (OSError, ValueError, IndexError):  # "max 100000": no bound
        return None


def _examine_wsl() -> Optional[Finding]:
    release = platform.release().lower()
    if "microsoft" not in release:
        return None
    # WSL1 translates system calls: no GPU, and slow files.
    if "wsl2" not in release:
        cure = "in Windows: wsl --set-version <distribution> 2"
        return Finding("wsl", True, "WSL1, slower than WSL2", cure)
    try:
        here = str(Path.cwd())
    except OSError:  # removed: said as the run folder
        here = ""
    if here.startswith("/mnt/"):
        cure = "clone into your home folder of Linux"
        return Finding("wsl", True, f"WSL2, but {here} is Windows' disk: slow", cure)
    return Finding("wsl", True, "WSL2")


def examine_fonts() -> Optional[Finding]:
    """Whether pictures can show Chinese; None where matplotlib cannot be asked."""
    found, failure = look(_AT_FONTS)
    if failure:
        return None
    if found["chinese"]:
        return Finding("fonts", True, f"{found['fonts']}, Chinese: {found['chinese']}")
    why = f"{found['fonts']}, none has Chinese: pictures show it as boxes"
    return with_cure("fonts", True, why, font_cure())
