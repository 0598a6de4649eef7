"""Pieces of the report: badges, pictures that can be enlarged, names with values."""

from __future__ import annotations

from html import escape
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from .book import BookNumber
from .curve_svg import Names
from .report_words import Words
from .verdict.compare import NOT_COMPARABLE, Verdict
from .verdict.rendering import NOT_IN_THE_BOOK, shown_verdict
from .what_it_shows import what_it_shows


def badge(verdict: str, words: Words, count: int = 0) -> str:
    """A verdict in its colours, with how many there are."""
    text = words(verdict)
    if count:
        text = words("count", number=count, verdict=text)
    return f'<span class="badge {verdict.replace(" ", "-")}">{escape(text)}</span>'


def enlargeable(picture: str, caption: str, anchor: str, words: Words) -> str:
    """A figure that fills the window when it is clicked, and returns to its place.

    Nothing but links: the figure is the target of its own picture, and what is a
    target fills the window by the style sheet.

    Parameters
    ----------
    picture, caption : str
        HTML.
    anchor : str
        The figure's name on the page.
    words : Words
    """
    enlarge, back = escape(words("enlarge")), escape(words("back"))
    return (
        f'<div class=place id="{anchor}-place"><figure id="{anchor}">'
        f'<a class=enlarge href="#{anchor}" title="{enlarge}">{picture}</a>'
        f'<a class=back href="#{anchor}-place" title="{back}" aria-label="{back}">'
        f"&times;</a>{caption}</figure></div>"
    )


def axes_of(number: Optional[BookNumber], words: Words) -> Names:
    """What the axes of a training curve are called."""
    metric = words("perplexity" if number is None else number.metric)
    return words("epoch"), words("log", metric=metric)


def swatch(kind: str, colour: str, text: str) -> str:
    """An entry of a legend."""
    return (
        f'<span class="{kind}" style="--swatch:var(--{colour})">{escape(text)}</span>'
    )


def summary_of(verdict: Verdict, words: Words) -> str:
    """A verdict's figures; of what the book does not print, what the runs show."""
    if shown_verdict(verdict) != NOT_IN_THE_BOOK:
        return words.reason(verdict.reason)
    finished = [{"result": run.result} for run in verdict.runs if run.result]
    if not finished:  # then why not is all that there is
        return words.reason(verdict.reason)
    return what_it_shows(verdict.experiment, finished, words.language)


def why_none(verdict: Verdict, words: Words) -> str:
    """Why a verdict is none; empty where it is one."""
    if shown_verdict(verdict) != NOT_COMPARABLE:
        return ""
    return words.reason(verdict.reason)


def apart(verdict: Verdict, words: Words) -> str:
    """What sets a verdict's runs apart from others of the experiment."""
    return words.reason(verdict.apart, ", ")


def flat(environment: Mapping[str, object]) -> Dict[str, object]:
    """One level: the corpus's fields beside the others."""
    found: Dict[str, object] = {}
    for name, value in environment.items():
        if isinstance(value, dict):
            found.update({f"{name} {key}": item for key, item in value.items()})
        else:
            found[name] = value
    return found


def pairs(mappings: Sequence[Mapping[str, object]], unshown: Tuple[str, ...]) -> str:
    """Names and values as a table; where the runs do not agree, all values."""
    names: List[str] = []
    for mapping in mappings:
        names += [name for name in mapping if name not in names + list(unshown)]
    rows = []
    for name in names:
        values: List[str] = []
        for mapping in mappings:
            text = str(mapping.get(name, "-"))
            values += [text] if text not in values else []
        rows.append(
            f"<tr><td>{escape(str(name))}</td><td>{escape(', '.join(values))}</td></tr>"
        )
    return f"<table class=pairs>{''.join(rows)}</table>"
