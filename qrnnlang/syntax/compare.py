"""Trees compared for what they say, wherever they stand in a text."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from ..diagnostics.source import Source, Span


def same_tree(left: Any, right: Any) -> bool:
    """Whether two trees are equal up to spans and comments. Trees may be arbitrarily deep."""
    stack = [(left, right)]
    while stack:
        a, b = stack.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, tuple):
            if len(a) != len(b):
                return False
            stack.extend(zip(a, b, strict=True))
        elif isinstance(a, Span | Source):
            continue
        elif is_dataclass(a):
            stack.extend(
                (getattr(a, f.name), getattr(b, f.name)) for f in fields(a) if f.name != "comments"
            )
        elif a != b:
            return False
    return True
