"""All runs on one HTML page that needs nothing else: no script, no outside address.

What a run directory holds is written by others: every text is escaped, pictures are
taken in only if they are PNG files, and the page's policy forbids it to load anything.
"""

from __future__ import annotations

import base64
import os
from html import escape
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from .book import BookNumber
from .comparable import curve_of
from .compare import DIFFERS, NOT_COMPARABLE, REPRODUCED, Verdict, compare
from .curve_svg import curve_svg
from .record import CURVE, RunRecord, write_bytes
from .report_style import STYLE
from .tables import book_value, our_value, speed

_LARGEST_PICTURE = 4 << 20  # bytes
_PNG = b"\x89PNG\r\n\x1a\n"
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_UNSHOWN_FIELDS = ("experiment", "seed")
_WITHOUT_EFFECT = ("--quiet", "--resume", "--no-plot", "--json", "--tensorboard")


def render_report(
    records: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    defaults: Optional[Mapping[str, Mapping[str, Any]]] = None,
) -> str:
    """The page as HTML.

    Parameters
    ----------
    records : iterable of RunRecord
    book : dict of str to BookNumber
    defaults : dict of str to dict, optional
        As for ``compare``.
    """
    verdicts = compare(records, book, defaults)
    anchors = ["row-%d" % index for index, _ in enumerate(verdicts, start=1)]
    runs = sum(len(verdict.runs) for verdict in verdicts)
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" content="%s">' % _POLICY,
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>d2l_rnn: runs and the book</title>",
        "<style>%s</style></head><body>" % STYLE,
        "<header><h1>Our runs beside the book&rsquo;s</h1>",
        "<p class=soft>%d run%s of the recurrent chapters of <i>Dive into Deep "
        "Learning</i>. A published number is a distribution over the builds of the "
        "book; ours is reproduced when our seeds could be further draws from it "
        "(chance of a false alarm: at most 1&nbsp;%% per experiment).</p></header>"
        % (runs, "" if runs == 1 else "s"),
        _counts(verdicts),
        _table(verdicts, anchors),
    ]
    parts += map(_section, verdicts, anchors)
    parts.append("</body></html>\n")
    return "\n".join(parts)


def write_report(
    path: Union[str, "os.PathLike[str]"],
    records: Iterable[RunRecord],
    book: Mapping[str, BookNumber],
    defaults: Optional[Mapping[str, Mapping[str, Any]]] = None,
) -> None:
    """Write the page to a file, atomically."""
    page = render_report(records, book, defaults)
    write_bytes(path, page.encode("utf-8", "replace"))


def _counts(verdicts: Sequence[Verdict]) -> str:
    badges = []
    for kind in (REPRODUCED, DIFFERS, NOT_COMPARABLE):
        count = sum(verdict.verdict == kind for verdict in verdicts)
        if count:
            badges.append(_badge(kind, "%d %s" % (count, kind)))
    return "<div class=counts>%s</div>" % "".join(badges)


def _badge(verdict: str, text: str = "") -> str:
    kind = verdict.replace(" ", "-")
    return '<span class="badge %s">%s</span>' % (kind, escape(text or verdict))


def _table(verdicts: Sequence[Verdict], anchors: Sequence[str]) -> str:
    columns = ("experiment", "book", "ours", "seeds", "verdict", "tokens/sec")
    lines = ["<table class=verdicts><thead><tr>"]
    for column in columns:
        kind = " class=number" if column in ("seeds", "tokens/sec") else ""
        lines.append("<th%s>%s</th>" % (kind, column))
    lines.append("</tr></thead><tbody>")
    for verdict, anchor in zip(verdicts, anchors):
        name = '<a href="#%s">%s</a>' % (anchor, escape(verdict.experiment))
        cells = (
            name,
            _with_range(book_value(verdict)),
            _with_range(our_value(verdict)),
            str(len(verdict.runs)),
            _with_reason(verdict),
            escape(speed(verdict)),
        )
        lines.append("<tr>")
        for column, cell in zip(columns, cells):
            kind = " class=number" if column in ("seeds", "tokens/sec") else ""
            lines.append('<td data-label="%s"%s>%s</td>' % (column, kind, cell))
        lines.append("</tr>")
    lines.append("</tbody></table>")
    return "".join(lines)


def _with_reason(verdict: Verdict) -> str:
    """The verdict, and why there is none."""
    if verdict.verdict != NOT_COMPARABLE:
        return _badge(verdict.verdict)
    reason = "<span class=reason>%s</span>" % escape(verdict.reason)
    return "<span>%s %s</span>" % (_badge(verdict.verdict), reason)


def _with_range(text: str) -> str:
    """'1.2 [1.1, 1.3]' with its range set back."""
    value, bracket, rest = escape(text).partition(" [")
    range_ = "<span class=range>[%s</span>" % rest if bracket else ""
    return "<span>%s %s</span>" % (value, range_)


