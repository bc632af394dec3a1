"""What grows with the number of steps when a model is compiled for a device, and what does not.

python bench/compile_scaling.py
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from compile_cells import bound, device

from qrnnlang.targets.devices.compile import _Assembly
from qrnnlang.targets.variants import Variants

#: What is compiled once: the passes, and the search with its translation.
ONCE = ((Variants, "_base"), (Variants, "_step"), (_Assembly, "_steady"), (_Assembly, "_bridge"))


@contextmanager
def timed(seconds: Counter[str]) -> Iterator[None]:
    """Adds up what the outermost of these calls take, in processor seconds."""
    before = [(owner, name, getattr(owner, name)) for owner, name in ONCE]
    depth = 0

    def watch(call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def watched(*args: Any) -> Any:
            nonlocal depth
            start, depth = time.process_time(), depth + 1
            try:
                return call(*args)
            finally:
                depth -= 1
                if not depth:
                    seconds[name] += time.process_time() - start  # type: ignore[assignment]

        return watched

    for owner, name, call in before:
        setattr(owner, name, watch(call, owner.__name__))
    try:
        yield
    finally:
        for owner, name, call in before:
            setattr(owner, name, call)


def measured(cell: str, steps: int) -> tuple[float, float, float]:
    """Passes; search and translation; all the rest."""
    model, params, x = bound(cell, steps)
    seconds: Counter[str] = Counter()
    start = time.process_time()
    with timed(seconds):
        model.to_qiskit(steps, params, x, backend=device("heavy_hex_133"), optimize=2)
    total = time.process_time() - start
    passes, search = seconds["Variants"], seconds["_Assembly"]
    return passes, search, total - passes - search


def table(cells: tuple[str, ...] = ("ring 3+3", "emc 2+3", "li staggered")) -> str:
    lines = [
        "Processor seconds at `-O 2` on the heavy hexagon, least of two: the passes, the search",
        "with translation to the device's gates (both once), and all that is done for every step:",
        "values, stamping, seams, the circuit itself.",
        "",
        "| cell | T | passes | search | once | every step | ms a step |",
        "|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        measured(cell, 3)
        for steps in (10, 1000):
            tries = [measured(cell, steps) for _ in range(2)]
            passes, search, rest = (min(t[i] for t in tries) for i in range(3))
            lines.append(
                f"| {cell} | {steps} | {passes:.3f} | {search:.3f} | {passes + search:.3f} "
                f"| {rest:.3f} | {1000 * rest / steps:.2f} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
