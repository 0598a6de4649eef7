"""What this machine offers, and the cure for what is wrong: ``d2l-rnn doctor``.

Only the standard library is imported here, and everything that may be broken is
looked at in a process of its own, so this runs where nothing else does.
"""

from __future__ import annotations

import subprocess
import sys
from typing import List, Set

from ..installation import Command
from ..streams import tell
from . import gpu, machine, packages, places
from .finding import Finding, report

__all__ = ["Finding", "examine", "mend", "report"]


def examine() -> List[Finding]:
    """Look at everything d2l_rnn needs, in the order in which to cure it."""
    findings = [machine.examine_platform(), packages.examine_python()]
    if all(finding.ok for finding in findings):
        # Elsewhere what is installed is no matter.
        findings.extend(packages.examine())
        findings.extend(gpu.examine())
        fonts = machine.examine_fonts()
        findings.extend([fonts] if fonts is not None else [])
    findings.extend(machine.examine_surroundings())
    findings.extend(places.examine())
    return findings


def mend() -> List[Finding]:
    """Carry out the commands of what is wrong, one by one, and look again.

    What one command has cured may have cured the next, so all is looked at anew after
    each; a command that has not helped is not repeated. Says on stderr what it runs.
    """
    tried: Set[Command] = set()
    while True:
        findings = examine()
        untried = [
            finding.commands
            for finding in findings
            if not finding.ok and not tried.issuperset(finding.commands)
        ]
        if not untried:
            return findings
        for command in untried[0]:
            tell(" ".join(command), "doctor: ")
            # stdout is for the findings.
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)
            tried.add(command)
