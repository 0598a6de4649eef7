"""Recorded translation runs with held-out sentences, and the README's table of them.

Every run of the table holds the same sentences out (they do not depend on the seed),
hence rows are compared by the differences of runs with the same seed.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, cast

from ..errors import RunError
from .readme_summary import Entry, Summary, provenance, public, rounded
from .record import RunRecord
from .record_fields import Environment


class Recorded(Entry):
    """A recorded run with held-out sentences: what it was told, and what came out."""

    seed: int
    options: List[str]
    pairs: int
    sentences: int
    perplexity: Optional[float]
    bleu: Dict[str, float]
    stray: Optional[float]


Runs = Dict[int, Recorded]  # by the seed


def summarize(
    runs: Iterable[RunRecord],
    options: Mapping[str, Mapping[str, Tuple[str, object]]],
) -> Summary[Recorded]:
    """The summary of finished and unaltered runs that report ``heldout``.

    Parameters
    ----------
    runs : iterable of RunRecord
    options : dict of str to dict
        Of each setting of an experiment that is told, where it is not the default: its
        command-line flag and its default.

    Raises
    ------
    RunError
        If a run is not finished, was altered, held nothing out, held out other
        sentences than the first, or is there twice.
    """
    entries: List[Recorded] = []
    seen = set()
    for run in runs:
        run.verify()
        result = run.result or {}
        heldout = result.get("heldout")
        if heldout is None:
            raise RunError(f"run {run.directory}: nothing was held out")
        known = options.get(run.experiment, {})
        told = [
            _option(known[name][0], value)
            for name, value in run.config.items()
            if name in known and value != known[name][1]
        ]
        entry: Recorded = {
            "experiment": run.experiment,
            "seed": run.seed or 0,
            "options": told,
            "environment": cast(Environment, public(run.environment)),
            "older": run.older,
            "pairs": result["pairs"],
            "sentences": heldout["sentences"],
            "perplexity": result["heldout_perplexity"],
            "bleu": heldout["bleu"],
            "stray": (result.get("coverage") or {}).get("stray"),
        }
        key = (run.experiment, *told, entry["seed"])
        if key in seen:
            raise RunError(f"run {run.directory}: is there already")
        seen.add(key)
        if entries and entry["sentences"] != entries[0]["sentences"]:
            raise RunError(f"run {run.directory}: holds other sentences out")
        entries.append(cast(Recorded, rounded(entry)))
    entries.sort(key=lambda entry: (entry["experiment"], entry["options"]))
    return Summary(entries)


def render(summary: Summary[Recorded], base: str = "seq2seq-attention") -> str:
    """The table of the README: a row for each setting, the ``base`` first.

    Each cell is the mean over the seeds with the least and the largest. Differences
    are taken between runs with the same seed.
    """
    entries = summary.runs
    first = entries[0]
    shared = [o for o in first["options"] if all(o in e["options"] for e in entries)]
    groups: Dict[str, Runs] = {}
    for entry in entries:
        own = (option for option in entry["options"] if option not in shared)
        label = " ".join((entry["experiment"], *own))
        groups.setdefault(label, {})[entry["seed"]] = entry
    if base not in groups:
        raise RunError(f"no recorded run of {base} with {' '.join(shared)}")
    # "greedy", then "beam 2" before "beam 10"
    widths = sorted(first["bleu"], key=lambda w: (w != "greedy", len(w), w))
    heading = ["setting", "perplexity", *(f"BLEU, {width}" for width in widths)]
    heading += [f"{widths[-1]}, less the first row's", "coverage stray"]
    rows = [heading, ["---"] * len(heading), _row(base, groups[base], {}, widths)]
    for label in sorted(groups.keys() - {base}):
        rows.append(_row(label, groups[label], groups[base], widths))
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    seeds = sorted({entry["seed"] for entry in entries})
    lines += [
        "",
        f"`d2l-rnn run SETTING {' '.join(shared)} --seed N`, "
        f"N = {', '.join(map(str, seeds))}: {first['pairs']:,} training pairs, "
        f"{first['sentences']:,} held-out source sentences, the same for all. "
        "Mean (least to largest of the seeds).",
        "",
        *provenance(entries),
    ]
    return "\n".join(lines)


def _row(label: str, runs: Runs, base: Runs, widths: Sequence[str]) -> List[str]:
    """The cells of a setting; ``runs`` and the runs of the ``base`` go by the seed."""
    cells = [f"`{label}`", _spread([run["perplexity"] for run in runs.values()], 2)]
    for width in widths:
        cells.append(_spread([run["bleu"][width] for run in runs.values()], 1))
    last = widths[-1]
    differences = [
        run["bleu"][last] - base[seed]["bleu"][last]
        for seed, run in runs.items()
        if seed in base
    ]
    strays = [run["stray"] for run in runs.values()]
    return [*cells, _spread(differences, 1, "+"), _spread(strays, 2)]


def _option(flag: str, value: object) -> str:
    if isinstance(value, bool):
        return flag if value else flag.replace("--", "--no-", 1)
    return f"{flag} {value}"


def _spread(found: Sequence[Optional[float]], digits: int, sign: str = "") -> str:
    """Mean (least to largest); empty without values."""
    values = [value for value in found if value is not None]
    if not values:
        return ""
    number = f"{{:{sign}.{digits}f}}".format
    text = number(sum(values) / len(values))
    if len(values) > 1:
        text += f" ({number(min(values))} to {number(max(values))})"
    return text
