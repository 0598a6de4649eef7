"""What nets made while they learned, as a strip beside their curve."""

from __future__ import annotations

import base64
from html import escape
from typing import Sequence

from .record import RunRecord
from .samples import Sample, picture_of, samples_of


def strip(runs: Sequence[RunRecord]) -> str:
    """The samples of the first run that has any, as HTML; empty where none has.

    Parameters
    ----------
    runs : sequence of RunRecord
        Verified ones.
    """
    remarks = ""
    for run in runs:
        samples, problem = samples_of(run)
        if problem:
            remarks += (
                f"<p class=soft>Seed {run.seed}, samples not shown: "
                f"{escape(problem)}.</p>"
            )
        if samples:
            shown = "".join(map(_shown, samples))
            return (
                f"<div class=strip tabindex=0><h3>While it learned, seed {run.seed}"
                f"</h3>{shown}</div>{remarks}"
            )
    return remarks


def _shown(sample: Sample) -> str:
    who = f"<span class=who>epoch {int(sample.get('epoch', 0))}</span>"
    picture = picture_of(sample)
    if picture:
        return (
            f'<p class=text><img alt="drawn after epoch {int(sample.get("epoch", 0))}" '
            f'src="data:image/png;base64,{base64.b64encode(picture).decode()}"> {who}'
            "</p>"
        )
    return "".join(
        f"<p class=text>{escape(text)} {who}</p>" for text in sample.get("texts", [])
    )
