"""The libraries that came with the installation, and which of them this processor can run."""

from __future__ import annotations

import os
from pathlib import Path

from . import recipe
from .recipe import InstructionSet

FOLDER = Path(__file__).with_name("built")
CPUINFO = Path("/proc/cpuinfo")


def wanted() -> tuple[InstructionSet, ...]:
    """Instruction sets that a library may have, the best first.

    The one that QRNNLANG_MARCH names, and none where QRNNLANG_CXXFLAGS asks for a library of one's
    own.
    """
    if os.environ.get("QRNNLANG_CXXFLAGS"):
        return ()
    known = recipe.instruction_sets()
    if (named := os.environ.get("QRNNLANG_MARCH")) is not None:
        return tuple(x for x in known if x.march == named)
    can = features()
    return tuple(x for x in known if x.needs <= can)


def features() -> frozenset[str]:
    """What the processor can do, as Linux tells it; nothing where that is not known."""
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:
        return frozenset()
    told = (x.partition(":")[2] for x in lines if x.startswith("flags"))
    return frozenset(next(told, "").split())


def best() -> tuple[Path, InstructionSet] | None:
    """The library for the best of the wanted sets, of these sources and for this `jaxlib`."""
    for kind in wanted()[:1]:
        place = FOLDER / recipe.built_name(kind.march)
        if place.is_file():
            return place, kind
    return None


def others() -> list[tuple[Path, InstructionSet]]:
    """Libraries of these sources to do with where none can be compiled.

    For other headers of `jaxlib`, or for less than the processor can do; the better set first.
    """
    found = []
    for kind in wanted():
        own = FOLDER / recipe.built_name(kind.march)
        places = FOLDER.glob(recipe.built_name(kind.march, "*"))
        found += [(place, kind) for place in sorted(places, key=lambda x: (x != own, x.name))]
    return found
