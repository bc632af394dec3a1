"""Standard streams that the caller closed (`qrnnc … >&-`): no internal error, nothing astray."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest


def _run(line: str, closed: str) -> subprocess.CompletedProcess[bytes]:
    command = f"exec {shlex.quote(sys.executable)} -m qrnnlang {line} {closed}"
    return subprocess.run(["sh", "-c", command], capture_output=True, timeout=60)


@pytest.mark.parametrize(
    ("line", "closed", "code"),
    [
        ("explain E0301", ">&-", 0),
        ("check wrong.qrnn", "2>&-", 1),
        ("check --message-format json wrong.qrnn", ">&-", 1),
        ("explain E0301", ">&- 2>&-", 0),
        ("fmt -", "<&-", 1),
    ],
)
def test_the_exit_code_is_the_same(folder: Path, line: str, closed: str, code: int) -> None:
    before = set(folder.iterdir())
    assert _run(line, closed).returncode == code
    assert set(folder.iterdir()) == before  # no reproducer


def test_messages_for_a_closed_standard_error_do_not_reach_standard_output(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "NO_COLOR", "1"
    )  # otherwise asking None whether it is a terminal fails first
    assert _run("check wrong.qrnn", "2>&-").stdout == b""
