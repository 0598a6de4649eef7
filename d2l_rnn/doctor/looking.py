"""Looking at what may be broken, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Tuple

# A machine that is busy or emulated takes minutes.
_IMPORT_TIMEOUT_SECONDS = 300

# Run under ``python -c`` with what is to be executed; prints one JSON object.
_LOOK = """
import json, sys
try:
    exec(sys.argv[1])
except Exception as error:
    found = {"failure": f"{type(error).__name__}: {error}"}
print(json.dumps(found))
"""


def look(code: str) -> Tuple[Dict[str, Any], str]:
    """Run ``code`` in a fresh Python; return what it found and why it failed."""
    environment = dict(os.environ)
    package_parent = str(Path(__file__).resolve().parents[2])
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
