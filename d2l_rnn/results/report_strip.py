"""What nets made while they learned, as a strip beside their curve."""

from __future__ import annotations

import base64
from html import escape
from typing import Sequence

from .record import RunRecord
from .report_words import Words
from .samples import Sample, picture_of, samples_of


def strip(runs: Sequence[RunRecord], words: Words) -> str:
    """The samples of the first run that has any, as HTML; empty where none has.

    Parameters
    ----------
    runs : sequence of RunRecord
        Verified ones.
    words : Words
    """
    remarks = ""
    for run in runs:
        samples, problem = samples_of(run)
        if problem:
            reason = words.reason(problem)
            note = words("samples not shown", seed=run.seed, reason=reason)
            remarks += f"<p class=soft>{escape(note)}</p>"
        if samples:
            shown = "".join(_shown(sample, words) for sample in samples)
            title = escape(words("samples", seed=run.seed))
            return f"<div class=strip tabindex=0><h4>{title}</h4>{shown}</div>{remarks}"
    return remarks


def _shown(sample: Sample, words: Words) -> str:
    epoch = int(sample.get("epoch", 0))
    who = f"<span class=who>{words('after epoch', epoch=epoch)}</span>"
    picture = picture_of(sample)
    if picture:
        return (
            f'<p class=text><img alt="{words("drawn", epoch=epoch)}" '
            f'src="data:image/png;base64,{base64.b64encode(picture).decode()}"> {who}'
            "</p>"
        )
    return "".join(
        f"<p class=text>{escape(text)} {who}</p>" for text in sample.get("texts", [])
    )
