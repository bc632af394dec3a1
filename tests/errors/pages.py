"""The pages of the codes, `docs/errors/CODE.md`, and the programs on them."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs" / "errors"
PAGES = {path.stem: path for path in sorted(DOCS.glob("*.md"))}
_BLOCK = re.compile(r"^```qrnn (wrong|right)(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(code: str) -> dict[str, tuple[str, str]]:
    """The wrong and the right program of a page, each with the arguments it is compiled with."""
    text = PAGES[code].read_text(encoding="utf-8")
    return {kind: (program, given) for kind, given, program in _BLOCK.findall(text)}