def _section(verdict: Verdict, anchor: str) -> str:
    number = verdict.book
    parts = [
        '<section id="%s"><div class=head><h2>%s</h2>%s</div>'
        % (anchor, escape(verdict.experiment), _badge(verdict.verdict)),
        "<p>%s</p>" % escape(verdict.reason),
    ]
    if number is not None:
        parts.append(
            "<p class=soft>%s; %s: %s</p>"
            % tuple(map(escape, (number.title, number.label, number.meaning)))
        )
    parts.append(_curve(verdict))
    parts.append(_texts(verdict))
    parts.append(_pictures(verdict.runs))
    commands = "<br>".join(escape(_command(run)) for run in verdict.runs)
    parts.append("<h3>Commands</h3><code class=command>%s</code>" % commands)
    parts.append("<details><summary>Hyperparameters and environment</summary>")
    parts.append("<h3>Hyperparameters</h3>")
    parts.append(_pairs([run.config for run in verdict.runs], _UNSHOWN_FIELDS))
    parts.append("<h3>Environment</h3>")
    environments = [_flat(run.environment) for run in verdict.runs]
    parts.append(_pairs(environments, ("command", "starts")))
    parts.append("</details></section>")
    return "\n".join(part for part in parts if part)


def _command(run: RunRecord) -> str:
    """What was typed, less what leaves the numbers as they are."""
    words = str(run.environment.get("command") or "").split()
    if not words:
        return "d2l-rnn run %s --seed %s" % (run.experiment, run.config.get("seed"))
    if words[0] == "__main__.py":  # python -m d2l_rnn
        words[0] = "d2l-rnn"
    return " ".join(word for word in words if word not in _WITHOUT_EFFECT)


def _curve(verdict: Verdict) -> str:
    curves = [curve_of(run, verdict.book) for run in verdict.runs]
    label = "training curve of %s against the epoch" % verdict.experiment
    picture = curve_svg(curves, verdict.book, label)
    if picture is None:
        return ""
    several = len(verdict.runs) > 1
    mean = "ours, mean of %d seeds" % len(verdict.runs) if several else "ours"
    keys = [("ours", "", mean)]
    if several:
        keys.append(("ours", "area", "their range"))
    if verdict.book is not None:
        builds = len(verdict.book.builds)
        keys.append(("median", "", "median of %d builds" % builds))
        keys.append(("builds", "area", "their range"))
    key = "".join(
        '<span class="%s" style="--swatch:var(--%s)">%s</span>' % (kind, colour, text)
        for colour, kind, text in keys
    )
    return "<figure>%s<figcaption class=key>%s</figcaption></figure>" % (picture, key)


def _texts(verdict: Verdict) -> str:
    """What the runs generated, each text once with its seeds; then the book's."""
    seeds: Dict[str, List[str]] = {}
    for run in verdict.runs:
        texts = (run.result or {}).get("texts")
        for text in texts if isinstance(texts, list) else ():
            seeds.setdefault(str(text), []).append(str(run.config.get("seed")))
    if not seeds:
        return ""
    lines = [
        (text, "seed%s %s" % ("" if len(which) == 1 else "s", ", ".join(which)))
        for text, which in seeds.items()
    ]
    if verdict.book is not None:
        lines += [
            (row["text"], "the book, {builds} of {of} builds".format(**row))
            for row in verdict.book.texts
        ]
    return "<h3>Generated text</h3>" + "".join(
        "<p class=text>%s <span class=who>%s</span></p>" % (escape(text), escape(who))
        for text, who in lines
    )


def _pictures(runs: Sequence[RunRecord]) -> str:
    """The pictures of the first run that has any, beside its training curve."""
    for run in runs:
        figures = []
        for path in sorted(run.directory.glob("*.png")):
            data = _png(path) if path.name != CURVE else None
            if data is not None:
                caption = escape("%s, seed %s" % (path.stem, run.config.get("seed")))
                figures.append(
                    '<figure><img alt="%s" src="data:image/png;base64,%s">'
                    "<figcaption>%s</figcaption></figure>"
                    % (caption, base64.b64encode(data).decode(), caption)
                )
        if figures:
            return "<h3>Pictures</h3><div class=pictures>%s</div>" % "".join(figures)
    return ""


def _png(path: Path) -> Optional[bytes]:
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST_PICTURE:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    return data if data.startswith(_PNG) else None


def _flat(environment: Mapping[str, Any]) -> Dict[str, Any]:
    """One level: the corpus's fields beside the others."""
    flat: Dict[str, Any] = {}
    for name, value in environment.items():
        if isinstance(value, dict):
            flat.update({"%s %s" % (name, key): item for key, item in value.items()})
        else:
            flat[name] = value
    return flat


def _pairs(mappings: Sequence[Mapping[str, Any]], unshown: Tuple[str, ...]) -> str:
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
            "<tr><td>%s</td><td>%s</td></tr>"
            % (escape(str(name)), escape(", ".join(values)))
        )
    return "<table class=pairs>%s</table>" % "".join(rows)
