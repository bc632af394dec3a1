"""Values on the command line: `--set memory=3`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .errors import wrong_usage

_INT = re.compile(r"[+-]?[0-9][0-9_]*")
_REAL = re.compile(r"[+-]?([0-9][0-9_]*)?(\.[0-9][0-9_]*)?([eE][+-]?[0-9]+)?")
#: What stands between commas; one within quotes separates nothing.
_PART = re.compile(r"""(?:^|(?<=,))((?:"[^"]*"|'[^']*'|[^,])*)""")

Value = bool | int | float | str


def settings(given: Iterable[str]) -> dict[str, Value]:
    """`k=v` pairs as hyperparameters. Raises CliError (exit code 2) for what is not a pair."""
    found: dict[str, Value] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise wrong_usage(f"`--set {pair}`: expected `--set name=value`")
        if name in found:
            raise wrong_usage(f"`--set {name}=…` is given twice")
        found[name] = value(text.strip())
    return found


def lists(given: Iterable[str], option: str) -> dict[str, list[Value]]:
    """`k=v1,v2,…` pairs, for sweeps. Raises CliError (exit code 2) for what is not a pair.

    A comma within quotes does not separate.
    """
    found: dict[str, list[Value]] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise wrong_usage(f"`{option} {pair}`: expected `{option} name=value,value,…`")
        if name in found:
            raise wrong_usage(f"`{option} {name}=…` is given twice")
        parts = [part.strip() for part in _PART.findall(text)]
        if not all(parts):
            raise wrong_usage(f"`{option} {pair}`: a value is empty")
        found[name] = [value(part) for part in parts]
    return found


def value(text: str) -> Value:
    """A whole number, a real, `true`, `false`, or else a string; quotes make a string of all."""
    if text in ("true", "false"):
        return text == "true"
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    try:
        if _INT.fullmatch(text):
            return int(text)
        if _REAL.fullmatch(text):
            return float(text)
    except ValueError:
        pass
    return text
