"""What a run ran on: versions, machine, engine, commit, corpus and command."""

from __future__ import annotations

import datetime
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from .. import __version__, runtime

Json = Dict[str, Any]


def environment(devices: str, corpus: Json, path: str = "plain") -> Json:
    """What a run ran on, from what, and on which path its numbers were made."""
    import mxnet
    import numpy

    return {
        "d2l_rnn": __version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "mxnet": mxnet.__version__,
        "platform": platform.platform(),
        "processor": processor(),
        "device": devices,
        "path": path,
        **runtime.describe(),
        "commit": commit(),
        "corpus": corpus,
        "command": " ".join(map(shlex.quote, [_program(), *sys.argv[1:]])),
        "started": datetime.datetime.now(datetime.timezone.utc).isoformat(
            timespec="seconds"
        ),
    }


def with_starts(
    now: Json, first_epoch: int, before: Optional[Mapping[str, Any]]
) -> Json:
    """An environment with ``starts``, an entry a start: its first epoch, and the rest.

    Parameters
    ----------
    now : dict
        Of :func:`environment`, this start's; it also stands at the top.
    first_epoch : int
    before : dict or None
        What the run directory has, where the run is resumed.
    """
    starts: List[Json] = []
    if before:  # version 0.1.0 knew no starts but the last
        starts = before.get("starts") or [_start(before, 1)]
    return {**now, "starts": [*starts, _start(now, first_epoch)]}


def _start(environment: Mapping[str, Any], first_epoch: int) -> Json:
    kept = {k: v for k, v in environment.items() if k not in ("corpus", "starts")}
    return {"first_epoch": first_epoch, **kept}


def _program() -> str:
    name = Path(sys.argv[0]).name
    return "d2l-rnn" if name == "__main__.py" else name


def processor() -> str:
    """What this machine calls its processor."""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def commit() -> Optional[str]:
    """The commit of our own repository, if this package lies in its tree.

    A repository around it may be any: one that site-packages lies in, or another
    project's that holds a copy of us.
    """
    root = Path(__file__).resolve().parents[2]
    try:
        ours = "name = d2l_rnn" in (root / "setup.cfg").read_text().splitlines()
    except (OSError, ValueError):
        return None
    tracked = ("setup.cfg", "d2l_rnn/__init__.py")
    if not ours or _git(root, "rev-parse", "--show-prefix") != "":
        return None
    if _git(root, "ls-files", "--error-unmatch", *tracked) is None:
        return None
    return _git(root, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


def _git(folder: Path, *arguments: str) -> Optional[str]:
    """What git answers about a folder's repository, which it leaves as it is."""
    # In a hook GIT_DIR and others name a repository that need not be the folder's.
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        answer = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**kept, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.decode("utf-8", "replace").strip()
