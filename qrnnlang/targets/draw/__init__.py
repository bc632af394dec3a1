"""Drawings of cells: SVG and PNG pictures, and text for terminals. A model shows its cells."""

from __future__ import annotations

from ...sema.closed import ClosedModel, RunCell
from .place import picture, stacked
from .png import png as _png
from .scene import Scene, scene
from .svg import svg as _svg
from .text import text as _text

__all__ = ["png", "scenes", "svg", "text"]


def scenes(model: ClosedModel) -> list[Scene]:
    """One scene for each cell that the model runs, cells that run several times once."""
    found: dict[int, Scene] = {}
    for op in model.ops:
        if isinstance(op, RunCell) and id(op.cell) not in found:
            found[id(op.cell)] = scene(op.cell, op.instance)
    return list(found.values())


def svg(model: ClosedModel) -> str:
    """A self-contained SVG file; the same model gives the same text."""
    return _svg(stacked([picture(s) for s in scenes(model)]))


def png(model: ClosedModel) -> bytes:
    """A PNG file."""
    return _png(stacked([picture(s) for s in scenes(model)]))


def text(model: ClosedModel, columns: int = 100) -> str:
    """Lines for a terminal of that many columns; a cell is as long as it is and wraps."""
    return "\n".join(_text(s, columns) for s in scenes(model))
