"""A run that was stopped and resumed: whether it went on as it had begun."""

from __future__ import annotations

from typing import Mapping

# What a start says that differs without a meaning for the numbers.
_OF_EACH_START = {"first_epoch", "started", "command"}


def mixed_starts(environment: Mapping[str, object]) -> str:
    """Where a run was resumed on something else than it began on: what differs.

    Parameters
    ----------
    environment : mapping
        As in ``environment.json``, with its ``starts``.

    Returns
    -------
    str
        "from epoch 6 on: commit abc, before def"; empty where all starts agree.
    """
    starts = environment.get("starts")
    if not isinstance(starts, list):
        return ""
    found = []
    for before, after in zip(starts, starts[1:]):
        if isinstance(before, dict) and isinstance(after, dict):
            changed = [
                f"{name} {after.get(name)}, before {before.get(name)}"
                for name in sorted({*before, *after} - _OF_EACH_START)
                if before.get(name) != after.get(name)
            ]
            if changed:
                first = after.get("first_epoch")
                found.append(f"from epoch {first} on: {'; '.join(changed)}")
    return "; ".join(found)
