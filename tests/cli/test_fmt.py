from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from .conftest import CELL, Run

LOOSE = "qrnn 1.0;\ncell A{input x:real;output y=2*x;}  // twice"
NEAT = "qrnn 1.0;\n\ncell A {\n    input x: real;\n    output y = 2 * x;\n}  // twice\n"


def test_in_place(qrnnc: Run) -> None:
    path = Path("a.qrnn")
    path.write_text(LOOSE)
    path.chmod(0o640)
    found = qrnnc("fmt", "a.qrnn", "cell.qrnn")
    assert (found.code, found.out, found.err) == (0, "", "")
    assert path.read_text() == NEAT
    assert path.stat().st_mode & 0o777 == 0o640
    assert Path("cell.qrnn").read_text() == CELL


def test_what_is_neat_is_not_written(qrnnc: Run) -> None:
    before = Path("cell.qrnn").stat()
    assert qrnnc("fmt", "cell.qrnn").code == 0
    assert Path("cell.qrnn").stat().st_mtime_ns == before.st_mtime_ns


def test_check_writes_nothing(qrnnc: Run) -> None:
    Path("a.qrnn").write_text(LOOSE)
    found = qrnnc("fmt", "--check", "a.qrnn", "cell.qrnn")
    assert (found.code, found.out, found.err) == (1, "", "would reformat a.qrnn\n")
    assert Path("a.qrnn").read_text() == LOOSE
    assert qrnnc("fmt", "--check", "cell.qrnn").code == 0


def test_diff(qrnnc: Run) -> None:
    Path("a.qrnn").write_text(LOOSE)
    found = qrnnc("fmt", "--diff", "a.qrnn")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("--- a.qrnn\n+++ a.qrnn (formatted)\n@@")
    assert (
        "-cell A{input x:real;output y=2*x;}  // twice\n\\ No newline at end of file\n" in found.out
    )
    assert "+    output y = 2 * x;\n" in found.out
    assert Path("a.qrnn").read_text() == LOOSE
    assert qrnnc("fmt", "--diff", "--check", "a.qrnn").code == 1


def test_standard_input(qrnnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LOOSE.encode())))
    found = qrnnc("fmt", "-")
    assert (found.code, found.out, found.err) == (0, NEAT, "")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff")))
    found = qrnnc("fmt", "-")
    assert (found.code, found.err) == (1, "error: <stdin>: not UTF-8 text (byte 0)\n")


def test_a_wrong_file_stays_as_it_is(qrnnc: Run) -> None:
    Path("a.qrnn").write_text("qrnn 1.0;\ncell A { output y = ; }")
    Path("b.qrnn").write_text(LOOSE)
    found = qrnnc("fmt", "a.qrnn", "b.qrnn")
    assert found.code == 1
    assert "error[E0111]" in found.err
    assert Path("a.qrnn").read_text() == "qrnn 1.0;\ncell A { output y = ; }"
    assert Path("b.qrnn").read_text() == NEAT


def test_a_link_stays_a_link(qrnnc: Run) -> None:
    Path("real.qrnn").write_text(LOOSE)
    Path("link.qrnn").symlink_to("real.qrnn")
    assert qrnnc("fmt", "link.qrnn").code == 0
    assert Path("link.qrnn").is_symlink()
    assert Path("real.qrnn").read_text() == NEAT
