"""All runs on one HTML page that needs nothing else: no script, no outside address.

What a run directory holds is written by others: every text is escaped, pictures are
taken in only if they are the PNG files that were drawn, and the page's policy forbids
it to load anything.
"""

from __future__ import annotations

import base64
from html import escape
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..files import PathLike, write_bytes
from .book import BookNumber
from .curve_svg import curve_svg
from .pictures import pictures
from .record import RunRecord
from .report_strip import strip
from .report_style import STYLE
from .starts import mixed_starts
from .verdict.comparable import curve_of
from .verdict.compare import (
    DIFFERS,
    NOT_COMPARABLE,
    REPRODUCED,
    Verdict,
    compare,
)
from .verdict.rendering import (
    HEADINGS,
    NOT_IN_THE_BOOK,
    book_value,
    minutes,
    our_value,
    shown_verdict,
    speed,
)

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_UNSHOWN_FIELDS = ("experiment", "seed")
_WITHOUT_EFFECT = ("--quiet", "--resume", "--no-plot", "--json", "--tensorboard")


def render_report(
    records: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    settings: Optional[Mapping[str, Mapping[str, object]]] = None,
) -> str:
    """The page as HTML.

    Parameters
    ----------
    records : iterable of RunRecord
    book : dict of str to BookNumber
    settings : dict of str to dict, optional
        As for ``compare``.
    """
    verdicts = compare(records, book, settings)
    anchors = [f"row-{index}" for index, _ in enumerate(verdicts, start=1)]
    runs = sum(len(verdict.runs) for verdict in verdicts)
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>d2l_rnn: runs and the book</title>",
        f"<style>{STYLE}</style></head><body>",
        "<header><h1>Our runs beside the book&rsquo;s</h1>",
        f"<p class=soft>{runs} run{'' if runs == 1 else 's'} of the recurrent chapters "
        "of <i>Dive into Deep Learning</i>. A published number is a distribution over "
        "the builds of the book; ours is reproduced when our seeds could be further "
        "draws from it (chance of a false alarm: at most 1&nbsp;% per experiment).</p>"
        "</header>",
        _counts(verdicts),
        _table(verdicts, anchors),
    ]
    parts += map(_section, verdicts, anchors)
    parts.append("</body></html>\n")
    return "\n".join(parts)


def write_report(
    path: PathLike,
    records: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    settings: Optional[Mapping[str, Mapping[str, object]]] = None,
) -> None:
    """Write the page to a file, atomically."""
    page = render_report(records, book, settings)
    write_bytes(path, page.encode("utf-8", "replace"))


def _counts(verdicts: Sequence[Verdict]) -> str:
    badges = []
    for kind in (REPRODUCED, DIFFERS, NOT_COMPARABLE, NOT_IN_THE_BOOK):
        count = sum(shown_verdict(verdict) == kind for verdict in verdicts)
        if count:
            badges.append(_badge(kind, f"{count} {kind}"))
    return f"<div class=counts>{''.join(badges)}</div>"


def _badge(verdict: str, text: str = "") -> str:
    kind = verdict.replace(" ", "-")
    return f'<span class="badge {kind}">{escape(text or verdict)}</span>'


def _table(verdicts: Sequence[Verdict], anchors: Sequence[str]) -> str:
    columns = {
        column: " class=number" if column in ("seeds", "tokens/sec", "minutes") else ""
        for column in HEADINGS
    }
    lines = ["<table class=verdicts><thead><tr>"]
    lines += [f"<th{kind}>{column}</th>" for column, kind in columns.items()]
    lines.append("</tr></thead><tbody>")
    for verdict, anchor in zip(verdicts, anchors):
        link = f'<a href="#{anchor}">{escape(verdict.experiment)}</a>'
        cells = (
            _named(link, verdict),
            _with_range(book_value(verdict)),
            _with_range(our_value(verdict)),
            str(len(verdict.runs)),
            _with_reason(verdict),
            escape(speed(verdict)),
            minutes(verdict),
        )
        lines.append("<tr>")
        for (column, kind), cell in zip(columns.items(), cells):
            lines.append(f'<td data-label="{column}"{kind}>{cell}</td>')
        lines.append("</tr>")
    lines.append("</tbody></table>")
    return "".join(lines)


def _named(shown: str, verdict: Verdict) -> str:
    """An experiment, and what sets its runs apart."""
    if not verdict.apart:
        return shown
    return f"<span>{shown} <span class=range>{escape(verdict.apart)}</span></span>"


def _with_reason(verdict: Verdict) -> str:
    """The verdict, and why there is none."""
    badge = _badge(shown_verdict(verdict))
    if shown_verdict(verdict) != NOT_COMPARABLE:
        return badge
    reason = f"<span class=reason>{escape(verdict.reason)}</span>"
    return f"<span>{badge} {reason}</span>"


