"""Every code has a page whose wrong program has the code, and whose right one has no error.

After the word `wrong` or `right` may stand the arguments of `qrnnc compile` that the example is for.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import qrnnlang
from qrnnlang.cli.main import main

from .cases import CASES, ROOT, diagnostics
from .pages import PAGES, examples

#: Codes that no short program shows, with the test that shows them instead.
WITHOUT_EXAMPLE = {
    "E0701": "a file of more than 1 MiB: test_limits.py",
    "E0703": "33 files: test_limits.py",
}
#: Codes that need an entry: their programs are loaded, not only checked.
LOADED = {"E0215", "E0216"}
EXAMPLES = [code for code in PAGES if code not in WITHOUT_EXAMPLE]


def codes_in(*packages: str) -> set[str]:
    """The codes that the source of some packages names."""
    root = Path(qrnnlang.__file__).parent
    texts = (
        p.read_text(encoding="utf-8") for name in packages for p in (root / name).rglob("*.py")
    )
    return {code for text in texts for code in re.findall(r'"([EW]\d{4})"', text)}


def test_every_code_has_a_page() -> None:
    assert codes_in("") == set(PAGES)


def test_every_code_of_a_source_has_a_golden_case() -> None:
    texts = [(ROOT / f"{case}.expected").read_text(encoding="utf-8") for case in CASES]
    shown = {code for text in texts for code in re.findall(r"^\w+\[(.....)\]", text, re.MULTILINE)}
    assert codes_in("syntax", "sema") - set(WITHOUT_EXAMPLE) == shown


@pytest.mark.parametrize("code", PAGES)
def test_a_page_begins_with_its_code_and_says_something(code: str) -> None:
    title, empty, text, *_ = PAGES[code].read_text(encoding="utf-8").split("\n")
    assert re.fullmatch(rf"# {code}: \S.*[^.]", title)
    assert empty == ""
    assert len(text) > 40


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_wrong_example_has_the_code(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code in _said(code, "wrong", tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_right_example_has_no_error(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _said(code, "right", tmp_path, monkeypatch, capsys)
    assert code not in said
    assert {c for c in said if c.startswith("E")} == set()


def _said(
    code: str,
    kind: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> set[str]:
    """The codes that are reported for an example."""
    program, given = examples(code)[kind]
    monkeypatch.chdir(folder)
    Path("example.qrnn").write_text(program, encoding="utf-8")
    if not given:
        return {d.code for d in diagnostics("example.qrnn", load=code in LOADED)}
    status = main([*shlex.split(given), "example.qrnn"])
    text = capsys.readouterr().err
    assert status == (1 if kind == "wrong" and code.startswith("E") else 0), text
    return set(re.findall(r"^\w+\[(.....)\]", text, re.MULTILINE))
