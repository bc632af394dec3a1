"""The renderer against snapshots (`make accept` rewrites them), and what holds for all of them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from qrnnlang.diagnostics import CompileError, Diagnostic, Source, Span
from qrnnlang.diagnostics.cells import to_cells
from qrnnlang.diagnostics.render import render, render_json

from .cases import CASES

SNAPSHOTS = Path(__file__).parent / "snapshots"
KEYS = [
    "code",
    "severity",
    "message",
    "file",
    "line",
    "column",
    "end_line",
    "end_column",
    "help",
    "notes",
]


@pytest.mark.parametrize("name", CASES)
def test_snapshot(name: str) -> None:
    path = SNAPSHOTS / f"{name}.txt"
    found = render(CASES[name])
    if os.environ.get("QRNNLANG_ACCEPT"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_no_snapshot_is_left_over() -> None:
    assert {p.stem for p in SNAPSHOTS.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_color_changes_nothing_else(name: str) -> None:
    colored = render(CASES[name], color=True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render(CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_nothing_reaches_the_terminal_but_text(name: str) -> None:
    text = render(CASES[name])
    assert all(c == "\n" or c.isprintable() for c in text)
    assert all(line == line.rstrip() for line in text.split("\n"))


def test_severities_have_their_colors() -> None:
    assert render(CASES["plain"], color=True).startswith("\x1b[1;31merror[E0201]\x1b[0m")
    assert render(CASES["warning"], color=True).startswith("\x1b[1;33mwarning[W0201]\x1b[0m")


@pytest.mark.parametrize("name", CASES)
def test_json(name: str) -> None:
    line = render_json(CASES[name])
    assert "\n" not in line
    assert list(json.loads(line)) == KEYS


def test_json_values() -> None:
    assert json.loads(render_json(CASES["two_on_a_line"])) == {
        "code": "E0401",
        "severity": "error",
        "message": "the same qubit twice in one gate: `q[0]`",
        "file": "cells/a.qrnn",
        "line": 8,
        "column": 14,
        "end_line": 8,
        "end_column": 18,
        "help": "",
        "notes": ["again", "cells/a.qrnn:8:8: first used here"],
    }
    wide = json.loads(render_json(CASES["wide"]))
    assert (wide["line"], wide["column"], wide["end_column"]) == (2, 6, 8)  # in code points
    several = json.loads(render_json(CASES["multi_line"]))
    assert (several["line"], several["end_line"], several["end_column"]) == (4, 7, 7)


def test_columns_of_wide_and_combining_characters() -> None:
    cells, columns = to_cells("a\t量e\u0301z")
    assert cells == ["a", " ", " ", " ", "量", "", "e\u0301", "z"]
    assert columns == [0, 1, 4, 6, 6, 7, 8]


def test_every_span_of_a_text_can_be_shown() -> None:
    source = Source("s.qrnn", "ab\r\n\n\té\n\n\n\n\n\ncd")
    end = len(source.text)
    for start in range(end + 1):
        for stop in range(start, end + 1):
            text = render(Diagnostic("E0111", "here", Span(source, start, stop), "this"))
            line, column = source.position(start)
            assert f"--> s.qrnn:{line}:{column}\n" in text
            assert text.count("^ this") == 1


def test_a_compile_error_reads_like_its_diagnostics() -> None:
    error = CompileError([CASES["plain"], CASES["warning"]])
    assert str(error) == render(CASES["plain"]) + "\n" + render(CASES["warning"])
