"""Make the kept runs, and what the commands answer about them: see README.md.

What is there is left as it is.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

from families import FAMILIES

RUNS, ANSWERS, REPORT = Path("runs"), Path("answers.json"), Path("report.html")

Answer = Dict[str, Any]


def commands_about(run: Path) -> List[List[str]]:
    """What a reader may ask about a finished run; ``run`` itself, resumed, among it."""
    made = json.loads((run / "environment.json").read_text())["command"]
    return [
        ["compare", str(run), "--json"],
        ["report", str(run)],
        ["fill", "the t_me", "--run", str(run), "--json"],
        ["translate", str(run), "go .", "i'm home .", "--json"],
        ["audit", str(run), "--tokens", "200", "--json"],
        [*shlex.split(made)[1:], "--resume", "--json"],
    ]


def places(command: List[str]) -> List[str]:
    """The folders that a command names, and those that they lie in."""
    return [str(path) for word in command for path in (Path(word), *Path(word).parents)]


def run_command(command: List[str]) -> subprocess.CompletedProcess[bytes]:
    """Run ``d2l-rnn`` with arguments."""
    return subprocess.run(
        [sys.executable, "-m", "d2l_rnn", *command],
        capture_output=True,
    )


def main() -> None:
    """Make what is not there."""
    answers: List[Answer] = []
    if ANSWERS.exists():
        answers = json.loads(ANSWERS.read_text())
    for family in FAMILIES.values():
        run = RUNS / family.name
        if run.exists():
            continue
        command = [*family.command(num_epochs=2), "--out", str(run)]
        print(shlex.join(["d2l-rnn", *command]), flush=True)
        done = run_command(command)
        if done.returncode != 0:
            sys.exit(done.stderr.decode())
        answers = [a for a in answers if str(run) not in places(a["command"])]
        questions = [*commands_about(run)]
        for inner in sorted(run.rglob("*/config.json")):  # a run inside the run
            questions += commands_about(inner.parent)[:-1]
        for command in questions:
            done = run_command(command)
            answers.append(
                {
                    "command": command,
                    "status": done.returncode,
                    "stdout": done.stdout.decode(),
                    "stderr": done.stderr.decode(),
                }
            )
    if REPORT.exists():
        REPORT.unlink()
    ANSWERS.write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
