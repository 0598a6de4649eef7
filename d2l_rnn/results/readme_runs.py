"""A summary of recorded runs, small enough to be kept; the README's table from it.

The summary holds of every run its configuration, what it ran on, its result and its
curve at every tenth epoch. A run enters it only when its record is finished and
unaltered; whether it is comparable with the book is found out then, from the whole
record. The verdicts are worked out anew each time from the curves, by the rule of
``judge``.
"""

from __future__ import annotations

from pathlib import Path
from typing import (
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    TypedDict,
    Union,
    cast,
)

from ..errors import RunError
from .book import BookNumber
from .metrics import median
from .readme_summary import (
    Entry,
    Summary,
    number_of,
    provenance,
    public,
    round_off,
    rounded,
)
from .record import RunRecord
from .record_fields import Environment
from .verdict.comparable import curve_of, incomparable, published_curve
from .verdict.compare import NOT_COMPARABLE, verdict_on_curves

RECORDED = Path(__file__).with_name("recorded.json")

_EVERY = 10  # epochs

Numbers = List[Union[float, str]]


class Curve(TypedDict):
    """A training curve at some epochs."""

    epochs: List[int]
    values: Numbers


class _Recorded(Entry, total=False):
    published: Numbers


class Recorded(_Recorded):
    """A recorded run; ``published``, its curve, only where it is comparable."""

    config: Dict[str, object]
    result: Dict[str, object]
    curve: Curve
    not_comparable: Optional[str]


def summarize(
    runs: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    settings: Mapping[str, Mapping[str, object]],
) -> Summary[Recorded]:
    """The summary of finished and unaltered runs.

    Parameters
    ----------
    runs : iterable of RunRecord
    book : dict of str to BookNumber
    settings : dict of str to dict
        As for ``compare``.

    Raises
    ------
    RunError
        If a run is not finished or was altered, or a seed is there twice.
    """
    entries = []
    seen = set()
    for run in sorted(runs, key=lambda run: (run.experiment, run.seed or 0)):
        run.verify()
        key = (run.experiment, run.seed)
        if key in seen:
            raise RunError(f"run {run.directory}: seed {key[1]} is there already")
        seen.add(key)
        number = book.get(run.experiment)
        reason = incomparable(run, number, settings.get(run.experiment))
        entries.append(_entry(run, number, reason))
    return Summary(entries)


def _entry(
    run: RunRecord, number: Optional[BookNumber], reason: Optional[str]
) -> Recorded:
    epochs, values = curve_of(run, number)
    tenth = [i for i, epoch in enumerate(epochs) if epoch % _EVERY == 0]
    entry: Recorded = {
        "experiment": run.experiment,
        "config": public(run.config),
        "environment": cast(Environment, public(run.environment)),
        "older": run.older,
        "result": {key: rounded(value) for key, value in _summary_of(run).items()},
        "curve": {
            "epochs": [epochs[i] for i in tenth],
            "values": [round_off(values[i]) for i in tenth],
        },
        "not_comparable": reason,
    }
    if number is not None and reason is None:
        entry["published"] = [round_off(v) for v in published_curve(run, number)]
    return entry


def _summary_of(run: RunRecord) -> Dict[str, object]:
    """The numbers of a result and what the model said; no pieces of the corpus."""
    telling = {"scores", "translations"}
    if "prefixes" in run.config:  # its texts are what the model continued them with
        telling.add("texts")
    return {
        key: value
        for key, value in (run.result or {}).items()
        if key in telling or value is None or isinstance(value, (int, float, str))
    }


def render(summary: Summary[Recorded], book: Mapping[str, BookNumber]) -> str:
    """The table of the README, in the order of the book's numbers.

    Below it come the summary's ``notes``, which are written by hand: why an experiment
    differs, say.
    """
    groups: Dict[str, List[Recorded]] = {}
    for entry in summary.runs:
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
        if name in summary.notes:
            notes.append(f"- **{name}**: {summary.notes[name]}")
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
        *provenance(summary.runs),
    ]
    return "\n".join(lines)


def _row(
    name: str, entries: Sequence[Recorded], number: Optional[BookNumber]
) -> Tuple[str, str]:
    """A line of the table, and the figures behind its verdict."""
    comparable = [entry for entry in entries if "published" in entry]
    others = {entry["not_comparable"] for entry in entries if "published" not in entry}
    verdict, reasons = NOT_COMPARABLE, sorted(filter(None, others))
    shown = comparable or list(entries)
    if comparable and number is not None:
        curves = [[float(v) for v in entry["published"]] for entry in comparable]
        verdict, figures, _ = verdict_on_curves(curves, number)
        reasons.insert(0, figures)
        values = [curve[-1] for curve in curves]
    else:
        values = _known(entries, "perplexity")
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
    return f"| {' | '.join(cells)} |", "; ".join(reasons)


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


def _known(entries: Sequence[Recorded], key: str) -> List[float]:
    """A number of the results that have it."""
    values = [number_of(entry["result"].get(key)) for entry in entries]
    return [value for value in values if value is not None]


def _middle(entries: Sequence[Recorded], key: str, form: str) -> str:
    known = _known(entries, key)
    return form.format(median(known)) if known else "-"


def _command(name: str, seeds: Sequence[object]) -> str:
    if list(seeds) == list(range(1, len(seeds) + 1)) and len(seeds) > 1:
        return f"d2l-rnn reproduce {name} --seeds {len(seeds)}"
    return "; ".join(f"d2l-rnn run {name} --seed {seed}" for seed in seeds)
