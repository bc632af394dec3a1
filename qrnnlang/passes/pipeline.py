"""Which passes run at which level, and a look between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal, TypeAlias

from ..sema.closed import Elem
from .blocks import blocks
from .controls import controls
from .fold import fold
from .light_cone import light_cone
from .line import Step
from .merge import merge
from .multiplex import multiplex
from .parities import parities
from .single import single
from .swaps import swaps
from .zeros import zeros

Level: TypeAlias = Literal[0, 1, 2, 3]
#: Told of every pass: its name, the step before and after, and the seconds it took.
Watch: TypeAlias = Callable[[str, Step, Step, float], None]

PASSES: dict[str, Callable[[Step, Mapping[Elem, float]], Step]] = {
    "fold": fold,
    "controls": lambda step, _: controls(step),
    "light-cone": lambda step, _: light_cone(step),
    "zeros": lambda step, _: zeros(step),
    "multiplex": lambda step, _: multiplex(step),
    "swaps": lambda step, _: swaps(step),
    "merge": lambda step, _: merge(step),
    "parities": lambda step, _: parities(step),
    "blocks": lambda step, _: blocks(step),
    "single": lambda step, _: single(step),
}

_FIRST = ("fold", "swaps", "light-cone", "zeros", "multiplex", "controls", "merge")
_AGAIN = ("zeros", "merge", "light-cone")
#: Level 0 only takes controls apart. Levels 0 and 1 do not look at what is bound.
LEVELS: dict[int, tuple[str, ...]] = {
    0: ("controls",),
    1: (*_FIRST, "light-cone"),
    2: (*_FIRST, *_AGAIN),
    3: (*_FIRST, *_AGAIN, "blocks", *_AGAIN),
}
#: What follows once the ends of the steps have met (see `boundary`).
LAST: dict[int, tuple[str, ...]] = {
    0: (),
    1: (),
    2: ("blocks", "merge", "single"),
    3: ("parities", "blocks", "merge", "single"),
}


@dataclass(frozen=True)
class Settings:
    """`watch`: what looks on between passes. `tours`: whether `parities` is one of them."""

    level: int = 1
    watch: tuple[Watch, ...] = field(default=(), compare=False)
    tours: bool = True


def optimised(
    step: Step,
    settings: Settings,
    known: Mapping[Elem, float] | None = None,
    relabel: bool = True,
) -> Step:
    """A step after the passes of a level, but for those of `finished`.

    `known`: entries of values that are bound (used from level 2 on). `relabel`: whether carried
    registers may leave on other wires than the program says.
    """
    bound = known if known is not None and settings.level > 1 else {}
    names = (n for n in LEVELS[settings.level] if relabel or n != "swaps")
    return _run(step, names, settings, bound)


def finished(step: Step, settings: Settings) -> Step:
    """A step after the last passes of a level."""
    names = (n for n in LAST[settings.level] if settings.tours or n != "parities")
    return _run(step, names, settings, {})


def _run(step: Step, names: Iterable[str], settings: Settings, bound: Mapping[Elem, float]) -> Step:
    for name in names:
        before, start = step, perf_counter()
        step = PASSES[name](step, bound)
        seconds = perf_counter() - start
        for look in settings.watch:
            look(name, before, step, seconds)
    return step
