from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run

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


def test_a_clean_file_says_nothing(qrnnc: Run) -> None:
    found = qrnnc("check", "cell.qrnn", "model.qrnn")
    assert (found.code, found.out, found.err) == (0, "", "")


def test_errors_go_to_standard_error(qrnnc: Run) -> None:
    found = qrnnc("check", "wrong.qrnn", "cell.qrnn")
    assert (found.code, found.out) == (1, "")
    assert "error[E0401]: the same qubit twice" in found.err
    assert " --> wrong.qrnn:5:14\n" in found.err
    assert found.err.endswith("\n1 error\n")
    assert "\x1b" not in found.err


def test_warnings_alone_are_no_failure(qrnnc: Run) -> None:
    Path("w.qrnn").write_text("qrnn 1.0; cell A { input x: real; output y = 1; }")
    found = qrnnc("check", "w.qrnn")
    assert found.code == 0
    assert found.err.startswith("warning[W0201]")
    assert found.err.endswith("\n1 warning\n")


def test_json_goes_to_standard_output(qrnnc: Run) -> None:
    found = qrnnc("check", "--message-format", "json", "wrong.qrnn", "cell.qrnn")
    assert (found.code, found.err) == (1, "")
    (line,) = found.out.splitlines()
    data = json.loads(line)
    assert list(data) == KEYS
    assert (data["file"], data["code"], data["severity"]) == ("wrong.qrnn", "E0401", "error")
    assert (data["line"], data["column"], data["end_line"], data["end_column"]) == (5, 14, 5, 18)


def test_a_file_that_two_files_import_is_reported_once(qrnnc: Run) -> None:
    Path("lib.qrnn").write_text("qrnn 1.0; const K = UNKNOWN;")
    for name in "ab":
        Path(f"{name}.qrnn").write_text('qrnn 1.0; import "lib.qrnn"; cell A { output y = 1; }')
    found = qrnnc("check", "a.qrnn", "b.qrnn", "--message-format=json")
    assert [json.loads(line)["file"] for line in found.out.splitlines()] == ["lib.qrnn"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: None, "no such file or directory"),
        (lambda p: p.mkdir(), "is a directory"),
        (lambda p: p.write_bytes("cell Größe".encode("latin-1")), "not UTF-8 text (byte 7)"),
        (lambda p: p.write_bytes(b"\xff\xfeq\x00"), "not UTF-8 text (byte 0)"),
        (lambda p: p.write_bytes(b""), "the file is empty; a program starts with `qrnn 1.0;`"),
    ],
)
def test_what_cannot_be_read_is_one_line(qrnnc: Run, make: object, said: str) -> None:
    make(Path("bad.qrnn"))  # type: ignore[operator]
    for verb in ("check", "compile", "info", "run", "train", "fmt"):
        found = qrnnc(verb, "bad.qrnn")
        assert (found.code, found.out) == (1, "")
        assert found.err == f"error: bad.qrnn: {said}\n"


def test_a_name_with_control_characters_does_not_reach_the_terminal(qrnnc: Run) -> None:
    found = qrnnc("check", "a\x1b[2Jb.qrnn")
    assert found.code == 1
    assert "\x1b" not in found.err
    assert found.err.count("\n") == 1


def test_one_unreadable_file_does_not_hide_the_others(qrnnc: Run) -> None:
    found = qrnnc("check", "gone.qrnn", "wrong.qrnn", "--message-format", "json")
    assert found.code == 1
    assert found.err == "error: gone.qrnn: no such file or directory\n"
    assert json.loads(found.out)["code"] == "E0401"


@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_color(qrnnc: Run, monkeypatch: pytest.MonkeyPatch, no_color: str, colored: bool) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert ("\x1b[1;31merror[E0401]" in qrnnc("check", "wrong.qrnn").err) == colored
