"""Summaries of runs, small enough to be kept: the README's tables are made of them."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    Dict,
    Generic,
    List,
    Mapping,
    Optional,
    Sequence,
    Type,
    TypedDict,
    TypeVar,
    Union,
    cast,
)

from ..errors import RunError
from ..strict_json import check, loads
from .json_files import read_text
from .record import OLDER
from .record_fields import Environment

_DIGITS = 6
# What tells on the machine's owner and says nothing on the numbers.
_PRIVATE = frozenset(
    "platform node hostname user cwd directory data_dir out starts".split()
)


class _File(TypedDict, total=False):
    """A summary as it lies in a file."""

    runs: List[Dict[str, object]]
    notes: Dict[str, str]


class _Entry(TypedDict):
    experiment: str
    environment: Environment


class Entry(_Entry, total=False):
    """What is kept of every run; those of before say nothing of ``older``."""

    older: bool


Kind = TypeVar("Kind", bound=Entry)


@dataclass(frozen=True)
class Summary(Generic[Kind]):
    """Runs that are kept, and notes on their experiments that are written by hand."""

    runs: List[Kind]
    notes: Dict[str, str] = field(default_factory=dict)

    def dump(self) -> str:
        """JSON, a run a line: changes can be read."""
        notes = json.dumps(self.notes, indent=2, sort_keys=True)
        runs = ",\n".join(json.dumps(entry, sort_keys=True) for entry in self.runs)
        return f'{{"notes": {notes},\n"runs": [\n{runs}\n]}}\n'


def load_summary(path: Path, kind: Type[Kind]) -> Summary[Kind]:
    """Read a summary; RunError if it is none."""
    try:
        content = loads(read_text(path))
        if not isinstance(content, dict) or "runs" not in content:
            raise ValueError("it has no runs")
        check(content, _File)
        file = cast(_File, content)
        for number, entry in enumerate(file["runs"], start=1):
            check(entry, kind, f"run {number}: ")
    except ValueError as error:
        raise RunError(f"{path}: no summary of recorded runs ({error})") from None
    return Summary(cast(List[Kind], file["runs"]), file.get("notes", {}))


def public(mapping: Mapping[str, object]) -> Dict[str, object]:
    """A configuration or an environment without what tells on the machine's owner.

    What names a corpus or a command is kept without the folders in it.
    """
    kept = {key: value for key, value in mapping.items() if key not in _PRIVATE}
    corpus, command = kept.get("corpus"), kept.get("command")
    if isinstance(corpus, str):
        kept["corpus"] = Path(corpus).name
    if isinstance(command, str):
        words = (word.rsplit("/", 1)[-1] for word in command.split())
        kept["command"] = " ".join(words)
    return kept


def rounded(value: object) -> object:
    """A result with all its numbers rounded off, to six digits."""
    if isinstance(value, float):
        return round_off(value)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return value


def round_off(value: float) -> Union[float, str]:
    """A number to six digits; as text where JSON has no word for it."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else str(value)


def number_of(value: object) -> Optional[float]:
    """A number of a summary, also one that is kept as text; None where it is none."""
    return float(value) if isinstance(value, (int, float, str)) else None


def provenance(entries: Sequence[Entry]) -> List[str]:
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
        if entry.get("older", True):
            place += f" ({OLDER})"
        dates.setdefault(place, []).append(str(here.get("started"))[:10])
    lines = []
    for place, days in dates.items():
        first, last = min(days), max(days)
        when = first if first == last else f"{first} to {last}"
        plural = "" if len(days) == 1 else "s"
        lines.append(f"Recorded {when} ({len(days)} run{plural}) on {place}.")
    return ["  \n".join(lines)] if lines else ["Nothing is recorded yet."]


def sections_of(text: str) -> List[str]:
    """The names of the places for tables on a page, in their order."""
    return re.findall("^<!-- ([a-z0-9 -]+):begin -->$", text, re.MULTILINE)


def replace_section(text: str, section: str, name: str) -> str:
    """A page with what stands between ``<!-- name:begin -->`` and its end replaced.

    Raises
    ------
    RunError
        If the markers are not there, each once and in order.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise RunError(f"the page needs {begin} and {end}, each once")
    before, rest = text.split(begin)
    if end not in rest:
        raise RunError(f"the page has {end} before {begin}")
    return f"{before}{begin}\n{section}\n{end}{rest.split(end)[1]}"


def without_sections(text: str) -> str:
    """A page as it was written by hand: the generated tables are taken out of it."""
    for name in dict.fromkeys(sections_of(text)):
        text = replace_section(text, "", name)
    return text
