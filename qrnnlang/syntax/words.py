"""The words that open items and statements, and when to stop reporting."""

from __future__ import annotations

from ..diagnostics.errors import Diagnostic

RESERVED = frozenset(["for", "in", "if", "else", "true", "false", "measure", "postselect"])
ITEM_WORDS = frozenset(["import", "const", "def", "extern", "gate", "cell", "model"])
STATEMENT_WORDS = frozenset(
    [
        "input", "target", "carry", "fresh", "param", "fixed", "use", "let", "next", "output",
        "reset", "barrier", "measure", "postselect", "evolve", "prepare", "for", "if",
        "loss", "metric", "data", "train",
    ]
)  # fmt: skip
MAX_ERRORS = 100


class TooMany(Exception):
    """More than MAX_ERRORS errors: the text is hardly a program, and the rest is spared."""

    def __init__(self, errors: list[Diagnostic]):
        self.errors = errors[:MAX_ERRORS]
        super().__init__(len(errors))
