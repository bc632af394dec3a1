"""The search for places on a device, shown while it runs and summed up at its end."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .streams import say


@contextmanager
def placing(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The options of the targets for `--backend`, `--budget` and `--seed`; none without them."""
    if not args.backend:
        yield {}
        return
    from ..runtime.progress import Bar

    found: list[Mapping[str, Any]] = []
    with Bar("searching for places", 100, lines=False) as bar:

        def tell(done: int, allowed: int) -> None:
            bar.at(min(100, 100 * done // max(allowed, 1)))

        yield {
            "backend": args.backend,
            "budget": args.budget,
            "search_seed": args.seed,
            "tell": tell,
            "report": found.append,
        }
    for one in found:
        _report(one)


def _report(found: Mapping[str, Any]) -> None:
    turns = ", two variants take turns" if found["variants"] == 2 else ""
    say(
        f"note: {found['backend']}: a step takes {found['two_qubit']:g} two-qubit gates in depth "
        f"{found['two_qubit_depth']:g}, {1e6 * found['seconds']:.3g} µs, and succeeds with "
        f"probability {found['success']:.3f} (best of {found['tried']} routings{turns})"
    )
