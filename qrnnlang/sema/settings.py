"""Values in `data` and `train` blocks: read, checked, and refused at their place in the source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from math import inf, isfinite
from typing import NoReturn

from ..diagnostics import CompileError, Diagnostic, Span
from .closed import Setting
from .values import count

WRONG_VALUE = "E0509"
WRONG_ARGUMENT = "E0510"


def fail(code: str, message: str, setting: Setting, label: str = "", help: str = "") -> NoReturn:
    """Raises CompileError at a setting."""
    raise CompileError([Diagnostic(code, message, setting.span, label, help=help)])


def number(
    setting: Setting, what: str, low: float = -inf, high: float = inf, *, open_low: bool = False
) -> float:
    """A real number from `low` to `high`, or above `low` if `open_low`."""
    value = setting.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        fail(
            WRONG_VALUE,
            f"{what} is a number",
            setting,
            f"found {describe(setting)}",
            _unquoted(setting),
        )
    inside = low < value <= high if open_low else low <= value <= high
    if not inside or not isfinite(value):
        fail(
            WRONG_VALUE, f"{what} is {_interval(low, high, open_low)}", setting, f"found {value:g}"
        )
    return float(value)


def whole(setting: Setting, what: str, least: int | None = None) -> int:
    """A whole number from `least`."""
    value = setting.value
    if isinstance(value, bool) or not isinstance(value, int):
        fail(
            WRONG_VALUE,
            f"{what} is a whole number",
            setting,
            f"found {describe(setting)}",
            _unquoted(setting),
        )
    if least is not None and value < least:
        fail(WRONG_VALUE, f"{what} is at least {least}", setting, f"found {value}")
    return value


def switch(setting: Setting, what: str) -> bool:
    if not isinstance(setting.value, bool):
        fail(WRONG_VALUE, f"{what} is `true` or `false`", setting, f"found {describe(setting)}")
    return setting.value


def text(setting: Setting, what: str) -> str:
    if not isinstance(setting.value, str):
        fail(WRONG_VALUE, f"{what} is a string", setting, f"found {describe(setting)}")
    return setting.value


def arguments(
    call: Setting, names: Iterable[str], required: Iterable[str] = (), example: str = ""
) -> dict[str, Setting]:
    """The arguments of a call by name: positional ones in the order of `names`."""
    known = tuple(names)
    if len(call.args) > len(known):
        listed = ", ".join(f"`{n}`" for n in known)
        fail(
            WRONG_ARGUMENT,
            f"`{call.call}` takes at most {count(len(known), 'argument')}, not {len(call.args)}",
            call.args[len(known)],
            "one too many",
            f"it has {listed}" if known else "it has none",
        )
    found = dict(zip(known, call.args, strict=False))
    for name, value in call.kwargs:
        if name not in known:
            fail(
                WRONG_ARGUMENT,
                f"`{call.call}` has no argument `{name}`",
                _named(name, value),
                "unknown argument",
                _meant(name, known),
            )
        if name in found:
            fail(WRONG_ARGUMENT, f"`{name}` is given twice", _named(name, value), "given again")
        found[name] = value
    for name in required:
        if name not in found:
            fail(
                WRONG_ARGUMENT,
                f"`{call.call}` needs `{name}`",
                call,
                "missing an argument",
                f"for instance `{example}`" if example else "",
            )
    return found


def _named(name: str, value: Setting) -> Setting:
    """The name before an argument's value, as a place."""
    source = value.span.source
    start = source.text.rfind(name, 0, value.span.start)
    return replace(value, span=Span(source, start, start + len(name)))


def _meant(name: str, known: Iterable[str]) -> str:
    names = tuple(known)
    if name in _RATES and "lr" in names:
        return "did you mean `lr`?"
    return suggestion(name, names)


_RATES = ("learning_rate", "learningrate", "lrate", "rate", "step_size", "eta", "alpha")


def suggestion(name: str, known: Iterable[str]) -> str:
    """A help line: the nearest known name, or all of them."""
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    return "known are " + ", ".join(f"`{n}`" for n in names) if names else "it has none"


def describe(setting: Setting) -> str:
    """What a setting is, for messages."""
    match setting.value:
        case None if setting.span.text == setting.call:
            return f"`{setting.call}`"
        case None:
            return f"`{setting.call}(…)`"
        case bool() as value:
            return "`true`" if value else "`false`"
        case str() as value:
            return f'"{value}"'
        case tuple() as values:
            return f"{len(values)} values"
        case value:
            return str(value)


def _unquoted(setting: Setting) -> str:
    """Help for a number in quotes."""
    value = setting.value
    if not isinstance(value, str) or not value.replace(".", "", 1).isdigit():
        return ""
    return f"without quotes: `{value}`"


def _interval(low: float, high: float, open_low: bool) -> str:
    if high == inf:
        return f"above {low:g}" if open_low else f"at least {low:g}"
    return f"above {low:g} and at most {high:g}" if open_low else f"between {low:g} and {high:g}"
