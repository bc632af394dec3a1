"""What a simulation needs, told before it is allocated."""

from __future__ import annotations

import os
from pathlib import Path

from ..diagnostics import CompileError, Diagnostic, Source, Span

#: The variable that sets the limit, in GiB.
VARIABLE = "QRNNLANG_MEMORY"
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def limit() -> int:
    """Bytes that a simulation may take: `QRNNLANG_MEMORY` GiB, else 80 % of this machine's."""
    given = os.environ.get(VARIABLE, "")
    try:
        return int(float(given) * 2**30)
    except ValueError:
        return machine() * 8 // 10


def machine() -> int:
    """The memory of this machine, or of the container that this process runs in, in bytes."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(whole, int(_CGROUP.read_text()))
    except (OSError, ValueError):  # no such file, or "max"
        return whole


def require(need: int, what: str) -> None:
    """Raises CompileError, E0708, when more bytes are needed than there may be."""
    most = limit()
    if need <= most:
        return
    raise CompileError(
        [
            Diagnostic(
                "E0708",
                f"{what} needs {size(need)} of memory; the limit is {size(most)}",
                Span(Source("<model>", ""), 0, 0),
                notes=("a density matrix of n qubits has 4^n entries of 16 bytes",),
                help=f"fewer qubits or a smaller batch, or set {VARIABLE} to more GiB; "
                "`model.trajectories(params, x)` samples state vectors, of 2^n entries",
            )
        ]
    )


def size(count: int) -> str:
    """Bytes in a unit that is read easily."""
    for unit, power in (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 2**power:
            return f"{count / 2**power:,.3g} {unit}" if count < 2**60 else f"{count:.1e} bytes"
    return f"{count} bytes"
