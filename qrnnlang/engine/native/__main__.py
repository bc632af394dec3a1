"""Makes the kernel ready and measures the machine, as `make` does after an installation."""

from __future__ import annotations

import sys

from .. import rates
from . import library

rates.here()
sys.stdout.write(f"native kernel: {library.state()}\n")
