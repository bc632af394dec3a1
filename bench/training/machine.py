"""What the figures were measured on."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "jax",
    "numpy",
    "pennylane",
    "pennylane-lightning",
    "tensorcircuit-ng",
    "torch",
)


def machine() -> dict[str, object]:
    """Processor, instruction set, cores, packages."""
    lines: list[str] = []
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    facts = dict(x.split(":", 1) for x in lines if ":" in x)
    facts = {k.strip(): v.strip() for k, v in facts.items()}
    flags = facts.get("flags", facts.get("Features", "")).split()
    widest = next((f for f in ("avx512f", "avx2", "avx", "sse2", "asimd") if f in flags), "unknown")
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "processor": facts.get("model name", platform.processor() or platform.machine()),
        "family": f"family {facts.get('cpu family', '?')}, model {facts.get('model', '?')}",
        "instructions": widest,
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "packages": versions,
    }


def revision() -> str:
    """The last commit of what is measured or measures, where there is a repository."""
    root = Path(__file__).parents[2]
    paths = ["qrnnlang", "kernels", "bench/cells", "bench/training"]
    command = ["git", "log", "-1", "--format=%h", "--", *(str(root / x) for x in paths)]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
