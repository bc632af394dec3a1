"""Limits on a source, checked before they can hurt."""

from __future__ import annotations

import codecs
import errno
from pathlib import Path

from ..diagnostics.errors import Diagnostic
from ..diagnostics.source import Source, Span

MAX_BYTES = 1 << 20
MAX_DEPTH = 200
# No nesting of MAX_DEPTH needs more entries on the parser's stack; a longer one is refused at once.
MAX_STACK = 12 * MAX_DEPTH


class TooDeep(Exception):
    """Nesting beyond MAX_DEPTH, at a span."""

    def __init__(self, span: Span):
        self.span = span
        super().__init__(span)


def too_deep(span: Span) -> Diagnostic:
    first = Span(span.source, span.start, min(span.end, span.start + 1))
    return Diagnostic(
        "E0702",
        f"nesting is deeper than {MAX_DEPTH}",
        first,
        label=f"more than {MAX_DEPTH} levels of brackets, blocks, signs or powers here",
        help="bind inner parts to names with `let`, or move blocks into gates",
    )


def read(path: Path) -> str:
    """The text of a source file, of one that is too long not much more than is allowed.

    Raises OSError, and UnicodeDecodeError where it is not UTF-8.
    """
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "not the name of a file", str(path))
    most = MAX_BYTES + 8  # a byte-order mark, and a character that is cut in two at the end
    with path.open("rb") as file:
        data = file.read(most)
    return codecs.getincrementaldecoder("utf-8-sig")().decode(data, final=len(data) < most)


def too_long(source: Source) -> Diagnostic | None:
    """The error for a file above MAX_BYTES in UTF-8, if it is."""
    if len(source.text) <= MAX_BYTES // 4:
        return None
    if len(source.text.encode("utf-8", "surrogatepass")) <= MAX_BYTES:
        return None
    return Diagnostic(
        "E0701",
        f"the file has more than {MAX_BYTES:,} bytes",
        Span(source, 0, 0),
        label="this file is too long",
        help="split the file and use `import`",
    )
