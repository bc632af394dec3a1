"""Wrong programs against the text that is shown (`make accept` rewrites it), right ones against none."""

from __future__ import annotations

import pytest

from qrnnlang.diagnostics.render import render

from .cases import ACCEPT, CASES, ROOT, of_case


@pytest.fixture(autouse=True)
def in_the_folder_of_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("case", CASES)
def test_wrong(case: str) -> None:
    found = "\n".join(render(d) for d in of_case(f"{case}.qrnn"))
    path = ROOT / f"{case}.expected"
    if ACCEPT:
        path.write_text(found, encoding="utf-8")
    assert found, "nothing is wrong with it"
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_right(case: str) -> None:
    found = of_case(f"{case}.ok.qrnn")
    assert "\n".join(render(d) for d in found) == ""


def test_nothing_is_left_over() -> None:
    files = {
        str(p.relative_to(ROOT)) for p in ROOT.glob("*/*") if p.suffix in (".qrnn", ".expected")
    }
    wanted = {f"{case}{end}" for case in CASES for end in (".qrnn", ".ok.qrnn", ".expected")}
    assert files == wanted


def test_there_is_at_most_one_kind_of_mistake_in_a_case() -> None:
    several = {
        case: codes for case in CASES if len(codes := {d.code for d in of_case(f"{case}.qrnn")}) > 1
    }
    assert several == {}
