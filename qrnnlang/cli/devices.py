"""The search for places on a device, shown while it runs and summed up at its end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from .streams import say


def placing(args: argparse.Namespace) -> dict[str, Any]:
    """The options of the targets for `--backend`, `--budget` and `--seed`."""
    return {
        "backend": args.backend,
        "budget": args.budget,
        "search_seed": args.seed,
        "tell": _tell if sys.stderr.isatty() else None,
        "report": _report,
    }


def _tell(done: int, allowed: int) -> None:
    share = min(100, 100 * done // max(allowed, 1))
    print(f"\rsearching for places: {share} %", end="", file=sys.stderr, flush=True)


def _report(found: Mapping[str, Any]) -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    turns = ", two variants take turns" if found["variants"] == 2 else ""
    say(
        f"note: {found['backend']}: a step takes {found['two_qubit']:g} two-qubit gates in depth "
        f"{found['two_qubit_depth']:g}, {1e6 * found['seconds']:.3g} µs, and succeeds with "
        f"probability {found['success']:.3f} (best of {found['tried']} routings{turns})"
    )
