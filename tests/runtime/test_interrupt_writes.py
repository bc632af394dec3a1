"""An interrupt that comes while a line is written to standard error."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import io, os, signal, sys
from qrnnlang.runtime.training.interrupt import interruptible

class Raw(io.FileIO):
    def write(self, data):
        if not Raw.sent:
            Raw.sent = True
            os.kill(os.getpid(), signal.SIGINT)  # heard inside the buffer's own write
        return super().write(data)

# What a shell starts in the background ignores interrupts, and its children do.
signal.signal(signal.SIGINT, signal.default_int_handler)
Raw.sent = False
sys.stderr = io.TextIOWrapper(io.BufferedWriter(Raw(2, "w", closefd=False)), write_through=True)
with interruptible(True) as stopped:
    print("a line", file=sys.stderr, flush=True)
    assert stopped()
"""


def test_it_is_said_past_the_buffer() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b"stopping after this step" in done.stderr and b"a line" in done.stderr
