"""One page of the recorded runs that a reader can check, as Markdown with pictures."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from .book import BookNumber
from .curve_svg import curve_svg
from .initial_weights import UNTRAINED, evidence
from .readme_groups import Group, Recorded, groups_of
from .readme_runs import ours, published
from .readme_summary import Summary, provenance
from .told import Told
from .verdict.compare import NOT_COMPARABLE
from .verdict.grouping import BOOK_WEIGHTS, SAID, SEED_WEIGHTS
from .verdict.rendering import markdown_table

# The page's pictures stand for themselves, on light and dark pages alike.
_STYLE = """<style>
text { font: 12px system-ui, sans-serif; fill: #5b6675; }
.page { fill: #ffffff; } .grid { stroke: #e3e6ea; } .axis { stroke: #7b8592; }
polyline { fill: none; stroke-linejoin: round; }
.builds { fill: #c9ced6; } .beside { fill: #d9822b; opacity: .35; }
.median { stroke: #7b8592; stroke-width: 1.3; } circle.median { fill: #7b8592; }
.seeds { fill: #0067a8; opacity: .3; }
polyline.ours { stroke: #0067a8; stroke-width: 1.8; } circle.ours { fill: #0067a8; }
</style><rect class="page" width="100%" height="100%"/>"""


def render_page(
    summary: Summary[Recorded],
    book: Mapping[str, BookNumber],
    told: Mapping[str, Told],
    command: str,
    folder: str,
) -> Tuple[str, Dict[str, str]]:
    """The page, and its pictures by their name.

    Parameters
    ----------
    summary : Summary
    book : dict of str to BookNumber
    told : dict of str to Told
        The experiments, in the order of the page.
    command : str
        What makes the page.
    folder : str
        Where the pictures are, as seen from the page.
    """
    groups: Dict[str, List[Group]] = {}
    for group in groups_of(summary, book):
        groups.setdefault(group.name, []).append(group)
    names = [name for name in told if name in groups]
    missing = [name for name in told if name not in groups]
    lines = [
        f"<!-- Made by: {command} -->",
        "",
        "# Recorded results",
        "",
        f"This page is made by `{command}` from `docs/recorded/runs.json`; nothing on "
        "it is written by hand. How the verdicts come about, and how much they tell: "
        "[verdict.md](verdict.md). A published number is a distribution over the "
        "book's builds; grey in the pictures is their range and median, blue our runs, "
        "orange the range of our own seeds where blue began from the builds' weights. "
        "These weights are *shown* where the builds print what the untrained net says "
        "and ours says the same, *argued* elsewhere "
        "([initial-weights.md](initial-weights.md)).",
        "",
        _overview([groups[name] for name in names]),
        "",
    ]
    pictures = {}
    for name in names:
        picture = _picture(name, groups[name])
        if picture:
            pictures[f"{name}.svg"] = picture
        shown = f"{folder}/{name}.svg" if picture else ""
        lines += _section(name, groups[name], told[name], shown)
    if missing:
        lines += [f"Not recorded yet: {', '.join(missing)}.", ""]
    lines += provenance(summary.runs)
    return "\n".join(lines) + "\n", pictures


def _overview(all_groups: Sequence[Sequence[Group]]) -> str:
    """The judged experiments, from the builds' weights and from ours side by side."""
    rows = [["experiment", "the book", "from the builds' weights", "from own weights"]]
    rows[0].append("minutes at best")
    for groups in all_groups:
        number = groups[0].number
        if number is None:
            continue
        by_weights = {group.weights: group for group in groups}
        if number.drawn_alike:  # whatever its record says: there is but one start
            by_weights = {BOOK_WEIGHTS: groups[0]}
        rows.append(
            [
                f"[{groups[0].name}](#{groups[0].name})",
                number.summary(),
                *(_cell(by_weights.get(w)) for w in (BOOK_WEIGHTS, SEED_WEIGHTS)),
                _minutes(groups[0]),
            ]
        )
    return markdown_table(rows)


def _cell(group: Optional[Group]) -> str:
    return "-" if group is None else f"**{group.verdict}**: {ours(group)}"


def _minutes(group: Group) -> str:
    return "-" if group.minutes is None else f"{group.minutes:.1f}"


def _section(name: str, groups: Sequence[Group], told: Told, picture: str) -> List[str]:
    number = groups[0].number
    lines = [f"## {name}", "", f"Section {told.section}: {told.summary}.", ""]
    if number is not None:
        lines += [f"The book ({number.label}): {published(number)}.", ""]
    if picture:
        lines += [f"![training curve of {name}]({picture})", ""]
    for group in groups:
        lines += [_sentence(group), ""]
    return lines + _untrained(name, groups) + _texts(groups)


def _untrained(name: str, groups: Sequence[Group]) -> List[str]:
    """What the nets say before training, where the builds print it too."""
    said = {
        entry["result"].get("untrained") for group in groups for entry in group.entries
    }
    if UNTRAINED.get(name) not in said - {None}:
        return []
    text = f"`{UNTRAINED[name]}`, as 41 of the 41 builds print it"
    return [f"From the builds' weights, the untrained net says {text}.", ""]


def _sentence(group: Group) -> str:
    cost = "" if group.minutes is None else f" ({group.minutes:.1f} minutes at best)"
    by = f"`{group.command}`{cost}"
    if group.number is None:
        return f"What it shows: {group.reason}. {by}"
    start = "" if group.number.drawn_alike else f", {SAID[group.weights]}"
    if group.weights == BOOK_WEIGHTS:
        start += f" ({evidence(group.entries[0]['config'])})"
    shown = "" if group.verdict == NOT_COMPARABLE else f" {ours(group)}{start}"
    return f"**{group.verdict}**{shown}: {group.reason}. {by}"


def _picture(name: str, groups: Sequence[Group]) -> Optional[str]:
    first, others = groups[0], groups[1:]
    picture = curve_svg(
        _curves(first),
        first.number,
        f"training curve of {name} against the epoch",
        [curve for group in others for curve in _curves(group)],
    )
    if picture is None:
        return None
    start, rest = picture.split(">", 1)
    return f'{start} xmlns="http://www.w3.org/2000/svg">{_STYLE}{rest}\n'


def _curves(group: Group) -> List[Tuple[List[int], List[float]]]:
    found = []
    for entry in group.entries:
        if group.number is not None and "published" in entry:
            epochs, values = list(group.number.epochs), entry["published"]
        else:
            epochs, values = entry["curve"]["epochs"], entry["curve"]["values"]
        found.append((epochs, [float(value) for value in values]))
    return found


def _texts(groups: Sequence[Group]) -> List[str]:
    """What the runs generated or translated, and how many builds print the same."""
    number = groups[0].number
    printed: List[Mapping[str, int]] = list(number.printed_texts) if number else []
    if not any(texts_of(entry) for group in groups for entry in group.entries):
        return []
    builds = sum(printed[0].values()) if printed else 0
    heading = ["text", "ours"] + (["builds that print it"] if printed else [])
    rows = [heading]
    for place in range(max(len(texts_of(groups[0].entries[0])), len(printed))):
        whose: Dict[str, List[str]] = {}
        for group in groups:
            for entry in group.entries:
                text = texts_of(entry)[place] if place < len(texts_of(entry)) else ""
                if text:
                    whose.setdefault(text, []).append(_named(entry, group))
        counts = printed[place] if place < len(printed) else {}
        if counts:  # what most of the builds print, ours or not
            whose.setdefault(max(counts, key=lambda text: counts[text]), [])
        for text, seeds in whose.items():
            row = [f"`{text}`", ", ".join(seeds) or "-"]
            if printed:
                row.append(f"{counts.get(text, 0)} of {builds}")
            rows.append(row)
    return [markdown_table(rows), ""]


def _named(entry: Recorded, group: Group) -> str:
    kind = "book" if group.weights == BOOK_WEIGHTS else "seed"
    return f"{kind}-{entry['config'].get('seed')}"


def texts_of(entry: Recorded) -> List[str]:
    """The texts of a recorded run: continued prefixes, or translated sentences."""
    result = entry["result"]
    texts, translations = result.get("texts"), result.get("translations")
    if isinstance(translations, list):
        return [f"{t['source']} => {t['translation']}" for t in translations]
    return [str(text) for text in texts] if isinstance(texts, list) else []
