"""Compiles the kernel, as `make` does after an installation."""

from __future__ import annotations

import sys

from . import library

sys.stdout.write(f"native kernel: {library.reason() or 'ready'}\n")
