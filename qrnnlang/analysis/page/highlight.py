"""A source with its words in colour, as HTML."""

from __future__ import annotations

import re
from html import escape

#: What a piece of a source is, by the first pattern that matches.
_PIECES = re.compile(
    r"(?P<comment>///?[^\n]*|/\*.*?\*/)"
    r'|(?P<string>"[^"\n]*")'
    r"|(?P<number>\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\b)"
    r"|(?P<keyword>\b(?:qrnn|import|as|const|extern|def|gate|cell|model|input|target|output|carry|"
    r"fresh|param|fixed|use|let|next|reset|barrier|evolve|prepare|data|train|loss|metric|for|in|if|"
    r"else|true|false|measure|postselect|ctrl|negctrl|inv|pow)\b)"
    r"|(?P<type>\b(?:int|bool|string|real|angle|bit|class|unitary|qubit|seq)\b)",
    re.DOTALL,
)


def highlighted(source: str) -> str:
    """The source, escaped, in spans of class comment, string, number, keyword and type."""
    found, end = [], 0
    for piece in _PIECES.finditer(source):
        found.append(escape(source[end : piece.start()]))
        found.append(f'<span class="{piece.lastgroup}">{escape(piece.group())}</span>')
        end = piece.end()
    return "".join([*found, escape(source[end:])])
