"""Diagnostics as HTML, for notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from .errors import Diagnostic
from .render import render

#: Colours that can be read on white and on black.
_STYLES = {
    "1": "font-weight:bold",
    "1;31": "font-weight:bold;color:#d1242f",
    "1;33": "font-weight:bold;color:#9a6700",
    "1;34": "font-weight:bold;color:#0969da",
}
_PAINTED = re.compile(r"\x1b\[([0-9;]+)m(.*?)\x1b\[0m", re.DOTALL)


def to_html(diagnostics: Iterable[Diagnostic]) -> str:
    """What a terminal shows, in a block of fixed width; nothing in it is executed."""
    text = "\n".join(render(d, color=True) for d in diagnostics)
    parts, at = [], 0
    for match in _PAINTED.finditer(text):
        style = _STYLES.get(match[1], "")
        parts += [
            escape(text[at : match.start()]),
            f'<span style="{style}">{escape(match[2])}</span>',
        ]
        at = match.end()
    parts.append(escape(text[at:]))
    return f'<pre style="white-space:pre-wrap;line-height:1.3">{"".join(parts)}</pre>'
