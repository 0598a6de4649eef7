"""Type the README's two commands into a fresh clone, and keep how long they took.

scripts/measure_setup.py FOLDER     the clone, which must not be there yet

Of the first command the set-up alone: its training has a record of its own. Writes
docs/recorded/setup.json, and the READMEs' tables of it (scripts/update_readme.py).
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, Optional

from d2l_rnn.experiments.environment import processor
from d2l_rnn.files import write_bytes
from d2l_rnn.results.readme_verdicts import Measured

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "recorded" / "setup.json"
COMMANDS = {
    "set-up": ["scripts/reproduce.sh", "rnn", "--help"],  # sets up, trains nothing
    "tests": ["scripts/test.sh"],
}


def main(arguments: Optional[List[str]] = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr if arguments != ["--help"] else sys.stdout)
        return 0 if arguments == ["--help"] else 2
    clone = Path(arguments[0])
    if clone.exists():
        print(f"measure_setup: {clone} is there already", file=sys.stderr)
        return 2
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    minutes: Dict[str, float] = {}
    busy: List[float] = []
    # As a newcomer's shell has it: nothing of ours is on the path.
    shell = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHON")}
    for name, command in COMMANDS.items():
        begin = time.monotonic()
        done = subprocess.run(command, cwd=clone, env=shell)
        minutes[name] = round((time.monotonic() - begin) / 60, 1)
        busy.append(os.getloadavg()[1])  # of the last five minutes
        if done.returncode:
            print(f"measure_setup: {' '.join(command)} failed", file=sys.stderr)
            return done.returncode
        keep(minutes, max(busy))
    tables = [sys.executable, str(ROOT / "scripts" / "update_readme.py")]
    return subprocess.run(tables).returncode


def keep(minutes: Dict[str, float], busy: float) -> None:
    """Write what is known so far: the tests take longer than the set-up."""
    measured: Measured = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{processor()} ({os.cpu_count()} cores, {busy:.0f} processes "
        "running)",
        "minutes": minutes,
    }
    write_bytes(TARGET, (json.dumps(measured, indent=2) + "\n").encode("utf-8"))


if __name__ == "__main__":
    sys.exit(main())
