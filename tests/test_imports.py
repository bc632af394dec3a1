"""What imports what: packages import leftwards only, and nothing heavy before its use."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import qrnnlang

ROOT = Path(qrnnlang.__file__).parent
#: From left to right; what stands together does not import each other either.
ORDER = (
    {"diagnostics"},
    {"syntax"},
    {"sema"},
    {"ir"},
    {"passes"},
    {"targets", "engine"},
    {"runtime"},
    {"analysis"},
    {"gallery"},
    {"cli", "sklearn", "torch", "callbacks", "pandas"},
    {"notebook"},
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in sorted(names)}
MODULES = sorted(ROOT.rglob("*.py"))
HEAVY = {"jax", "qiskit", "qiskit_aer", "networkx", "matplotlib", "optax", "scipy"}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything of this package that a module imports, wherever it does."""
    inside = path.relative_to(ROOT.parent).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join(inside[: len(inside) - level]) if level else ""
                if path.name == "__init__.py" and level:
                    base = ".".join(inside[: len(inside) - level])
                full = ".".join(part for part in (base, module) if part)
                yield from ((node.lineno, f"{full}.{alias.name}") for alias in names)


def package_of(name: str) -> str | None:
    """The package of this project that a full name lies in."""
    parts = name.split(".")
    return parts[1] if parts[0] == "qrnnlang" and len(parts) > 1 and parts[1] in RANK else None


def strayed(path: Path) -> list[str]:
    """The imports of a module that do not go leftwards."""
    home = path.relative_to(ROOT).parts[0]
    if home not in RANK:  # `qrnnlang` itself, which gives every public name
        return []
    wrong = []
    for line, name in imported(path):
        target = package_of(name)
        if target is not None and target != home and RANK[target] >= RANK[home]:
            wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    return wrong


def loaded_by(code: str) -> set[str]:
    """The top-level modules of a fresh interpreter after some code."""
    report = f"{code}\nimport sys; print(' '.join({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_every_package_has_a_place() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= set(RANK)


@pytest.mark.parametrize("package", RANK)
def test_packages_import_leftwards(package: str) -> None:
    modules = [path for path in MODULES if path.relative_to(ROOT).parts[0] == package]
    assert modules
    assert [found for path in modules for found in strayed(path)] == []


def test_relative_imports_are_resolved() -> None:
    """The check above would pass on anything if names were resolved wrongly."""
    assert "qrnnlang.diagnostics.DataError" in {n for _, n in imported(ROOT / "cli/check.py")}
    assert "qrnnlang.sema.entry.check_path" in {n for _, n in imported(ROOT / "sema/__init__.py")}
    assert package_of("qrnnlang.sema.entry.check_path") == "sema"
    assert package_of("qrnnlang.__version__") is None
    assert package_of("numpy.linalg") is None


def test_an_import_to_the_right_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "qrnnlang" / "ir" / "astray.py"
    module.parent.mkdir(parents=True)
    module.write_text("def f():\n    from ..engine import build\n    return build\n")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path / "qrnnlang")
    assert strayed(module) == ["ir/astray.py:2 imports qrnnlang.engine.build"]


def test_import_is_light() -> None:
    loaded = loaded_by("import qrnnlang")
    assert "qrnnlang" in loaded
    assert loaded & (HEAVY | {"numpy", "lark", "rich"}) == set()


def test_check_is_light(tmp_path: Path) -> None:
    source = tmp_path / "a.qrnn"
    source.write_text(
        "qrnn 1.0; import std.cells; cell A { input x: real; carry m: qubit[2]; ry(x) m; "
        "output y = expect(Z(m)); }"
    )
    loaded = loaded_by(
        f"from qrnnlang.cli.main import main; assert main(['check', {str(source)!r}]) == 0"
    )
    assert "qrnnlang" in loaded
    assert loaded & HEAVY == set()


def test_loading_a_model_needs_no_engine() -> None:
    code = "import qrnnlang as qr; qr.loads('qrnn 1.0; cell A { input x: real; output y = x; }')"
    assert loaded_by(code) & HEAVY == set()


def test_help_and_format_are_light(tmp_path: Path) -> None:
    source = tmp_path / "a.qrnn"
    source.write_text("qrnn 1.0;\ncell A { input x: real; output y = 2 * x; }\n")
    start = "from qrnnlang.cli.main import main; "
    assert loaded_by(start + "main(['--help'])") & (HEAVY | {"numpy"}) == set()
    assert loaded_by(start + f"main(['fmt', {str(source)!r}])") & HEAVY == set()


def test_each_part_imports_only_its_own_library() -> None:
    source = "qrnn 1.0; cell A { input x: real; fresh q: qubit; ry(x) q; output y = expect(Z(q)); }"
    start = f"import qrnnlang as qr; m = qr.loads({source!r}); p = m.init(); "
    assert not loaded_by(start + "m(p, [[0.1]])") & {"qiskit", "matplotlib", "optax"}
    assert not loaded_by(start + "m.to_qasm(3, steps=1)") & {"jax", "matplotlib", "optax"}
