"""A closed model as plain data, for tools of other languages: dicts, lists, strings, numbers.

Every dataclass is a dict with its name under `"type"` and its fields in order; an operation is
referred to by its position in the list that holds it. A cell that is applied twice is listed once.
Places in the source are `[line, column]`, both from 1.
"""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

from ..diagnostics import Span
from ..sema.closed import ClosedCell, ClosedModel, Origin

FORMAT = "qrnn-model"
VERSION = 2


def to_dict(model: ClosedModel) -> dict[str, Any]:
    """The model with its cells, under `format`, `version`, `model` and `cells`."""
    cells: dict[int, tuple[int, ClosedCell]] = {}  # by identity; the numbers count up
    body = _plain(model, cells)
    listed = [_fields(cell, cells) for _, cell in list(cells.values())]
    return {"format": FORMAT, "version": VERSION, "model": body, "cells": listed}


def _plain(value: object, cells: dict[int, tuple[int, ClosedCell]]) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case tuple():
            return [_plain(v, cells) for v in value]
        case Span():
            return list(value.source.position(value.start))
        case Origin():
            return [_plain(value.span, cells), value.scope]
        case ClosedCell():
            return cells.setdefault(id(value), (len(cells), value))[0]
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value, cells)
    raise TypeError(f"no plain form of {type(value).__name__}")


def _fields(value: Any, cells: dict[int, tuple[int, ClosedCell]]) -> dict[str, Any]:
    named = {f.name: _plain(getattr(value, f.name), cells) for f in fields(value)}
    return {"type": type(value).__name__, **named}
