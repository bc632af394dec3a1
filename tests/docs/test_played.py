"""The tutorial and the page on Python, from their first step to their last."""

from __future__ import annotations

from pathlib import Path

import pytest

from .pages import ROOT, play


def test_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    files = play("tutorial.md", tmp_path)
    kept = ROOT / "examples" / "tutorial"
    assert files == {p.name: p.read_text(encoding="utf-8") for p in kept.iterdir() if p.is_file()}
    assert (tmp_path / "runs" / "first" / "forecast.png").stat().st_size > 10_000


def test_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    play("python.md", tmp_path)
