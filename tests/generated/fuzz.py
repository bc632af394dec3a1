"""Damaged texts in the front end, by the thousand: `python -m generated.fuzz COUNT [SEED]`.

Prints, as JSON, how many there were, how many were wrong programs, the longest time of one and the
memory of the process; and every failure with the number that makes its text again.
"""

from __future__ import annotations

import json
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from qrnnlang.diagnostics import CompileError, Source
from qrnnlang.diagnostics.render import render, render_json
from qrnnlang.sema import bounds, check_text, iterators, limits, load_text, modifiers
from qrnnlang.syntax.format import format_source

from .mutations import mutated, sources, subtrees, words

#: Seconds of processor time that one text may take, for all that is done with it.
SECONDS = 1.0
#: A step of a million operations, which the limit allows, takes twenty seconds to write out: the
#: limit is this much here, and is met by some texts. What is linear in them is not a hang.
OPERATIONS = 10_000
MEBIBYTES = 1024


class Hung(BaseException):
    """One text took too long. No `Exception`, so that nothing in between holds it back."""


def judge(text: str, *, everything: bool = True) -> bool:
    """Whether a text is a sound program, after all that the front end does was done with it.

    Unless `everything`, what would only meet the same errors once more is left out.
    """
    found = check_text(text)
    for diagnostic in found:
        assert render(diagnostic)
        assert render_json(diagnostic)
        assert 0 <= diagnostic.span.start <= diagnostic.span.end
    errors = {d.code for d in found if d.severity == "error"}
    uses: list[Callable[[str], object]] = []
    if everything or not errors:
        uses.append(load_text)
    if everything or not any(code.startswith("E01") for code in errors):
        uses.append(lambda text: format_source(Source("<string>", text)))
    for use in uses:
        try:
            use(text)
        except CompileError as error:
            assert str(error)
    return not errors


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises Hung after some processor time: the same on a busy machine."""

    def hung(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGVTALRM, hung)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def fewer_operations() -> Iterator[None]:
    """The limit of operations a step is `OPERATIONS`."""
    places = (limits, modifiers, bounds, iterators)
    before = limits.MAX_OPERATIONS
    for place in places:
        place.MAX_OPERATIONS = OPERATIONS
    try:
        yield
    finally:
        for place in places:
            place.MAX_OPERATIONS = before


def fuzz(count: int, seed: int = 0) -> dict[str, Any]:
    """The figures of `count` damaged texts."""
    failures: list[tuple[int, str]] = []
    sound, longest = 0, 0.0
    sources(), words(), subtrees()  # made once, outside the clock
    for k in range(count):
        text = mutated(random.Random(f"{seed}:{k}"))
        start = time.process_time()
        try:
            with limited(SECONDS), fewer_operations():
                sound += judge(text, everything=k % 8 == 0)
        except (Exception, Hung) as error:
            failures.append((k, f"{type(error).__name__}: {error}"))
            print(f"{seed}:{k}", repr(error), file=sys.stderr, flush=True)
        longest = max(longest, time.process_time() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "texts": count,
        "wrong": count - sound,
        "longest": round(longest, 3),
        "mebibytes": memory,
        "failures": failures,
    }


if __name__ == "__main__":
    print(json.dumps(fuzz(*map(int, sys.argv[1:]))))
