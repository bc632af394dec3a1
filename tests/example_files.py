"""The examples of the repository that are models or single cells."""

from __future__ import annotations

from pathlib import Path

#: Files of cells that others import.
PARTS = {"forecasters"}
EXAMPLES = sorted(
    path
    for path in (Path(__file__).parents[1] / "examples").rglob("*.qrnn")
    if path.stem not in PARTS
)
