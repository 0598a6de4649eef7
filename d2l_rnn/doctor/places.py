"""Corpora and folders: what is here, and what can be written to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import List, Optional

from ..data import corpora
from .finding import Finding

_ENOUGH_FREE_BYTES = 200 * 2**20


def examine() -> List[Finding]:
    """The corpora, the cache and the folder that runs are made in."""
    return [*_examine_corpora(), *_examine_folders()]


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
