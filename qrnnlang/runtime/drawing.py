"""A model as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .files import as_path, write_bytes

if TYPE_CHECKING:
    from .model import Model


def draw(model: Model, path: str | Path | None) -> str:
    """The model's cells as SVG; written to `path` in the format of its ending.

    Raises ValueError for another ending.
    """
    from ..targets import draw as drawing

    made = drawing.svg(model.closed)
    if path is None:
        return made
    match as_path("path", path).suffix.lower():
        case ".svg":
            data = made.encode()
        case ".png":
            data = drawing.png(model.closed)
        case ".txt":
            data = drawing.text(model.closed).encode()
        case other:
            raise ValueError(f"cannot draw into `{other}`: expected a file .svg, .png or .txt")
    write_bytes(path, data)
    return made