def _with_range(text: str) -> str:
    """'1.2 [1.1, 1.3]' with its range set back."""
    value, bracket, rest = escape(text).partition(" [")
    range_ = f"<span class=range>[{rest}</span>" if bracket else ""
    return f"<span>{value} {range_}</span>"


def _section(verdict: Verdict, anchor: str) -> str:
    number = verdict.book
    parts = [
        f'<section id="{anchor}"><div class=head><h2>{escape(verdict.experiment)}</h2>'
        f"{_named('', verdict)}{_badge(shown_verdict(verdict))}</div>",
        f"<p>{escape(verdict.reason)}</p>",
    ]
    if number is not None:
        parts.append(
            f"<p class=soft>{escape(number.title)}; {escape(number.label)}: "
            f"{escape(number.meaning)}</p>"
        )
    parts.append(_beside(_curve(verdict), strip(verdict.runs)))
    parts.append(_texts(verdict))
    parts.append(_pictures(verdict.runs))
    commands = "<br>".join(escape(_command(run)) for run in verdict.runs)
    parts.append(f"<h3>Commands</h3><code class=command>{commands}</code>")
    for run in verdict.runs:
        mixed = mixed_starts(run.environment)
        if mixed:
            parts.append(f"<p class=soft>Seed {run.seed}, {escape(mixed)}.</p>")
    parts.append("<details><summary>Hyperparameters and environment</summary>")
    parts.append("<h3>Hyperparameters</h3>")
    parts.append(_pairs([run.config for run in verdict.runs], _UNSHOWN_FIELDS))
    older = any(run.older for run in verdict.runs)
    parts.append(f"<h3>Environment{' (not verified)' if older else ''}</h3>")
    environments = [_flat(run.environment) for run in verdict.runs]
    parts.append(_pairs(environments, ("command", "starts")))
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


def _curve(verdict: Verdict) -> str:
    finished = [run for run in verdict.runs if run.result is not None]
    curves = [curve_of(run, verdict.book) for run in finished]
    label = f"training curve of {verdict.experiment} against the epoch"
    picture = curve_svg(curves, verdict.book, label)
    if picture is None:
        return ""
    several = len(verdict.runs) > 1
    mean = f"ours, mean of {len(verdict.runs)} seeds" if several else "ours"
    keys = [("ours", "", mean)]
    if several:
        keys.append(("ours", "area", "their range"))
    if verdict.book is not None:
        builds = len(verdict.book.builds)
        keys.append(("median", "", f"median of {builds} builds"))
        keys.append(("builds", "area", "their range"))
    key = "".join(
        f'<span class="{kind}" style="--swatch:var(--{colour})">{text}</span>'
        for colour, kind, text in keys
    )
    return f"<figure>{picture}<figcaption class=key>{key}</figcaption></figure>"


def _beside(curve: str, samples: str) -> str:
    """The curve, and beside it what was made on the way, if it was recorded."""
    return f"<div class=beside>{curve}{samples}</div>" if samples else curve


def _texts(verdict: Verdict) -> str:
    """What the runs generated, each text once with its seeds; then the book's."""
    seeds: Dict[str, List[str]] = {}
    for run in verdict.runs:
        for text in (run.result or {}).get("texts", []):
            seeds.setdefault(text, []).append(str(run.seed))
    if not seeds:
        return ""
    lines = [
        (text, f"seed{'' if len(which) == 1 else 's'} {', '.join(which)}")
        for text, which in seeds.items()
    ]
    if verdict.book is not None:
        lines += [
            (row["text"], f"the book, {row['builds']} of {row['of']} builds")
            for row in verdict.book.texts
        ]
    return "<h3>Generated text</h3>" + "".join(
        f"<p class=text>{escape(text)} <span class=who>{escape(who)}</span></p>"
        for text, who in lines
    )


def _pictures(runs: Sequence[RunRecord]) -> str:
    """The pictures of the first run that has any, beside its training curve."""
    shown, remarks = "", ""
    for run in runs:
        found, left_out = pictures(run)
        for why in left_out:
            remarks += f"<p class=soft>Seed {run.seed}, not shown: {escape(why)}.</p>"
        figures = []
        for name, data in found.items():
            caption = escape(f"{name[: -len('.png')]}, seed {run.seed}")
            picture = base64.b64encode(data).decode()
            figures.append(
                f'<figure><img alt="{caption}" '
                f'src="data:image/png;base64,{picture}">'
                f"<figcaption>{caption}</figcaption></figure>"
            )
        shown = shown or "".join(figures)
    if shown:
        shown = f"<h3>Pictures</h3><div class=pictures>{shown}</div>"
    return shown + remarks


def _flat(environment: Mapping[str, object]) -> Dict[str, object]:
    """One level: the corpus's fields beside the others."""
    flat: Dict[str, object] = {}
    for name, value in environment.items():
        if isinstance(value, dict):
            flat.update({f"{name} {key}": item for key, item in value.items()})
        else:
            flat[name] = value
    return flat


def _pairs(mappings: Sequence[Mapping[str, object]], unshown: Tuple[str, ...]) -> str:
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
