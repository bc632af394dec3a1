"""`--print-after`, `--time-passes`, `--verify-each`: what is said about the passes."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .errors import wrong_usage
from .streams import say

if TYPE_CHECKING:
    from ..passes import Step, Watch


@contextmanager
def watching(
    args: argparse.Namespace, params: Mapping[str, Any] | None = None
) -> Iterator[tuple[Watch, ...]]:
    """What looks on between passes, as the options ask; what adds up is said at the end.

    `params`: what is bound.
    """
    watch: list[Watch] = []
    if args.print_after:
        watch.append(_printer(args.print_after))
    seconds: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    if args.time_passes:

        def clock(name: str, before: Step, after: Step, took: float) -> None:
            seconds[name] += took  # type: ignore[assignment]
            runs[name] += 1

        watch.append(clock)
    verifier = None
    if args.verify_each:
        from ..passes.verify import Verifier

        verifier = Verifier(params=params or {})
        watch.append(verifier)
    yield tuple(watch)
    for name, took in seconds.items():
        say(f"{1e3 * took:9.2f} ms  {name} ({runs[name]}×)")
    if verifier is not None:
        left = f", {verifier.unchecked} not checked" if verifier.unchecked else ""
        say(f"verified: {verifier.checked} passes that changed something{left}")


def _printer(names: list[str]) -> Watch:
    from ..ir.printer import print_graph
    from ..passes import PASSES
    from ..passes.as_graph import as_graph

    known = [*PASSES, "boundary", "all"]
    wrong = next((n for n in names if n not in known), None)
    if wrong is not None:
        raise wrong_usage(f"there is no pass `{wrong}`; there are {', '.join(known)}")

    def show(name: str, before: Step, after: Step, took: float) -> None:
        if name in names or "all" in names:
            say(f"// after {name}\n{print_graph(as_graph(after))}")

    return show
