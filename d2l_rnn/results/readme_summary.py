"""What the summaries of recorded runs have in common: files, figures, provenance."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from ..errors import RunError

Json = Dict[str, Any]

_DIGITS = 6
# What tells on the machine's owner and says nothing on the numbers.
_PRIVATE = frozenset("platform node hostname user cwd directory data_dir out".split())


def public(mapping: Mapping[str, Any]) -> Json:
    """A configuration or an environment without what tells on the machine's owner.

    What names a corpus or a command is kept without the folders in it.
    """
    kept = {key: value for key, value in mapping.items() if key not in _PRIVATE}
    if isinstance(kept.get("corpus"), str):
        kept["corpus"] = Path(kept["corpus"]).name
    if isinstance(kept.get("command"), str):
        words = (word.rsplit("/", 1)[-1] for word in kept["command"].split())
        kept["command"] = " ".join(words)
    return kept


def rounded(value: Any) -> Any:
    """A result with all its numbers rounded off, to six digits."""
    if isinstance(value, float):
        return round_off(value)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return value


def round_off(value: float) -> Any:
    """A number to six digits; as text where JSON has no word for it."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else str(value)


def load_summary(path: Path) -> Json:
    """Read a summary; RunError if it is none."""
    try:
        summary = json.loads(path.read_text("utf-8"))
        if isinstance(summary["runs"], list):
            return dict(summary)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}: no summary of recorded runs ({error!r})") from None
    raise RunError(f"{path}: no summary of recorded runs")


def dump(summary: Json) -> str:
    """A summary as JSON, a run a line: changes can be read."""
    lines = (json.dumps(entry, sort_keys=True) for entry in summary["runs"])
    notes = json.dumps(summary.get("notes", {}), indent=2, sort_keys=True)
    runs = ",\n".join(lines)
    return f'{{"notes": {notes},\n"runs": [\n{runs}\n]}}\n'


def provenance(entries: Sequence[Json]) -> List[str]:
    """When the runs were recorded, and on what; a line for each machine and version."""
    dates: Dict[str, List[str]] = {}
    for entry in entries:
        here = entry["environment"]
        place = (
            f"{here.get('processor')} ({here.get('cores')} cores, "
            f"{here.get('threads')} a run), {here.get('device')}, "
            f"Python {here.get('python')}, mxnet {here.get('mxnet')}, "
            f"d2l_rnn {here.get('d2l_rnn')} at {here.get('commit')}"
        )
        dates.setdefault(place, []).append(str(here.get("started"))[:10])
    lines = []
    for place, days in dates.items():
        first, last = min(days), max(days)
        when = first if first == last else f"{first} to {last}"
        plural = "" if len(days) == 1 else "s"
        lines.append(f"Recorded {when} ({len(days)} run{plural}) on {place}.")
    return ["  \n".join(lines)] if lines else ["Nothing is recorded yet."]


def replace_section(text: str, section: str, name: str) -> str:
    """A README with what stands between ``<!-- name:begin -->`` and its end replaced.

    Raises
    ------
    RunError
        If the markers are not there, each once and in order.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise RunError(f"the README needs {begin} and {end}, each once")
    before, rest = text.split(begin)
    if end not in rest:
        raise RunError(f"the README has {end} before {begin}")
    return f"{before}{begin}\n{section}\n{end}{rest.split(end)[1]}"
