"""Completion within a `%%qrnn` cell: words of the language, of the library and of the cell."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion

_WORD = re.compile(r"[A-Za-z_]\w*")


@cache
def _known() -> dict[str, str]:
    """Words and what they are."""
    from ..runtime.starting import STARTS
    from ..sema.functions import NAMES
    from ..sema.gates import GATES
    from ..syntax.words import ITEM_WORDS, RESERVED, STATEMENT_WORDS

    more = ("qubit", "real", "angle", "bit", "class", "int", "bool", "string", "seq", "unitary")
    return {
        **dict.fromkeys(sorted(ITEM_WORDS | RESERVED | STATEMENT_WORDS), "keyword"),
        **dict.fromkeys(more, "type"),
        **dict.fromkeys(GATES, "gate"),
        **dict.fromkeys((*NAMES, "expect", "prob"), "function"),
        **dict.fromkeys((*STARTS, "Linear"), "cell"),
    }


class Completer:
    """A matcher of IPython's second interface."""

    matcher_api_version = 2
    matcher_identifier = "qrnnlang"
    matcher_priority = 1000

    def __init__(self) -> None:
        self.__qualname__ = "qrnnlang"  # which IPython asks every matcher for

    def __call__(self, context: CompletionContext) -> dict[str, Any]:
        if not context.full_text.lstrip().startswith("%%qrnn"):
            return {"completions": [], "matched_fragment": ""}
        *_, begun = re.split(r"\W", context.text_until_cursor)
        here = dict.fromkeys(_WORD.findall(context.full_text.partition("\n")[2]), "name")
        words = {**here, **_known()}
        found = [
            SimpleCompletion(text=word, type=kind)
            for word, kind in words.items()
            if begun and word.startswith(begun) and word != begun
        ]
        return {"completions": found, "matched_fragment": begun, "suppress": True}
