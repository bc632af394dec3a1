"""What the engine cannot run."""

from __future__ import annotations


class Unsupported(Exception):
    """An operation that the engine has no exact form for. The message names the operation."""
