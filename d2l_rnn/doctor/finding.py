"""One thing that the doctor has looked at, and how all of them read."""

from __future__ import annotations

import json
from typing import List, NamedTuple, Tuple

from ..installation import Command, Cure


class Finding(NamedTuple):
    """One thing looked at.

    ``cure`` says what to do; where it is nothing but commands, ``commands`` are these.
    Where ``ok`` is True the cure is a note: nothing is wrong, but this would give more.
    """

    name: str
    ok: bool
    found: str
    cure: str = ""
    commands: Tuple[Command, ...] = ()


def with_cure(name: str, ok: bool, found: str, cure: Cure) -> Finding:
    """A finding whose cure may be commands."""
    return Finding(name, ok, found, *cure)


def report(findings: List[Finding], as_json: bool = False) -> Tuple[str, int]:
    """The findings as text or as one JSON object, and the exit status (0 or 1).

    >>> print(report([Finding("python", False, "3.7.9", "use 3.11")])[0])
    FAIL  python  3.7.9
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
