"""Errors that take more than a short program: long files, many files, values from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from qrnnlang.diagnostics import CompileError
from qrnnlang.sema import check_path, check_text, load_text

CELL = (
    "cell A(n: int, s: real = 1, b: bool = true) { input x: real[n]; if (b) { output y = s * x; } }"
)


def test_a_file_of_more_than_a_mebibyte() -> None:
    text = "qrnn 1.0;\n" + "// é\n" * (1 << 18)
    (found,) = check_text(text)
    assert (found.code, found.line, found.column) == ("E0701", 1, 1)
    assert f"{len(text.encode()):,} bytes" in found.message
    assert check_text("qrnn 1.0;\n" + "// e\n" * 200_000) == ()


def _chain(folder: Path, length: int) -> Path:
    for i in range(length):
        below = f'import "f{i + 1}.qrnn";\n' if i + 1 < length else "const LAST = 1;\n"
        (folder / f"f{i}.qrnn").write_text(f"qrnn 1.0;\n{below}")
    return folder / "f0.qrnn"


def test_imports_nest_to_a_depth_of_32(tmp_path: Path) -> None:
    assert check_path(_chain(tmp_path, 32)) == ()
    (found,) = check_path(_chain(tmp_path, 33))
    assert (found.code, Path(found.file).name) == ("E0703", "f31.qrnn")
    assert found.notes[-1] == "imported from `f0.qrnn`"


@pytest.mark.parametrize("nested", [False, True])
def test_gates_nest_to_a_depth_of_64(nested: bool) -> None:
    """Counted from the cell that applies the first one, wherever that cell is used."""
    gate = "gate up(n: int) q: qubit { if (n > 1) { up(n - 1) q; } else { x q; } }"
    body = "fresh q: qubit; up(%d) q; output y = expect(Z(q));"
    outer = "use c = Inner(); output z = c();" if nested else body
    text = f"qrnn 1.0; {gate} cell Inner {{ {body} }} cell A {{ {outer} }}"
    assert check_text(text.replace("%d", "64")) == ()
    assert {d.code for d in check_text(text.replace("%d", "65"))} == {"E0704"}


@pytest.mark.parametrize(
    ("hyper", "message"),
    [
        ({}, "`A` needs a value for `n`"),
        ({"n": 2, "m": 3}, "`A` has no hyperparameter `m`"),
        ({"n": 2.5}, "the hyperparameter `n` is int, not 2.5"),
        ({"n": True}, "the hyperparameter `n` is int, not True"),
        ({"n": 2, "b": 1}, "the hyperparameter `b` is bool, not 1"),
        ({"n": 2, "s": "1"}, "the hyperparameter `s` is real, not '1'"),
    ],
)
def test_hyperparameters_from_outside(hyper: dict[str, object], message: str) -> None:
    with pytest.raises(CompileError) as caught:
        load_text(f"qrnn 1.0;\n{CELL}", hyper=hyper)
    assert [(d.code, d.message) for d in caught.value.diagnostics] == [("E0216", message)]


def test_an_entry_that_does_not_exist() -> None:
    with pytest.raises(CompileError) as caught:
        load_text("qrnn 1.0;\ncell Encoder { output y = 1; }", entry="Encodr")
    (found,) = caught.value.diagnostics
    assert (found.code, found.help) == ("E0215", "did you mean `Encoder`?")
