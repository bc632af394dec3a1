"""Functions of the user for a source's `extern def`s."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..sema import Program
from ..sema.report import suggestion

_DECLARED = re.compile(r"\bextern\s+def\s+(\w+)")


def declared(
    program: Program, externs: Mapping[str, Callable[..., Any]]
) -> dict[str, Callable[..., Any]]:
    """The functions, by name. Raises ValueError for one that no source of the program declares."""
    if not isinstance(externs, Mapping):
        raise TypeError(f"`extern` holds functions by name, not {externs!r:.60}")
    texts = (program.text, *program.imports.values())
    names = sorted({name for text in texts for name in _DECLARED.findall(text)})
    for name, function in externs.items():
        if name not in names:
            hint = suggestion(name, names) or ("it has none" if not names else f"it has {names}")
            raise ValueError(f"the source has no `extern def {name}`; {hint}")
        if not callable(function):
            raise TypeError(f"extern `{name}` is a function, not {function!r:.60}")
    return dict(externs)
