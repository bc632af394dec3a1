"""Pages that a reader follows: every file, command and block of Python, from the first to the last."""

from __future__ import annotations

from pathlib import Path

import pytest

from .pages import ROOT, blocks, play, same


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")


def test_tutorial(tmp_path: Path) -> None:
    files = play("tutorial.md", tmp_path)
    kept = ROOT / "examples" / "tutorial"
    assert files == {p.name: p.read_text(encoding="utf-8") for p in kept.iterdir() if p.is_file()}
    assert (tmp_path / "runs" / "first" / "forecast.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    "page",
    [
        "python.md",
        "commands.md",
        "circuits.md",
        "devices.md",
        "performance.md",
        "executor.md",
        "sweeps.md",
        "analysis.md",
    ],
)
def test_page(page: str, tmp_path: Path) -> None:
    play(page, tmp_path)


@pytest.mark.parametrize(
    ("page", "commands", "outputs"),
    [("tutorial.md", 13, 1), ("python.md", 0, 11), ("commands.md", 9, 0)],
)
def test_what_a_page_plays_is_found(page: str, commands: int, outputs: int) -> None:
    shell = sum(b.text.count("$ qrnnc") for b in blocks(page, "console"))
    assert shell >= commands
    assert len(blocks(page, "text")) >= outputs
    unplayed = [b for b in blocks(page) if b.words[:1] != ("console",)]
    assert not [b.id for b in unplayed if "$ " in b.text]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("1.2346", "1.2345"),
        ("a 1.5", "b 1.5"),
        ("one\ntwo", "one"),
        ("one", "one\ntwo"),
        ("0.1299", "0.12…, 1"),
        ("loss 2", "loss 3"),
    ],
)
def test_a_difference_is_noticed(found: str, expected: str) -> None:
    with pytest.raises(AssertionError):
        same(found, expected, "here")
