"""All runs on one HTML page that needs nothing else: no script, no outside address.

What a run directory holds is written by others: every text is escaped, pictures are
taken in only if they are the PNG files that were drawn, and the page's policy forbids
it to load anything.
"""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..files import PathLike, write_bytes
from .book import BookNumber
from .curve_svg import curve_svg
from .pictures import pictures
from .record import RunRecord
from .report_parts import axes_of, badge, enlargeable, flat, pairs, summary_of, swatch
from .report_settings import settings_compared
from .report_strip import strip
from .report_style import STYLE
from .report_table import counts, heading, named, table
from .report_words import Words
from .starts import mixed_starts
from .told import Told, place
from .verdict.comparable import curve_of
from .verdict.compare import Verdict, compare
from .verdict.rendering import shown_verdict

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
#: What ``d2l-rnn page`` writes by default.
PAGE = "page.html"
_UNSHOWN_FIELDS = ("experiment", "seed")
_WITHOUT_EFFECT = ("--quiet", "--resume", "--no-plot", "--json", "--tensorboard")
_TONGUES = {"en": "en", "zh": "zh-CN"}


def render_report(
    records: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    settings: Optional[Mapping[str, Mapping[str, object]]] = None,
    told: Optional[Mapping[str, Told]] = None,
    language: str = "en",
    title: str = "",
    page: str = "",
) -> str:
    """The page as HTML.

    Parameters
    ----------
    records : iterable of RunRecord
    book : dict of str to BookNumber
    settings : dict of str to dict, optional
        As for ``compare``.
    told : dict of str to Told, optional
        The experiments: the page has their order and sections; without them, the
        order in which they appear.
    language : {'en', 'zh'}
    title : str
        The page's own, by default.
    page : str
        Of ``d2l-rnn page``, where one lies beside it: is linked to.
    """
    words, told = Words(language), told or {}
    verdicts = _in_order(compare(records, book, settings), told)
    anchors = [f"row-{index}" for index, _ in enumerate(verdicts, start=1)]
    runs = sum(len(verdict.runs) for verdict in verdicts)
    count = words("one run") if runs == 1 else words("runs", number=runs)
    shown = escape(title or words("title"))
    parts = [
        f'<!DOCTYPE html><html lang="{_TONGUES[language]}"><head>',
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{shown}</title>",
        f"<style>{STYLE}</style></head><body>",
        f"<header><h1>{shown}</h1>",
        f"<p class=soft>{escape(words('intro', count=count))}</p></header>",
        counts(verdicts, words),
        table(verdicts, anchors, told, words),
        f"<p class=soft>{escape(words('judging'))}</p>",
        f"<p class=soft>{_networks(page, words)}</p>",
    ]
    part = name = ""
    for verdict, anchor in zip(verdicts, anchors):
        if told and heading(verdict, told, words) != part:
            part = heading(verdict, told, words)
            parts.append(f"<h2>{escape(part)}</h2>")
        if verdict.experiment != name:
            name = verdict.experiment
            alike = [other for other in verdicts if other.experiment == name]
            where = f"settings-{anchor}"
            parts.append(settings_compared(alike, settings or {}, where, words))
        parts.append(_section(verdict, anchor, told.get(name), words))
    parts.append("</body></html>\n")
    return "\n".join(part for part in parts if part)


def write_report(
    path: PathLike,
    records: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    settings: Optional[Mapping[str, Mapping[str, object]]] = None,
    told: Optional[Mapping[str, Told]] = None,
    language: str = "en",
    title: str = "",
) -> None:
    """Write the page of :func:`render_report` to a file, atomically.

    It links to the page of ``d2l-rnn page`` that lies beside it.
    """
    beside = PAGE if (Path(path).parent / PAGE).is_file() else ""
    page = render_report(records, book, settings, told, language, title, beside)
    write_bytes(path, page.encode("utf-8", "replace"))


def _networks(page: str, words: Words) -> str:
    """Where the trained networks can be seen at work, or what makes such a page."""
    if not page:
        return escape(words("make a page"))
    return f'<a href="{escape(page)}">{escape(words("to the page"))}</a>'


def _in_order(
    verdicts: Sequence[Verdict], told: Mapping[str, Told]
) -> Sequence[Verdict]:
    """By the sections of the book; what it does not have comes last."""
    names = list(told)

    def rank(verdict: Verdict) -> Tuple[Tuple[int, List[int]], int]:
        known = told.get(verdict.experiment, Told("", ""))
        row = names.index(verdict.experiment) if verdict.experiment in told else 0
        return place(known.section), row

    return sorted(verdicts, key=rank)


