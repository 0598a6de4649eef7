"""The change against an earlier run of the benchmark (``--compare FILE``)."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Dict, Iterator, List, Sequence, Tuple, TypedDict

from ..errors import RunError
from ..results.json_files import read_json
from .measuring import TASKS, Answers, Results
from .spreads import each

#: What must be the same for two runs to tell of the code alone.
_OF_MACHINE = ("processor", "cores", "idle_cores")
_OF_AMOUNTS = ("threads", "turn_seconds")


class Earlier(TypedDict):
    """``benchmark.json`` as :func:`.running.run` writes it; parts may be missing."""

    machine: Dict[str, object]
    amounts: Dict[str, object]


def read_earlier(path: Path, now: Results) -> Results:
    """An earlier run's figures, if they can stand beside those of ``now``.

    Raises
    ------
    RunError
        If it is no such file, of another machine, or was measured otherwise.
    """
    found: Results = dict(read_json(path, Earlier))
    other = _difference(found, now, "machine", _OF_MACHINE)
    if other:
        raise RunError(f"--compare {path}: of another machine, {other}")
    other = _difference(found, now, "amounts", _OF_AMOUNTS)
    if other:
        raise RunError(f"--compare {path}: of other settings, {other}")
    try:
        list(_rows(found))
    except (AttributeError, KeyError, TypeError, ZeroDivisionError):
        raise RunError(f"--compare {path}: no figures of a benchmark") from None
    return found


def _difference(found: Results, now: Results, part: str, keys: Sequence[str]) -> str:
    """The first that differs, in words."""
    for key in keys:
        then, here = found.get(part, {}).get(key), now[part][key]
        if then != here:
            return f"{key} {then!r} and not {here!r}"
    return ""


def change(earlier: Results, now: Results) -> Results:
    """How many times as fast each side is as it was.

    What the others have changed by is the machine's, what is ours beyond it the code's.

    Returns
    -------
    dict
        ``started`` and ``commit`` of the earlier run, and ``rows``: row to side to
        median, least and greatest ratio (any round of now to any of then).
    """
    before = dict(_rows(earlier))
    rows: Dict[str, Dict[str, List[float]]] = {}
    for name, answers in _rows(now):
        for side, after in answers.items():
            then = before.get(name, {}).get(side)
            if then:
                ratios = [b / a for b in then for a in after]
                middle = median(then) / median(after)
                rows.setdefault(name, {})[side] = [middle, min(ratios), max(ratios)]
    machine = earlier["machine"]
    told = {key: machine.get(key) for key in ("started", "commit")}
    return {**told, "rows": rows}


def _rows(results: Results) -> Iterator[Tuple[str, Dict[str, List[float]]]]:
    """Seconds of one step or token of every side, by row."""

    def seconds(answers: Answers) -> Dict[str, List[float]]:
        return {side: each(answers, side, "seconds") for side in answers}

    for name, part in results.get("speed", {}).items():
        for task, word in TASKS.items():
            yield f"{word}, {name}", seconds(part[task])
    for label, answers in results.get("use", {}).items():
        yield f"in use, {label}", seconds(answers)
