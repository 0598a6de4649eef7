"""A summary of recorded runs, small enough to be kept; the README's table from it.

The summary holds of every run its configuration, what it ran on, its result and its
curve at every tenth epoch. A run enters it only when its record is finished and
unaltered; whether it is comparable with the book is found out then, from the whole
record. The verdicts are worked out anew each time from the curves, by the rule of
``judge``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..errors import RunError
from .book import BookNumber
from .comparable import curve_of, incomparable, published_curve
from .compare import NOT_COMPARABLE, verdict_on_curves
from .metrics import median
from .record import RunRecord

RECORDED = Path(__file__).with_name("recorded.json")
BEGIN, END = "<!-- recorded:begin -->", "<!-- recorded:end -->"

Json = Dict[str, Any]

_EVERY = 10  # epochs
_DIGITS = 6
# What tells on the machine's owner and says nothing on the numbers.
_PRIVATE = ("platform", "node", "hostname", "user", "cwd", "directory")
_PRIVATE_FIELDS = ("data_dir", "out")


def summarize(
    runs: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    defaults: Mapping[str, Mapping[str, Any]],
) -> Json:
    """The summary of finished and unaltered runs.

    Parameters
    ----------
    runs : iterable of RunRecord
    book : dict of str to BookNumber
    defaults : dict of str to dict
        As for ``compare``.

    Raises
    ------
    RunError
        If a run is not finished or was altered, or a seed is there twice.
    """
    entries = []
    seen = set()
    for run in sorted(runs, key=lambda run: (run.experiment, run.config.get("seed"))):
        run.verify()
        key = (run.experiment, run.config.get("seed"))
        if key in seen:
            raise RunError(f"run {run.directory}: seed {key[1]} is there already")
        seen.add(key)
        number = book.get(run.experiment)
        reason = incomparable(run, number, defaults.get(run.experiment))
        entries.append(_entry(run, number, reason))
    return {"runs": entries}


def _entry(run: RunRecord, number: Optional[BookNumber], reason: Optional[str]) -> Json:
    epochs, values = curve_of(run, number)
    tenth = [i for i, epoch in enumerate(epochs) if epoch % _EVERY == 0]
    entry: Json = {
        "experiment": run.experiment,
        "config": _public(run.config, _PRIVATE_FIELDS),
        "environment": _public(run.environment, _PRIVATE),
        "result": _rounded(_summary_of(run)),
        "curve": {
            "epochs": [epochs[i] for i in tenth],
            "values": [_round(values[i]) for i in tenth],
        },
        "not_comparable": reason,
    }
    if number is not None and reason is None:
        entry["published"] = [_round(value) for value in published_curve(run, number)]
    return entry


def _summary_of(run: RunRecord) -> Json:
    """The numbers of a result and what the model said; no pieces of the corpus."""
    telling = {"scores", "translations"}
    if "prefixes" in run.config:  # its texts are what the model continued them with
        telling.add("texts")
    return {
        key: value
        for key, value in (run.result or {}).items()
        if key in telling or value is None or isinstance(value, (int, float, str))
    }


def _public(mapping: Mapping[str, Any], private: Sequence[str]) -> Json:
    """Without the fields that name a place on the machine."""
    kept = {key: value for key, value in mapping.items() if key not in private}
    if isinstance(kept.get("corpus"), str):
        kept["corpus"] = Path(kept["corpus"]).name
    if isinstance(kept.get("command"), str):
        words = (word.rsplit("/", 1)[-1] for word in kept["command"].split())
        kept["command"] = " ".join(words)
    return kept


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return _round(value)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value


def _round(value: float) -> Any:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else str(value)


def load_recorded(path: Optional[Path] = None) -> Json:
    """Read a summary; RunError if it is none."""
    path = path or RECORDED
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
    return '{"notes": %s,\n"runs": [\n%s\n]}\n' % (notes, ",\n".join(lines))


def render(summary: Json, book: Mapping[str, BookNumber]) -> str:
    """The table of the README, in the order of the book's numbers.

    Below it come the summary's ``notes``, which are written by hand: why an experiment
    differs, say.
    """
    groups: Dict[str, List[Json]] = {}
    for entry in summary["runs"]:
        groups.setdefault(entry["experiment"], []).append(entry)
    order = list(book)
    names = sorted(
        groups, key=lambda n: (order.index(n) if n in book else len(order), n)
    )
    rows, notes, figures = [], [], []
    for name in names:
        row, remark = _row(name, groups[name], book.get(name))
        rows.append(row)
        figures.append(f"- **{name}**: {remark}.")
        if name in summary.get("notes", {}):
            notes.append(f"- **{name}**: {summary['notes'][name]}")
    lines = [
        "| experiment | book | ours | verdict | held-out perplexity | tokens/sec "
        "| command |",
        "| --- | --- | --- | --- | ---: | ---: | --- |",
        *rows,
        "",
        *notes,
        *([""] if notes else []),
        "<details><summary>The figures behind the verdicts</summary>",
        "",
        *figures,
        "",
        "</details>",
        "",
        *_provenance(summary["runs"]),
    ]
    return "\n".join(lines)


def _row(
    name: str, entries: Sequence[Json], number: Optional[BookNumber]
) -> Tuple[str, str]:
    """A line of the table, and the figures behind its verdict."""
    comparable = [entry for entry in entries if "published" in entry]
    others = [entry["not_comparable"] for entry in entries if "published" not in entry]
    verdict, remark = NOT_COMPARABLE, "; ".join(sorted(set(filter(None, others))))
    shown = comparable or list(entries)
    if comparable and number is not None:
        curves = [[float(v) for v in entry["published"]] for entry in comparable]
        verdict, figures, _ = verdict_on_curves(curves, number)
        remark = "; ".join([figures, *sorted(set(filter(None, others)))])
        values = [curve[-1] for curve in curves]
    else:
        finals = [entry["result"].get("perplexity") for entry in entries]
        values = [float(value) for value in finals if value is not None]
    seeds = [entry["config"].get("seed") for entry in shown]
    cells = [
        name,
        "-" if number is None else _published(number),
        _ours(values, len(seeds), number),
        f"**{verdict}**",
        _middle(shown, "heldout_perplexity", "{:.1f}"),
        _middle(shown, "tokens_per_sec", "{:,.0f}"),
        f"`{_command(name, seeds)}`",
    ]
    return "| %s |" % " | ".join(cells), remark


def _published(number: BookNumber) -> str:
    text = number.summary()
    if number.printed:
        counts = ", ".join(f"{value} ×{n}" for value, n in number.printed.items())
        text += f"; printed {counts}"
    return text


def _ours(values: Sequence[float], seeds: int, number: Optional[BookNumber]) -> str:
    if not values:
        return "-"
    form = "{:.3f}".format if number is None else number.format
    text = form(sum(values) / len(values))
    if len(values) == 1:
        return f"{text} (1 seed)"
    return f"{text} ({form(min(values))}–{form(max(values))}, {seeds} seeds)"


def _middle(entries: Sequence[Json], key: str, form: str) -> str:
    """The median of a number of the results that have it."""
    values = [entry["result"].get(key) for entry in entries]
    known = [float(value) for value in values if value is not None]
    return form.format(median(known)) if known else "-"


def _command(name: str, seeds: Sequence[Any]) -> str:
    if list(seeds) == list(range(1, len(seeds) + 1)) and len(seeds) > 1:
        return f"d2l-rnn reproduce {name} --seeds {len(seeds)}"
    return "; ".join(f"d2l-rnn run {name} --seed {seed}" for seed in seeds)


def _provenance(entries: Sequence[Json]) -> List[str]:
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


def replace_section(text: str, section: str, begin: str = BEGIN, end: str = END) -> str:
    """A README with what stands between two markers replaced.

    Raises
    ------
    RunError
        If the markers are not there, each once and in order.
    """
    if text.count(begin) != 1 or text.count(end) != 1:
        raise RunError(f"the README needs {begin} and {end}, each once")
    before, rest = text.split(begin)
    if end not in rest:
        raise RunError(f"the README has {end} before {begin}")
    return f"{before}{begin}\n{section}\n{end}{rest.split(end)[1]}"
