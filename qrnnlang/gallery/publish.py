"""Writing results, tables and pictures beside the examples, and the page of them all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..runtime.files import write_bytes, write_text
from .pictures import curves, forecast
from .results import load, save, without_curves
from .spec import examples
from .tables import page, readme


def publish(found: Mapping[str, Mapping[str, Any]], place: Path | None = None) -> None:
    """Results by example and experiment; those of other experiments stay. Raises OSError."""
    known = examples(place)
    for example in known:
        if not found.get(example.name):
            continue
        results = {**load(example), **found[example.name]}
        if example.grid is not None:
            results = {name: without_curves(result) for name, result in results.items()}
        save(example, results)
        for name, draw in (("curves.png", curves), ("forecast.png", forecast)):
            image = draw(example, results) if example.grid is None else None
            if image is not None:
                write_bytes(example.folder / name, image)
        readme(example, results)
    docs = known[0].folder.parents[1] / "docs"
    if docs.is_dir():
        write_text(docs / "gallery.md", page([(e, load(e)) for e in known]))
