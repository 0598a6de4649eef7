"""Verdicts as text for a terminal, as Markdown, CSV and LaTeX, and as JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Dict, List, Optional, Sequence

from .compare import Verdict

HEADINGS = ("experiment", "book", "ours", "seeds", "verdict", "tokens/sec", "minutes")

NOT_IN_THE_BOOK = "not in the book"


def shown_verdict(verdict: Verdict) -> str:
    """The verdict in words; what the book does not print has none."""
    if verdict.book is None and all(not run.damage for run in verdict.runs):
        return NOT_IN_THE_BOOK
    return verdict.verdict


def book_value(verdict: Verdict) -> str:
    """The published number: median [min, max] of the builds."""
    return "-" if verdict.book is None else verdict.book.summary()


def our_value(verdict: Verdict) -> str:
    """Ours: mean [min, max] over the seeds, or the one value."""
    if not verdict.values:
        return "-"
    form = verdict.book.format if verdict.book is not None else "{:.3f}".format
    mean = verdict.mean
    text = form(mean) if mean is not None else "-"
    if len(verdict.values) > 1:
        text += f" [{form(min(verdict.values))}, {form(max(verdict.values))}]"
    return text


def speed(verdict: Verdict) -> str:
    """Mean tokens per second, and on what."""
    if verdict.tokens_per_sec is None:
        return "-"
    return f"{verdict.tokens_per_sec:.0f} {verdict.devices}".strip()


def minutes(verdict: Verdict) -> str:
    """Mean time of a run from its start to its end."""
    seconds = verdict.wall_seconds
    return "-" if seconds is None else f"{seconds / 60:.1f}"


def _cells(verdict: Verdict) -> List[str]:
    return [
        verdict.title,
        book_value(verdict),
        our_value(verdict),
        str(len(verdict.runs)),
        shown_verdict(verdict),
        speed(verdict),
        minutes(verdict),
    ]


_COLOURS = {"reproduced": "32", "differs": "31"}  # green, red
_VERDICT = HEADINGS.index("verdict")


def render_text(verdicts: Sequence[Verdict], coloured: bool = False) -> str:
    """An aligned table; below each row what sets it apart, and figures or reason.

    Parameters
    ----------
    verdicts : sequence of Verdict
    coloured : bool
        Whether a terminal is to show what is reproduced in green, what differs in red.
    """
    rows, below = [list(HEADINGS)], [""]
    for verdict in verdicts:
        rows.append([verdict.experiment, *_cells(verdict)[1:]])
        apart = f"{verdict.apart}: " if verdict.apart else ""
        below.append(apart + verdict.reason)
    text = aligned(rows, below)
    if not coloured:
        return text
    lines = text.split("\n")
    place = 0
    for row, note in zip(rows, below):
        word = row[_VERDICT]
        if word in _COLOURS:
            before, after = lines[place].rsplit(word, 1)
            lines[place] = f"{before}\x1b[{_COLOURS[word]}m{word}\x1b[0m{after}"
        place += 2 if note else 1
    return "\n".join(lines)


def aligned(rows: Sequence[Sequence[str]], below: Sequence[str] = ()) -> str:
    """A table for a terminal; ``below`` holds a line for below each row, or ''."""
    safe = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*safe)]
    lines = []
    for index, row in enumerate(safe):
        cells = (cell.ljust(width) for cell, width in zip(row, widths))
        lines.append("  ".join(cells).rstrip())
        if below and below[index]:
            lines.append("    " + printable(below[index]))
    return "\n".join(lines)


def render_markdown(verdicts: Sequence[Verdict]) -> str:
    """A Markdown table, the figures or the reason beside each verdict."""
    rows = [list(HEADINGS)]
    for verdict in verdicts:
        cells = _cells(verdict)
        cells[4] = f"**{shown_verdict(verdict)}**: {verdict.reason}"
        rows.append(cells)
    return markdown_table(rows)


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row is its heading."""
    heading, *others = rows
    safe = ([printable(cell).replace("|", "\\|") for cell in row] for row in others)
    lines = [list(heading), ["---"] * len(heading), *safe]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


_COLUMNS = (
    *("experiment", "apart", "section", "metric", "builds"),
    *("book_median", "book_min", "book_max", "runs", "mean", "min", "max"),
    *("verdict", "reason", "tokens_per_sec", "wall_seconds"),
)


def render_csv(verdicts: Sequence[Verdict]) -> str:
    """Comma-separated values with a heading (RFC 4180): numbers in full, no units."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for verdict in verdicts:
        number, values = verdict.book, verdict.values
        published: List[object] = [""] * 6
        if number is not None:
            final = [number.final[key] for key in ("median", "min", "max")]
            published = [number.section, number.metric, len(number.builds), *final]
        spread = [verdict.mean, *((min(values), max(values)) if values else ("", ""))]
        row = [verdict.experiment, verdict.apart, *published, len(verdict.runs)]
        row += [*spread, shown_verdict(verdict), verdict.reason]
        row += [verdict.tokens_per_sec, verdict.wall_seconds]
        writer.writerow([printable(x) if isinstance(x, str) else x for x in row])
    return stream.getvalue().rstrip("\n")


_LATEX = {letter: f"\\{letter}" for letter in "&%$#_{}"}
_LATEX.update({"\\": r"\textbackslash{}", "~": r"\textasciitilde{}"})
_LATEX["^"] = r"\textasciicircum{}"


def render_latex(verdicts: Sequence[Verdict]) -> str:
    """A table for a paper, with the rules of the package booktabs."""
    rows = [HEADINGS, *(_cells(verdict) for verdict in verdicts)]
    lines = [
        " & ".join(
            "".join(_LATEX.get(letter, letter) for letter in printable(cell))
            for cell in row
        )
        + r" \\"
        for row in rows
    ]
    heading, *others = lines
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            r"\begin{tabular}{lllrlrr}",
            r"\toprule",
            heading,
            r"\midrule",
            *others,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def to_json(verdicts: Sequence[Verdict]) -> str:
    """One JSON array, an object a verdict; numbers that are not finite are null."""
    return json.dumps([_object(verdict) for verdict in verdicts], indent=2)


def _object(verdict: Verdict) -> Dict[str, object]:
    number, judgement = verdict.book, verdict.judgement
    return {
        "experiment": verdict.experiment,
        "apart": verdict.apart,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "seeds": list(verdict.seeds),
        "values": [_finite(value) for value in verdict.values],
        "mean": _finite(verdict.mean),
        "tokens_per_sec": _finite(verdict.tokens_per_sec),
        "wall_seconds": _finite(verdict.wall_seconds),
        "device": verdict.devices,
        "runs": [str(run.directory) for run in verdict.runs],
        "book": (
            None
            if number is None
            else {
                "edition": number.edition,
                "section": number.section,
                "framework": number.framework,
                "metric": number.metric,
                "builds": len(number.builds),
                "printed": dict(number.printed),
                "final": dict(number.final),
            }
        ),
        "judgement": None if judgement is None else vars(judgement),
    }


def _finite(value: Optional[float]) -> Optional[float]:
    return value if value is not None and math.isfinite(value) else None


def printable(text: str) -> str:
    """Without line ends and terminal escapes, which a record may hold."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
