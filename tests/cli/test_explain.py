from __future__ import annotations

from pathlib import Path

import pytest

from qrnnlang.cli import explain

from .conftest import Run


def test_a_page(qrnnc: Run) -> None:
    found = qrnnc("explain", "E0301")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("# E0301: ")
    assert "Wrong:" in found.out
    assert "Right:" in found.out
    assert "\n```\nqrnn 1.0;\n" in found.out
    assert qrnnc("explain", "e0301").out == found.out


def test_unknown_codes(qrnnc: Run) -> None:
    found = qrnnc("explain", "E0999")
    assert (found.code, found.out, found.err) == (1, "", "error: there is no code E0999\n")
    assert qrnnc("explain", "E0599").err.startswith(
        "error: there is no code E0599; codes near it: E0501, E0502"
    )
    assert qrnnc("explain", "../x").err == (
        "error: `../x` is not a code; codes look like E0301 or W0201\n"
    )


def test_the_pages_of_an_installed_package(
    qrnnc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = tmp_path / "qrnnlang" / "docs" / "errors"
    pages.mkdir(parents=True)
    (pages / "E0301.md").write_text("# E0301: as in a wheel\n")
    monkeypatch.setattr(explain, "_FOLDERS", (pages, *explain._FOLDERS))
    assert qrnnc("explain", "E0301").out == "# E0301: as in a wheel\n"
