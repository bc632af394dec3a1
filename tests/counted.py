"""How much a piece of code does, counted and not timed: the same on a busy machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


class TooMuchWork(Exception):
    """More calls than were allowed."""


def calls_within(limit: int, run: Callable[[], Any]) -> Any:
    """The result of `run`, of which Python may enter no more than `limit` functions.

    Raises TooMuchWork where it does, at that moment: what would hang ends.
    """
    left = limit

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal left
        if event in ("call", "c_call"):
            left -= 1
            if left < 0:
                raise TooMuchWork(f"more than {limit} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        return run()
    finally:
        sys.setprofile(before)
