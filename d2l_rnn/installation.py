"""How what d2l_rnn stands on gets here: where mxnet has a wheel, and the commands.

mxnet 1.9.1 and d2l 1.0.3 pin packages that have no build for newer Pythons, and do
without those pins: so the commands say ``--no-deps``. What is asked for in the place of
the pins stands in setup.cfg.
"""

from __future__ import annotations

import platform
import re
import shlex
import shutil
import sys
from importlib.machinery import PathFinder
from typing import NamedTuple, Optional, Sequence, Tuple

from . import cuda
from .openblas import ARM_LIBRARIES

MXNET = "mxnet==1.9.1"
D2L = "d2l==1.0.3"
MXNET_FOR_CUDA = "mxnet-cu112==1.9.1"

_CONTAINER = "'docker build -t d2l_rnn .' and 'docker run -it --rm d2l_rnn'"

# What compiled packages of NumPy 1's time say when another one has brought NumPy 2.
_BUILT_FOR_NUMPY_1 = (
    "_ARRAY_API",
    "numpy.core.multiarray failed to import",
    "numpy.dtype size changed",
)

Command = Tuple[str, ...]


class Cure(NamedTuple):
    """What to do: for people, and where it is nothing else, as commands to run."""

    text: str
    commands: Tuple[Command, ...] = ()


def pip_install(*requirements: str) -> Command:
    """The command that installs these here: pip's, or uv's where pip is not."""
    if not _has_pip() and shutil.which("uv"):
        return ("uv", "pip", "install", "--python", sys.executable, *requirements)
    return (sys.executable, "-m", "pip", "install", *requirements)


def missing(package: str) -> str:
    """Says that an optional package is not here, and the command that brings it."""
    command = " ".join(map(shlex.quote, pip_install(package)))
    return f"the package {package} is missing; this brings it: {command}"


def pip_uninstall(*names: str) -> Command:
    """The command that removes these, without a question."""
    if not _has_pip() and shutil.which("uv"):
        return ("uv", "pip", "uninstall", "--python", sys.executable, *names)
    return (sys.executable, "-m", "pip", "uninstall", "-y", *names)


def mend_command() -> Command:
    """The command that carries out what the doctor knows commands for."""
    return (sys.executable, "-m", "d2l_rnn", "doctor", "--mend")


def by_command(*commands: Command, why: str = "") -> Cure:
    """A cure that is nothing but these commands, one after the other."""
    text = why + " && ".join(
        " ".join(shlex.quote(word) for word in command) for command in commands
    )
    return Cure(text, commands)


def why_no_wheel() -> Optional[Tuple[str, str]]:
    """Where mxnet 1.9.1 has no wheel for this machine: for what, and what works.

    None where it has one: Linux with glibc on x86-64 and aarch64, macOS on Intel.
    """
    system, machine = platform.system(), platform.machine()
    if system == "Windows":
        cure = "Linux in it, WSL2: 'wsl --install -d Debian', and set up in its shell"
        return "Windows", cure
    if system == "Darwin" and machine == "arm64":
        return "Apple's processors", f"the arm64 container (Linux): {_CONTAINER}"
    if (system, machine) == ("Darwin", "x86_64"):
        return None
    if system != "Linux" or machine not in ("x86_64", "amd64", "aarch64", "arm64"):
        return f"{system} on {machine}", "Linux on x86-64 or aarch64"
    if sys.maxsize < 2**32:
        return "32-bit Pythons", "a 64-bit Python"
    if platform.libc_ver()[0] not in ("", "glibc"):
        cure = f"a system with glibc, or its container: {_CONTAINER}"
        return "Linux with musl", cure
    return None


def cure_of_mxnet(failure: str) -> Cure:
    """What to do about an ``import mxnet`` that failed.

    Parameters
    ----------
    failure : str
        What the import said.
    """
    no_wheel = why_no_wheel()
    if no_wheel is not None:
        where, works = no_wheel
        return Cure(f"mxnet 1.9.1 has no wheel for {where}; what works is {works}")
    if "No module named 'mxnet'" in failure:
        return by_command(pip_install("--no-deps", MXNET, D2L))
    if _names(ARM_LIBRARIES, failure):
        return by_command(mend_command())
    if cuda.DRIVER in failure:
        return by_command(
            pip_uninstall(cuda.installed_build() or MXNET_FOR_CUDA),
            pip_install("--force-reinstall", "--no-deps", MXNET),
            why="mxnet built for CUDA needs NVIDIA's driver; without one, the CPU's: ",
        )
    if _names([library.name for library in cuda.LIBRARIES], failure):
        return by_command(pip_install("d2l_rnn[gpu]"))
    if _names(("libgomp", "libquadmath", "libstdc++"), failure):
        if shutil.which("dnf"):
            return Cure("dnf install libgomp libquadmath libstdc++")
        return Cure("apt-get install libgomp1 libquadmath0 libstdc++6")
    if "distutils" in failure:
        return by_command(pip_install("setuptools"))
    return by_command(pip_install("--force-reinstall", "--no-deps", MXNET))


def font_cure() -> Cure:
    """How a font with Chinese characters gets onto this system."""
    system = platform.system()
    if system == "Darwin":
        return Cure("brew install --cask font-noto-sans-cjk")
    if system == "Windows":
        return Cure("Settings, Optional features: Chinese (Simplified) fonts")
    for tool, command in (
        ("dnf", "dnf install google-noto-sans-cjk-fonts"),
        ("pacman", "pacman -S noto-fonts-cjk"),
        ("zypper", "zypper install noto-sans-cjk-fonts"),
    ):
        if shutil.which(tool):
            return Cure(command)
    return Cure("apt-get install fonts-noto-cjk (or fonts-wqy-microhei, smaller)")


def cure_of_d2l(failure: str) -> Cure:
    """What to do about an ``import d2l.mxnet`` that failed; ``failure`` as above."""
    if any(sign in failure for sign in _BUILT_FOR_NUMPY_1):
        return by_command(pip_install("--upgrade", "matplotlib", "pandas"))
    missing = re.search(r"No module named '(\w+)", failure)
    if missing is None or missing.group(1) in ("d2l", "mxnet"):
        return by_command(pip_install("--no-deps", MXNET, D2L))
    return by_command(pip_install(missing.group(1).replace("_", "-")))


def _has_pip() -> bool:
    # Not importlib.util.find_spec: setuptools watches for it, and answers.
    return PathFinder.find_spec("pip") is not None


def _names(libraries: Sequence[str], failure: str) -> bool:
    return any(library in failure for library in libraries)
