"""Runs of one experiment that differ in settings, side by side."""

from __future__ import annotations

from html import escape
from typing import Dict, List, Mapping, Sequence

from .curves_svg import COLOURS, curves_svg, style_of
from .report_parts import apart, axes_of, badge, enlargeable, swatch
from .report_words import Words
from .verdict.comparable import Settings, curve_of
from .verdict.compare import Verdict
from .verdict.grouping import SAID, Kind, kind_of
from .verdict.rendering import our_value, shown_verdict

_OF_ALL = ("ours", "verdict", "seeds")


def settings_compared(
    verdicts: Sequence[Verdict],
    settings: Mapping[str, Settings],
    anchor: str,
    words: Words,
) -> str:
    """A table of the settings that differ and what came of them, below their curves.

    Parameters
    ----------
    verdicts : sequence of Verdict
        Of one experiment.
    settings : dict of str to dict
        As for ``compare``.
    anchor : str
        The section's name on the page.
    words : Words

    Returns
    -------
    str
        HTML; empty where there are not two kinds of finished runs.
    """
    kinds: Dict[Kind, Verdict] = {}
    for verdict in verdicts:
        if verdict.values:  # the first of a kind is the one that is judged
            run = verdict.runs[0]
            kinds.setdefault(kind_of(run, settings.get(run.experiment)), verdict)
    if len(kinds) < 2:
        return ""
    columns = _differing(list(kinds), words)
    heads = ["", *map(words, _OF_ALL), *columns]
    lines = ["".join(f"<th>{escape(head)}</th>" for head in heads)]
    for index, verdict in enumerate(kinds.values()):
        cells = [f'<span class="{style_of(index)}"></span>']
        cells += [escape(our_value(verdict)), badge(shown_verdict(verdict), words)]
        cells += [str(len(verdict.runs))]
        cells += [escape(column[index]) for column in columns.values()]
        lines.append("".join(f"<td>{cell}</td>" for cell in cells))
    rows = "".join(f"<tr>{line}</tr>" for line in lines)
    name = verdicts[0].experiment
    return (
        f'<section class=compared id="{anchor}"><h3>'
        f"{escape(words('settings', experiment=name))}</h3>"
        f"{_curves(list(kinds.values()), anchor, words)}"
        f"<div class=wide><table class=settings>{rows}</table></div></section>"
    )


def _differing(kinds: Sequence[Kind], words: Words) -> Dict[str, List[str]]:
    """Values by setting, of each kind in order, where these are not all the same."""
    found: Dict[str, List[str]] = {}
    every = [dict(kind.settings) for kind in kinds]
    for name in sorted({name for own in every for name in own}):
        found[name] = [own.get(name, "-") for own in every]
    found[words("source")] = [_source(kind, kinds) for kind in kinds]
    found[words("weights")] = [words.reason(SAID[kind.weights]) for kind in kinds]
    return {name: values for name, values in found.items() if len(set(values)) > 1}


def _source(kind: Kind, kinds: Sequence[Kind]) -> str:
    """The data's name; two files of one name are told apart."""
    alike = {other.sha1 for other in kinds if other.source == kind.source}
    return f"{kind.source} ({kind.sha1[:8]})" if len(alike) > 1 else kind.source


def _curves(verdicts: Sequence[Verdict], anchor: str, words: Words) -> str:
    number = verdicts[0].book
    groups = [[curve_of(run, number) for run in v.runs] for v in verdicts]
    label = words("curves of", experiment=verdicts[0].experiment)
    picture = curves_svg(groups, number, label, axes_of(number, words))
    if picture is None:
        return ""
    key = "".join(
        swatch(style_of(index), f"c{index % COLOURS}", text)
        for index, text in enumerate(
            apart(verdict, words) or words("defaults") for verdict in verdicts
        )
    )
    if number is not None:
        key += swatch("area", "builds", words("builds"))
    caption = f"<figcaption class=key>{key}</figcaption>"
    return enlargeable(picture, caption, f"{anchor}-curves", words)
