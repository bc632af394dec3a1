"""Finding a compiler, compiling, and doing without."""

from __future__ import annotations

from pathlib import Path

import jax
import pytest

from qrnnlang.engine import build
from qrnnlang.engine.native import library, recipe
from qrnnlang.sema import load_text


@pytest.fixture
def afresh():
    library.kernel.cache_clear()
    yield
    library.kernel.cache_clear()


def test_without_a_compiler(afresh, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert library.reason() == "no C++ compiler"
    assert library.state() == "none, XLA computes: no C++ compiler"
    model = load_text(
        "qrnn 1.0;\ncell A { input x: real; carry m: qubit; ry(x) m; output y = expect(Z(m)); }"
    )
    assert float(build(model).apply({}, {"x": [[0.0]]})["y"][0, 0]) == 1.0
    with pytest.raises(Exception, match="no C\\+\\+ compiler"):
        build(model, executor="native").apply({}, {"x": [[0.0]]})


def test_where_there_is_a_compiler_there_is_the_kernel() -> None:
    try:
        recipe.compiler()
    except library.Unavailable:
        pytest.skip("no C++ compiler")
    assert library.reason() is None


def test_the_compiler_may_be_a_command(monkeypatch) -> None:
    monkeypatch.setenv("CXX", "env 'CCACHE DIR=a' c++")
    assert recipe.compiler()[1:] == ["CCACHE DIR=a", "c++"]
    monkeypatch.setenv("CXX", " ")
    with pytest.raises(library.Unavailable, match="no C\\+\\+ compiler: ` ` is not found"):
        recipe.compiler()


def test_headers_are_those_of_jax() -> None:
    assert recipe.headers() == Path(jax.ffi.include_dir())


def test_a_compiler_that_fails(afresh, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CXX", "false")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert str(library.reason()).startswith("`false` cannot compile it")
    assert not list((tmp_path / "qrnnlang").glob("*.so"))


def test_switched_off(afresh, monkeypatch) -> None:
    monkeypatch.setenv("QRNNLANG_KERNEL", "off")
    assert library.reason() == "switched off by QRNNLANG_KERNEL"
