"""The page: a policy that forbids every request, data, two scripts, a style.

Texts of a run were written by others: they stand in data blocks, which are never
executed, and reach the document as text nodes only.
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import Sequence

from ..results.report_style import COLOURS
from .contents import RunOnPage
from .script import joined, style


def render_page(runs: Sequence[RunOnPage], title: str) -> str:
    """The page as HTML.

    Parameters
    ----------
    runs : sequence of RunOnPage
        The first is shown when the page opens.
    title : str
    """
    script, sheet = joined("page.mjs"), f"{COLOURS}\n{style()}"
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_digest(script)}",
            f"style-src {_digest(sheet)}",
            "worker-src blob:",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    facts = json.dumps([run.facts() for run in runs], ensure_ascii=False)
    parts = [
        '<!DOCTYPE html><html lang="en"><head>',
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>{sheet}</style></head><body>",
        "<noscript>This page computes with the trained network that it carries; for "
        "that it needs JavaScript, and nothing from outside.</noscript>",
        # A "<" within a string of JSON may be written so, and ends no block.
        _block("runs", "application/json", facts.replace("<", "\\u003c")),
        *(
            _block(f"weights-{number}", "text/plain", run.weights.text)
            for number, run in enumerate(runs)
        ),
        _block("computing", "text/plain", joined("worker.mjs")),
        f'<script type="module">{script}</script></body></html>\n',
    ]
    return "\n".join(parts)


def _block(name: str, kind: str, text: str) -> str:
    return f'<script type="{kind}" id="{name}">{text}</script>'


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
