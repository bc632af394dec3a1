"""The page on series is what its script writes, with a picture of each."""

from __future__ import annotations

import importlib.util

from qrnnlang.runtime.series import SERIES

from .pages import DOCS


def script():
    spec = importlib.util.spec_from_file_location("draw_series", DOCS / "draw_series.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date() -> None:
    made = script()
    assert sorted(n for names in made.GROUPS.values() for n in names) == sorted(SERIES)
    assert (DOCS / "series.md").read_text(encoding="utf-8") == made.page()


def test_every_series_has_a_picture() -> None:
    pictures = {p.stem: p for p in (DOCS / "series").glob("*.png")}
    assert set(pictures) == set(SERIES)
    for path in pictures.values():
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) < 100_000
