"""Ctrl-C: the first asks the loop to stop after what it is doing, the second stops at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType


@contextmanager
def interruptible(aloud: bool) -> Iterator[Callable[[], bool]]:
    """Within, an interrupt from the keyboard is only noted; gives whether there was one.

    Outside the main thread, and where somebody else handles interrupts, everything stays as it is.
    `aloud`: say on standard error that it was heard.
    """
    heard = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        if heard:
            signal.default_int_handler(number, frame)
        heard = True
        if aloud:
            _say(b"stopping after this step; once more stops at once\n")

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not ours:
        yield lambda: False
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: heard
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _say(message: bytes) -> None:
    """Past Python's buffers: the interrupt may come while a line is being written to them."""
    with suppress(OSError, ValueError):
        os.write(sys.stderr.fileno(), message)
