"""The report's first table: every verdict with a small curve, by chapter."""

from __future__ import annotations

from html import escape
from typing import List, Mapping, Sequence

from .curve_svg import thumbnail_svg
from .report_parts import apart, badge, why_none
from .report_words import Words
from .told import Told, chapter
from .verdict.comparable import curve_of
from .verdict.compare import DIFFERS, NOT_COMPARABLE, REPRODUCED, Verdict
from .verdict.rendering import (
    HEADINGS,
    NOT_IN_THE_BOOK,
    book_value,
    minutes,
    our_value,
    shown_verdict,
    speed,
)

_COLUMNS = (HEADINGS[0], "curve", *HEADINGS[1:])
_NUMBERS = ("seeds", "tokens/sec", "minutes")


def counts(verdicts: Sequence[Verdict], words: Words) -> str:
    """How many there are of each verdict."""
    badges = []
    for kind in (REPRODUCED, DIFFERS, NOT_COMPARABLE, NOT_IN_THE_BOOK):
        count = sum(shown_verdict(verdict) == kind for verdict in verdicts)
        if count:
            badges.append(badge(kind, words, count))
    return f"<div class=counts>{''.join(badges)}</div>"


def heading(verdict: Verdict, told: Mapping[str, Told], words: Words) -> str:
    """The part of the book that an experiment is of, in words."""
    known = told.get(verdict.experiment)
    return words(chapter(known.section if known else ""))


def table(
    verdicts: Sequence[Verdict],
    anchors: Sequence[str],
    told: Mapping[str, Told],
    words: Words,
) -> str:
    """A row a verdict, each linked to its section.

    Parameters
    ----------
    verdicts : sequence of Verdict
        In the order of the page.
    anchors : sequence of str
        Their sections.
    told : dict of str to Told
    words : Words
    """
    kinds = {
        column: " class=number" if column in _NUMBERS else "" for column in _COLUMNS
    }
    lines = ["<table class=verdicts><thead><tr>"]
    lines += [f"<th{kinds[column]}>{words(column)}</th>" for column in _COLUMNS]
    lines.append("</tr></thead><tbody>")
    part = ""
    for verdict, anchor in zip(verdicts, anchors):
        if told and heading(verdict, told, words) != part:
            part = heading(verdict, told, words)
            lines.append(
                f"<tr class=part><th colspan={len(_COLUMNS)}>{escape(part)}</th></tr>"
            )
        cells = _cells(verdict, anchor, words)
        lines.append("<tr>")
        for column, cell in zip(_COLUMNS, cells):
            kind = " class=thumb" if column == "curve" else kinds[column]
            lines.append(f'<td data-label="{words(column)}"{kind}>{cell}</td>')
        lines.append("</tr>")
    lines.append("</tbody></table>")
    return "".join(lines)


def _cells(verdict: Verdict, anchor: str, words: Words) -> List[str]:
    return [
        named(f'<a href="#{anchor}">{escape(verdict.experiment)}</a>', verdict, words),
        _thumbnail(verdict, anchor, words),
        _with_range(book_value(verdict)),
        _with_range(our_value(verdict)),
        str(len(verdict.runs)),
        _with_reason(verdict, words),
        escape(speed(verdict)),
        minutes(verdict),
    ]


def _thumbnail(verdict: Verdict, anchor: str, words: Words) -> str:
    finished = [run for run in verdict.runs if run.result is not None]
    curves = [curve_of(run, verdict.book) for run in finished]
    label = words("curve of", experiment=verdict.experiment)
    picture = thumbnail_svg(curves, verdict.book, label)
    return "" if picture is None else f'<a href="#{anchor}">{picture}</a>'


def named(shown: str, verdict: Verdict, words: Words) -> str:
    """An experiment, and what sets its runs apart."""
    if not verdict.apart:
        return shown
    told = escape(apart(verdict, words))
    return f"<span>{shown} <span class=apart>{told}</span></span>"


def _with_reason(verdict: Verdict, words: Words) -> str:
    """The verdict, and why there is none."""
    shown = badge(shown_verdict(verdict), words)
    reason = why_none(verdict, words)
    if not reason:
        return shown
    return f"<span>{shown} <span class=reason>{escape(reason)}</span></span>"


def _with_range(text: str) -> str:
    """'1.2 [1.1, 1.3]' with its range set back."""
    value, bracket, rest = escape(text).partition(" [")
    range_ = f"<span class=range>[{rest}</span>" if bracket else ""
    return f"<span>{value} {range_}</span>"
