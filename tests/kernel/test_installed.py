"""Which of the libraries of an installation is taken, and when it is none of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import jax
import pytest

from qrnnlang.engine import rates
from qrnnlang.engine.native import installed, library, recipe

from .helpers import NEEDS_COMPILER

AVX2 = "fpu sse4_2 avx avx2 fma bmi1 bmi2 f16c abm movbe"
AVX512 = f"{AVX2} avx512f avx512dq avx512cd avx512bw avx512vl"
Place = Callable[..., Path]


@pytest.fixture(scope="module")
def kernel_of_here() -> Path:
    return library.kernel().path


@pytest.fixture
def afresh():
    library.kernel.cache_clear()
    rates.here.cache_clear()
    yield
    library.kernel.cache_clear()
    rates.here.cache_clear()


@pytest.fixture
def processor(monkeypatch, tmp_path: Path) -> Callable[[str], None]:
    """A machine with an x86-64 processor that can do what is named, and no settings."""

    def given(can: str) -> None:
        (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {can}\nflags\t\t: other\n")

    monkeypatch.setattr(recipe.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(installed, "CPUINFO", tmp_path / "cpuinfo")
    for name in ("QRNNLANG_MARCH", "QRNNLANG_CXXFLAGS"):
        monkeypatch.delenv(name, raising=False)
    given(AVX512)
    return given


@pytest.fixture
def place(kernel_of_here: Path, afresh, processor, monkeypatch, tmp_path: Path) -> Place:
    """Installs the kernel under the name of an instruction set; nothing can be compiled."""
    folder = tmp_path / "built"
    folder.mkdir()

    def placed(march: str, interface: str | None = None) -> Path:
        return Path(shutil.copy(kernel_of_here, folder / recipe.built_name(march, interface)))

    monkeypatch.setattr(installed, "FOLDER", folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", "/nonexistent")
    return placed


@pytest.fixture
def compiler(place: Place, monkeypatch, tmp_path: Path) -> None:
    """A compiler that takes no time."""
    program = tmp_path / "quick"
    copy = f"cp '{place('quick').rename(tmp_path / 'made.so')}'"
    program.write_text(f'#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n{copy} "$2"\n')
    program.chmod(0o755)
    monkeypatch.setenv("CXX", str(program))


def titles() -> list[str]:
    return [kind.title for kind in installed.wanted()]


@pytest.mark.parametrize(
    ("can", "found"),
    [
        (AVX512, ["AVX-512", "AVX2", "baseline x86-64"]),
        (AVX512.replace(" avx512vl", ""), ["AVX2", "baseline x86-64"]),
        (AVX2, ["AVX2", "baseline x86-64"]),
        (AVX2.replace(" fma", ""), ["baseline x86-64"]),
        ("", ["baseline x86-64"]),
    ],
)
def test_sets_that_the_processor_has(processor, can: str, found: list[str]) -> None:
    processor(can)
    assert titles() == found


def test_an_unknown_processor(processor, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installed, "CPUINFO", tmp_path / "none")
    assert titles() == ["baseline x86-64"]


def test_other_processors_have_the_set_of_the_compiler(processor, monkeypatch) -> None:
    monkeypatch.setattr(recipe.platform, "machine", lambda: "aarch64")
    assert installed.wanted() == (recipe.DEFAULT,)
    assert recipe.built_name("").startswith("kernel-default-")
    assert recipe.flags("") == list(recipe.FLAGS)


def test_settings(processor, monkeypatch) -> None:
    monkeypatch.setenv("QRNNLANG_MARCH", "x86-64-v3")
    assert titles() == ["AVX2"]
    for own in ("native", ""):
        monkeypatch.setenv("QRNNLANG_MARCH", own)
        assert titles() == []
    monkeypatch.delenv("QRNNLANG_MARCH")
    monkeypatch.setenv("QRNNLANG_CXXFLAGS", "-O2")
    assert titles() == []


@NEEDS_COMPILER
def test_the_best_one_is_taken(place: Place, processor) -> None:
    best, lower = place("x86-64-v4"), place("x86-64-v3")
    assert library.state() == "ready (AVX-512, installed)"
    assert library.kernel().path == best
    library.kernel.cache_clear()
    processor(AVX2)
    assert library.state() == "ready (AVX2, installed)"
    assert library.kernel().path == lower


@NEEDS_COMPILER
def test_a_lower_one_can_be_asked_for(place: Place, monkeypatch) -> None:
    place("x86-64-v4")
    lower = place("x86-64-v3")
    monkeypatch.setenv("QRNNLANG_MARCH", "x86-64-v3")
    assert library.kernel().path == lower
    library.kernel.cache_clear()
    monkeypatch.setenv("QRNNLANG_KERNEL", "off")
    assert library.reason() == "switched off by QRNNLANG_KERNEL"


@NEEDS_COMPILER
@pytest.mark.parametrize(
    ("name", "value", "made"),
    [
        ("QRNNLANG_MARCH", "native", "-march=native"),
        ("QRNNLANG_MARCH", "", "the compiler's defaults"),
        ("QRNNLANG_CXXFLAGS", "-O2 -g", "-O2 -g"),
    ],
)
def test_what_is_not_installed_is_compiled(
    compiler, place: Place, monkeypatch, name: str, value: str, made: str
) -> None:
    place("x86-64-v4")
    monkeypatch.setenv(name, value)
    assert library.state().endswith(f"{made})")
    assert library.state().startswith("ready (compiled with ")
    library.kernel.cache_clear()
    monkeypatch.setenv("CXX", "/nonexistent")
    assert library.reason() == "no C++ compiler: `/nonexistent` is not found"


@NEEDS_COMPILER
def test_one_of_other_sources_is_never_taken(place: Place, monkeypatch, tmp_path: Path) -> None:
    place("x86-64-v4")
    changed = tmp_path / "kernels"
    shutil.copytree(recipe.sources(), changed)
    with (changed / "run.h").open("a") as file:
        file.write("\n")
    monkeypatch.setattr(recipe, "sources", lambda: changed)
    assert library.reason() == "no C++ compiler: `/nonexistent` is not found"
    place("x86-64-v4")
    assert library.reason() is None


@NEEDS_COMPILER
def test_one_by_other_flags_is_never_taken(place: Place, monkeypatch) -> None:
    place("x86-64-v4")
    monkeypatch.setattr(recipe, "FLAGS", (*recipe.FLAGS, "-g"))
    assert library.reason() is not None


@NEEDS_COMPILER
def test_for_another_jaxlib_only_where_nothing_can_be_compiled(
    compiler, place: Place, monkeypatch
) -> None:
    other = place("x86-64-v4", "0" * 16)
    assert library.state() == "ready (compiled for this machine)"
    library.kernel.cache_clear()
    monkeypatch.setenv("CXX", "/nonexistent")
    assert library.state() == "ready (AVX-512, installed for another jaxlib)"
    assert library.kernel().path == other


@NEEDS_COMPILER
def test_one_that_jaxlib_refuses(place: Place, monkeypatch) -> None:
    place("x86-64-v4", "0" * 16)

    def refused(*args: object, **more: object) -> None:
        raise jax.errors.JaxRuntimeError("the handler's API version is incompatible")

    monkeypatch.setattr(jax.ffi, "register_ffi_target", refused)
    assert library.reason() == "no C++ compiler: `/nonexistent` is not found"


@NEEDS_COMPILER
def test_one_for_less_than_the_processor_can_do(compiler, place: Place, monkeypatch) -> None:
    place("x86-64")
    assert library.state() == "ready (compiled for this machine)"
    library.kernel.cache_clear()
    monkeypatch.setenv("CXX", "false")
    assert library.state() == "ready (baseline x86-64, installed)"


@NEEDS_COMPILER
def test_one_that_does_not_load(compiler, place: Place, monkeypatch) -> None:
    place("x86-64-v4").write_text("not a library")
    assert library.state() == "ready (compiled for this machine)"
    library.kernel.cache_clear()
    monkeypatch.setenv("CXX", "/nonexistent")
    assert library.reason() == "no C++ compiler: `/nonexistent` is not found"


@NEEDS_COMPILER
def test_rates_are_kept_in_the_cache(place: Place, tmp_path: Path) -> None:
    made = place("x86-64-v4")
    rates.here()
    assert [x.suffixes[-2:] for x in (tmp_path / "cache/qrnnlang").iterdir()] == [
        [".rates", ".json"]
    ]
    assert list(made.parent.iterdir()) == [made]
