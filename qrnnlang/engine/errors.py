"""What the engine cannot run."""

from __future__ import annotations


class Unsupported(Exception):
    """An operation that the engine has no exact form for. The message names the operation."""


class TooShort(ValueError):
    """Sequences of too few steps for what is asked; `why` does not name it, the message does."""

    def __init__(self, what: str, why: str):
        super().__init__(f"{what}: {why}")
        self.why = why
