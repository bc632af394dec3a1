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
    assert found.message == "the file has more than 1,048,576 bytes"
    assert check_text("qrnn 1.0;\n" + "// e\n" * 200_000) == ()


def _chain(folder: Path, length: int) -> Path:
    for i in range(length):
        below = f'import "f{i + 1}.qrnn";\n' if i + 1 < length else "const LAST = 1;\n"
        (folder / f"f{i}.qrnn").write_text(f"qrnn 1.0;\n{below}")
    return folder / "f0.qrnn"


def test_imports_nest_to_a_depth_of_32(tmp_path: Path) -> None:
    """Counted from the file given to the compiler: what it imports is the first level."""
    assert check_path(_chain(tmp_path, 1 + 32)) == ()
    (found,) = check_path(_chain(tmp_path, 1 + 33))
    assert (found.code, Path(found.file).name) == ("E0703", "f32.qrnn")
    assert found.notes[-1] == "imported from `f0.qrnn`"


@pytest.mark.parametrize("long", ["a.qrnn", "b.qrnn"], ids=["given", "imported"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "with a byte-order mark"])
def test_a_file_of_a_mebibyte_and_one_byte(tmp_path: Path, long: str, mark: bytes) -> None:
    """The bytes of the text count, wherever it is imported; of a longer file no more is read."""
    texts = {
        "a.qrnn": b'qrnn 1.0; import "b.qrnn"; const A = B; //',
        "b.qrnn": b"qrnn 1.0; const B = 1; //",
    }
    for name, text in texts.items():
        (tmp_path / name).write_bytes(mark + text)
    for more, codes in ((0, []), (1, ["E0701"]), (9, ["E0701"]), (1 << 24, ["E0701"])):
        size = (1 << 20) - len(texts[long]) + more
        filled = texts[long] + b"e" * (size % 2) + "é".encode() * (size // 2)
        (tmp_path / long).write_bytes(mark + filled)
        found = check_path(tmp_path / "a.qrnn")
        assert [(d.code, Path(d.file).name) for d in found] == [(c, long) for c in codes]


def test_a_file_without_an_end() -> None:
    endless = Path("/dev/zero")
    if not endless.exists():
        pytest.skip("there is no /dev/zero here")
    assert [d.code for d in check_path(endless)] == ["E0701"]


@pytest.mark.parametrize("nested", [False, True])
def test_gates_nest_to_a_depth_of_64(nested: bool) -> None:
    """Counted from the cell that applies the first one, wherever that cell is used."""
    gate = "gate up(n: int) q: qubit { if (n > 1) { up(n - 1) q; } else { x q; } }"
    body = "fresh q: qubit; up(%d) q; output y = expect(Z(q));"
    outer = "use c = Inner(); output z = c();" if nested else body
    text = f"qrnn 1.0; {gate} cell Inner {{ {body} }} cell A {{ {outer} }}"
    assert check_text(text.replace("%d", "64")) == ()
    assert {d.code for d in check_text(text.replace("%d", "65"))} == {"E0704"}


@pytest.mark.parametrize("branch", ["%s", "if (true) { %s }"], ids=["", "in a branch"])
def test_cells_nest_to_a_depth_of_64(branch: str) -> None:
    """In a branch it is found on the way, else from the text."""

    def errors(depth: int) -> list[str]:
        use = branch % "use c = B%d(); let v = c();"
        cells = [f"cell B{i + 1} {{ {use % i} output y = 1; }}" for i in range(depth)]
        found = check_text(f"qrnn 1.0; cell B0 {{ output y = 1; }} {' '.join(cells)}")
        return [d.message for d in found if d.severity == "error"]

    assert errors(64) == []
    assert set(errors(65)) == {"cells are nested more than 64 deep"}


def test_functions_nest_to_a_depth_of_64() -> None:
    functions = " ".join(f"def f{i}(x: real) = f{i - 1}(x);" for i in range(1, 65))
    text = "qrnn 1.0; def f0(x: real) = x; %s cell A { output y = f%d(1); }"
    assert check_text(text % (functions, 63)) == ()
    (found,) = check_text(text % (functions, 64))
    assert (found.code, found.message) == ("E0704", "functions are nested more than 64 deep")
    (found,) = check_text("qrnn 1.0; def f(x: real) = f(x); cell A { output y = f(1); }")
    assert (found.code, found.message) == ("E0704", "`f` calls itself")


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
