"""The picture of errors against steps: its script draws what it is given, of the page's own model."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from .pages import DOCS


def script() -> Any:
    spec = importlib.util.spec_from_file_location("draw_noise", DOCS / "draw_noise.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_draws(tmp_path: Path) -> None:
    made = script()
    assert "cell Exchange" in made.program()
    rows = {name: np.linspace(0.01, 0.03, 4) for name in ("typical noise, exactly", *made.WAYS)}
    made.draw(rows, tmp_path / "noise.svg")
    for path in (tmp_path / "noise.svg", DOCS / "noise.svg"):
        content = path.read_text(encoding="utf-8")
        assert content.count('id="line2d_') > len(rows) and len(content) < 100_000
