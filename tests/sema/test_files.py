"""Imports: files, aliases, the standard library, circles, paths outside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from qrnnlang.diagnostics import CompileError, DataError
from qrnnlang.sema import check_path, load_path, load_program, load_text_program

V = "qrnn 1.0;\n"


def project(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".qrnn")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(V + text)
    return folder / "main.qrnn"


def codes(path: Path) -> list[str]:
    return [d.code for d in check_path(path)]


USE = "fresh q: qubit[2]; param w: angle; "


def test_items_and_aliases(tmp_path: Path) -> None:
    main = project(
        tmp_path,
        lib__blocks="const K = 3; gate g(t: angle) q: qubit { ry(K * t) q; } "
        "cell V { input v: real; output y = K * v; } def twice(x: real[n]) = 2 * x;",
        main='import "lib/blocks.qrnn" as b; import "lib/blocks.qrnn"; cell A { '
        + USE
        + "input x: real; use f = b.V(); use h = V(); b.g(w) q[0]; g(w) q[1]; "
        "output y = expect(Z(q)); output z = b.twice(f(x)) + h(x) + b.K; }",
    )
    assert codes(main) == []
    program = load_program(main)
    assert list(program.imports) == ["lib/blocks.qrnn"]
    again = load_text_program(program.text, "x", "A", {}, program.imports)
    assert again.model.ops[1:] and len(again.model.ops) == len(program.model.ops)


def test_imports_are_relative_and_not_transitive(tmp_path: Path) -> None:
    main = project(
        tmp_path,
        a__one='import "../b/two.qrnn"; gate g1 q: qubit { g2 q; }',
        b__two="gate g2 q: qubit { x q; }",
        main='import "a/one.qrnn"; cell A { fresh q: qubit; g1 q; output y = expect(Z(q)); }',
    )
    assert codes(main) == []
    main.write_text(main.read_text().replace("g1 q;", "g2 q;"))
    assert codes(main) == ["E0202"]


def test_own_items_come_before_those_of_the_standard_library(tmp_path: Path) -> None:
    main = project(
        tmp_path,
        main="import std.ansatz; gate rotations q: qubit { x q; } "
        "cell A { fresh q: qubit; rotations q; output y = expect(Z(q)); }",
    )
    assert codes(main) == []


def test_circle_shows_the_chain(tmp_path: Path) -> None:
    main = project(
        tmp_path, one='import "two.qrnn";', two='import "one.qrnn";', main='import "one.qrnn";'
    )
    (found,) = check_path(main)
    assert found.code == "E0210"
    assert found.notes == ("one.qrnn → two.qrnn → one.qrnn",)


@pytest.mark.parametrize("path", ["../other.qrnn", "/etc/hostname", "a/../../x.qrnn"])
def test_paths_outside_the_project(tmp_path: Path, path: str) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "other.qrnn").write_text(V)
    main = project(tmp_path / "inner", main=f'import "{path}";')
    assert codes(main) == ["E0211"]


def test_links_out_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "other.qrnn").write_text(V)
    (tmp_path / "inner" / "link.qrnn").symlink_to(tmp_path / "other.qrnn")
    assert codes(project(tmp_path / "inner", main='import "link.qrnn";')) == ["E0211"]


def test_missing_folder_and_unreadable_files(tmp_path: Path) -> None:
    main = project(tmp_path, main='import "nowhere.qrnn"; import "."; import "bin.qrnn";')
    (tmp_path / "bin.qrnn").write_bytes(b"\xff\xfe")
    assert codes(main) == ["E0209"] * 3
    with pytest.raises(DataError, match="no such file"):
        load_path(tmp_path / "absent.qrnn")
    with pytest.raises(DataError, match="is a directory"):
        check_path(tmp_path)


def test_imports_nested_too_deep(tmp_path: Path) -> None:
    files = {f"f{i}": f'import "f{i + 1}.qrnn";' for i in range(40)}
    assert codes(project(tmp_path, main='import "f0.qrnn";', **files, f40="")) == ["E0703"]


def test_errors_of_an_imported_file_are_shown_there(tmp_path: Path) -> None:
    main = project(tmp_path, lib="cell V { output y = nope; }", main='import "lib.qrnn";')
    (found,) = check_path(main)
    assert (found.code, found.file, found.line) == ("E0201", str(Path(main).parent / "lib.qrnn"), 2)


def test_a_text_cannot_import(tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        load_text_program(V + 'import "a.qrnn"; cell A { output y = 1; }')
    assert [d.code for d in caught.value.diagnostics] == ["E0209"]
