"""What a wheel holds, with a compiler and without, and what an installed one computes with."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

from qrnnlang.engine.native import installed, recipe

from .helpers import NEEDS_COMPILER

ROOT = Path(__file__).parents[2]
BUILT = "qrnnlang/engine/native/built/"
NONE = "no compiled kernel in the wheel: "


def backend() -> Any:
    spec = importlib.util.spec_from_file_location("backend", ROOT / "kernels/build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compiler(folder: Path, monkeypatch: pytest.MonkeyPatch, refused: str = "none") -> None:
    """One that writes its arguments into what it makes, and does not know an instruction set."""
    program = folder / "told"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *-march={refused}\\ *) echo "error: bad march" >&2; exit 1;; esac\n'
        'all="$*"\nwhile [ "$1" != -o ]; do shift; done\necho "$all" > "$2"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("CXX", str(program))


def wheel(folder: Path) -> zipfile.ZipFile:
    (made,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return zipfile.ZipFile(made)


def libraries(of: zipfile.ZipFile) -> dict[str, str]:
    names = [x for x in of.namelist() if x.startswith(BUILT)]
    return {x.removeprefix(BUILT): of.read(x).decode() for x in names}


def test_a_library_for_each_instruction_set(tmp_path: Path, monkeypatch) -> None:
    compiler(tmp_path, monkeypatch)
    made = wheel(tmp_path)
    found = libraries(made)
    kinds = [kind.march for kind in recipe.instruction_sets()]
    assert set(found) == {recipe.built_name(march) for march in kinds}
    for march in kinds:
        assert found[recipe.built_name(march)].startswith(" ".join(recipe.flags(march)))
    kernels = {x for x in made.namelist() if x.startswith("qrnnlang/kernels/")}
    assert kernels == {f"qrnnlang/kernels/{x.name}" for x in recipe.source_files()}
    tag = Path(str(made.filename)).stem.removeprefix("qrnnlang-0.1.0-")
    assert tag.startswith("py3-none-") and tag != "py3-none-any"
    (told,) = (made.read(x).decode() for x in made.namelist() if x.endswith("dist-info/WHEEL"))
    assert f"Root-Is-Purelib: false\nTag: {tag}\n" in told


def test_a_set_that_the_compiler_does_not_know(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    compiler(tmp_path, monkeypatch, refused="x86-64-v4")
    found = libraries(wheel(tmp_path))
    assert set(found) == {recipe.built_name(march) for march in ("x86-64-v3", "x86-64")}
    assert f"{NONE}AVX-512: `told` cannot compile it: error: bad march" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("CXX", "/nonexistent", "no C++ compiler: `/nonexistent` is not found"),
        ("CXX", "false", "`false` cannot compile it"),
        ("QRNNLANG_KERNEL", "off", "switched off by QRNNLANG_KERNEL"),
    ],
)
def test_without_a_compiler_the_wheel_is_pure(
    tmp_path: Path, monkeypatch, capsys, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(name, value)
    made = wheel(tmp_path)
    assert made.filename and made.filename.endswith("-none-any.whl")
    assert libraries(made) == {}
    assert "qrnnlang/kernels/sweep.cc" in made.namelist()
    assert why in capsys.readouterr().err


def test_an_editable_install_has_none_and_needs_no_headers(tmp_path: Path, monkeypatch) -> None:
    compiler(tmp_path, monkeypatch)
    monkeypatch.chdir(ROOT)
    found = backend()
    data: dict[str, Any] = {"force_include": {}}
    found.Kernel.initialize(None, "editable", data)
    assert data == {"force_include": {}}
    needs = [found.get_requires_for_build_wheel(), found.get_requires_for_build_editable()]
    assert ["jaxlib>=0.7" in x for x in needs] == [True, False]
    monkeypatch.setenv("CXX", "/nonexistent")
    assert "jaxlib>=0.7" not in found.get_requires_for_build_wheel()


PROGRAM = """
import json, sys
import numpy as np
import qrnnlang
from qrnnlang.engine import build
from qrnnlang.engine.native import library
from qrnnlang.sema import load_text

model = load_text('''qrnn 1.0;
cell A { input x: real; carry m: qubit[2]; param w: angle[2]; ry(x) m; rx(w) m; cx m[0], m[1];
         output y = expect(Z(m[1])); }
model M { use c = A(); input x: seq real; target y: seq real; output p = c(x); loss mse(p, y); }
''')
x = np.linspace(0, 1, 40).reshape(8, 5)
given = {"c.w": np.array([0.3, 0.5])}, {"x": x}, {"y": x[:, ::-1]}
kinds = ("native", "xla") if library.reason() is None else ("auto", "xla")
found = [float(build(model, executor=kind).loss(*given)) for kind in kinds]
path = str(library.kernel().path) if library.reason() is None else None
json.dump([qrnnlang.__file__, library.state(), path, found], sys.stdout)
"""


def install(folder: Path, **env: str) -> Path:
    """A wheel built from a copy of the sources, installed into a folder."""
    tree, wheels, where = folder / "tree", folder / "wheels", folder / "site"
    for name in ("qrnnlang", "grammar", "kernels", "docs", "examples"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tree)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    steps = (
        ["wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(tree)],
        ["install", "--no-deps", "--target", str(where)],
    )
    subprocess.run([*pip, *steps[0]], check=True, env={**os.environ, **env})
    (made,) = wheels.iterdir()
    subprocess.run([*pip, *steps[1], str(made)], check=True)
    shutil.rmtree(tree)
    return where


def computed(where: Path, **env: str) -> Any:
    """What the installed package says in a process that finds no compiler."""
    cache = where.parent / "cache"
    given = {"PATH": "/nonexistent", "PYTHONPATH": str(where), "XDG_CACHE_HOME": str(cache), **env}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=given,
        cwd=where.parent,
        capture_output=True,
        check=True,
    )
    file, state, path, (ours, theirs) = json.loads(done.stdout)
    assert Path(file).is_relative_to(where)
    assert abs(ours - theirs) < 1e-12
    return state, path


@pytest.mark.long
@NEEDS_COMPILER
def test_an_installed_wheel_computes_with_its_own_kernel(tmp_path: Path, monkeypatch) -> None:
    for name in ("QRNNLANG_MARCH", "QRNNLANG_CXXFLAGS", "QRNNLANG_KERNEL"):
        monkeypatch.delenv(name, raising=False)
    where = install(tmp_path)
    best, *others = installed.wanted()
    state, path = computed(where)
    assert state == f"ready ({best.title}, installed)".replace("(, ", "(")
    assert Path(path).parent == where / BUILT
    for kind in others:
        state, path = computed(where, QRNNLANG_MARCH=kind.march)
        assert state == f"ready ({kind.title}, installed)"
        assert Path(path).name == recipe.built_name(kind.march)


@pytest.mark.long
def test_a_wheel_without_a_kernel_computes_as_well(tmp_path: Path) -> None:
    where = install(tmp_path, CXX="/nonexistent")
    assert computed(where) == ("none, XLA computes: no C++ compiler", None)
