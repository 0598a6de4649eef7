"""A summary of recorded runs, small enough to be kept; the README's table from it.

The summary holds of every run its configuration, what it ran on, its result and its
curve at every tenth epoch. A run enters it only when its record is finished and
unaltered; whether it is comparable with the book is found out then, from the whole
record. The verdicts are worked out anew each time from the curves, by the rule of
``judge``.
"""

from __future__ import annotations

from typing import (
    Dict,
    Iterable,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    cast,
)

from ..errors import RunError
from .book import BookNumber
from .metrics import median
from .readme_groups import Group, Recorded, groups_of, titled
from .readme_summary import (
    Summary,
    provenance,
    public,
    round_off,
    rounded,
)
from .record import RunRecord
from .record_fields import Environment
from .verdict.comparable import curve_of, incomparable, published_curve
from .verdict.grouping import weights_of
from .what_it_shows import known

_EVERY = 10  # epochs


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
        If a run is not finished or was altered, or a seed is there twice from the
        same initial weights.
    """
    entries = []
    seen = set()
    for run in sorted(runs, key=lambda run: (run.experiment, run.seed or 0)):
        run.verify()
        key = (run.experiment, run.seed, weights_of(run.config))
        if key in seen:
            raise RunError(f"run {run.directory}: seed {key[1]} is there already")
        seen.add(key)
        number = book.get(run.experiment)
        reason = incomparable(run, number, settings.get(run.experiment))
        entries.append(_entry(run, number, reason))
    return Summary(entries)


def renewed(kept: Summary[Recorded], new: Summary[Recorded]) -> Summary[Recorded]:
    """A summary with further runs; a run that it has already is replaced."""

    def key(entry: Recorded) -> Tuple[str, str, int]:
        seed = entry["config"].get("seed")
        place = seed if isinstance(seed, int) else 0
        return entry["experiment"], weights_of(entry["config"]), place

    runs = {key(entry): entry for entry in [*kept.runs, *new.runs]}
    return Summary([runs[place] for place in sorted(runs)], kept.notes)


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
    telling = {"scores", "translations", "mse_ahead"}
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
    groups = groups_of(summary, book)
    heading = ["experiment", "book", "ours", "verdict", "held-out perplexity"]
    heading += ["tokens/sec", "minutes at best", "command"]
    notes = [
        f"- **{name}**: {summary.notes[name]}"
        for name in dict.fromkeys(group.name for group in groups)
        if name in summary.notes
    ]
    lines = [
        f"| {' | '.join(heading)} |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | --- |",
        *map(_row, groups),
        "",
        *notes,
        *([""] if notes else []),
        "<details><summary>The figures behind the verdicts</summary>",
        "",
        *(f"- **{titled(group)}**: {group.reason}." for group in groups),
        "",
        "</details>",
        "",
        *provenance(summary.runs),
    ]
    return "\n".join(lines)


def _row(group: Group) -> str:
    """A line of the table."""
    minutes = group.minutes
    cells = [
        titled(group),
        "-" if group.number is None else published(group.number),
        ours(group),
        f"**{group.verdict}**" if group.verdict else "not in the book",
        _middle(group.entries, "heldout_perplexity", "{:.1f}"),
        _middle(group.entries, "tokens_per_sec", "{:,.0f}"),
        "-" if minutes is None else f"{minutes:.1f}",
        f"`{group.command}`",
    ]
    return f"| {' | '.join(cells)} |"


def published(number: BookNumber) -> str:
    """A published number in short, and as it was printed in how many builds."""
    text = number.summary()
    if number.printed:
        counts = ", ".join(f"{value} ×{n}" for value, n in number.printed.items())
        text += f"; printed {counts}"
    return text


def ours(group: Group) -> str:
    """The final values of a group: mean (least-largest, seeds)."""
    values, seeds = group.values, len(group.entries)
    if not values:
        return "-"
    form = "{:.3f}".format if group.number is None else group.number.format
    text = form(sum(values) / len(values))
    if len(values) == 1:
        return f"{text} (1 seed)"
    return f"{text} ({form(min(values))}–{form(max(values))}, {seeds} seeds)"


def _middle(entries: Sequence[Recorded], key: str, form: str) -> str:
    found = known(entries, key)
    return form.format(median(found)) if found else "-"