def _section(verdict: Verdict, anchor: str, told: Optional[Told], words: Words) -> str:
    number = verdict.book
    parts = [
        f'<section id="{anchor}"><div class=head><h3>{escape(verdict.experiment)}</h3>'
        f"{named('', verdict, words)}{badge(shown_verdict(verdict), words)}</div>",
    ]
    if told is not None:
        summary = words.summary(verdict.experiment, told.summary)
        about = words("section", section=told.section, summary=summary)
        parts.append(f"<p class=soft>{escape(about)}</p>")
    parts.append(f"<p>{escape(summary_of(verdict, words))}</p>")
    curve = _curve(verdict, anchor, words)
    parts.append(_beside(curve, strip(verdict.runs, words)))
    parts.append(_texts(verdict, words))
    parts.append(_pictures(verdict.runs, anchor, words))
    commands = "<br>".join(escape(_command(run)) for run in verdict.runs)
    parts.append(f"<h4>{words('commands')}</h4><code class=command>{commands}</code>")
    for run in verdict.runs:
        mixed = words.reason(mixed_starts(run.environment))
        if mixed:
            note = words("mixed", seed=run.seed, starts=mixed)
            parts.append(f"<p class=soft>{escape(note)}</p>")
    parts.append(f"<details><summary>{words('details')}</summary>")
    if number is not None:
        meaning = words.meaning(number.metric, number.meaning)
        label = words(
            "label",
            edition=number.edition,
            section=number.section,
            framework=number.framework,
        )
        published = words("published", label=label, meaning=meaning)
        parts.append(f"<p class=soft>{escape(published)}</p>")
    parts.append(f"<h4>{words('hyperparameters')}</h4>")
    parts.append(pairs([run.config for run in verdict.runs], _UNSHOWN_FIELDS))
    older = any(run.older for run in verdict.runs)
    parts.append(f"<h4>{words('not verified' if older else 'environment')}</h4>")
    environments = [flat(run.environment) for run in verdict.runs]
    parts.append(pairs(environments, ("command", "starts")))
    parts.append("</details></section>")
    return "\n".join(part for part in parts if part)


def _command(run: RunRecord) -> str:
    """What was typed, less what leaves the numbers as they are."""
    words = run.environment.get("command", "").split()
    if not words:
        return f"d2l-rnn run {run.experiment} --seed {run.seed}"
    if words[0] == "__main__.py":  # python -m d2l_rnn
        words[0] = "d2l-rnn"
    return " ".join(word for word in words if word not in _WITHOUT_EFFECT)


def _curve(verdict: Verdict, anchor: str, words: Words) -> str:
    finished = [run for run in verdict.runs if run.result is not None]
    curves = [curve_of(run, verdict.book) for run in finished]
    label = words("curve of", experiment=verdict.experiment)
    names = axes_of(verdict.book, words)
    picture = curve_svg(curves, verdict.book, label, names=names)
    if picture is None:
        return ""
    several = len(finished) > 1
    mean = words("mean", number=len(finished)) if several else words("ours")
    key = swatch("", "ours", mean)
    if several:
        key += swatch("area", "ours", words("spread"))
    if verdict.book is not None:
        builds = len(verdict.book.builds)
        key += swatch("", "median", words("median", number=builds))
        key += swatch("area", "builds", words("builds"))
    caption = f"<figcaption class=key>{key}</figcaption>"
    return enlargeable(picture, caption, f"{anchor}-curve", words)


def _beside(curve: str, samples: str) -> str:
    """The curve, and beside it what was made on the way, if it was recorded."""
    return f"<div class=beside>{curve}{samples}</div>" if samples else curve


def _texts(verdict: Verdict, words: Words) -> str:
    """What the runs generated, each text once with its seeds; then the book's."""
    seeds: Dict[str, List[str]] = {}
    for run in verdict.runs:
        for text in (run.result or {}).get("texts", []):
            seeds.setdefault(text, []).append(str(run.seed))
    if not seeds:
        return ""
    lines = [
        (text, words("several seeds" if which[1:] else "seed", seeds=", ".join(which)))
        for text, which in seeds.items()
    ]
    if verdict.book is not None:
        lines += [
            (
                row["text"],
                words("text in the book", builds=row["builds"], of=row["of"]),
            )
            for row in verdict.book.texts
        ]
    return f"<h4>{words('texts')}</h4>" + "".join(
        f"<p class=text>{escape(text)} <span class=who>{escape(who)}</span></p>"
        for text, who in lines
    )


def _pictures(runs: Sequence[RunRecord], anchor: str, words: Words) -> str:
    """The pictures of the first run that has any, beside its training curve."""
    shown, remarks = "", ""
    for run in runs:
        found, left_out = pictures(run)
        for why in left_out:
            note = words("not shown", seed=run.seed, reason=words.reason(why))
            remarks += f"<p class=soft>{escape(note)}</p>"
        figures = []
        for index, (name, data) in enumerate(found.items(), start=1):
            title = words("picture", name=name[: -len(".png")], seed=run.seed)
            caption, picture = escape(title), base64.b64encode(data).decode()
            figures.append(
                enlargeable(
                    f'<img alt="{caption}" src="data:image/png;base64,{picture}">',
                    f"<figcaption>{caption}</figcaption>",
                    f"{anchor}-picture-{index}",
                    words,
                )
            )
        shown = shown or "".join(figures)
    if shown:
        shown = f"<h4>{words('pictures')}</h4><div class=pictures>{shown}</div>"
    return shown + remarks
