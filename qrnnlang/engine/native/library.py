"""The kernel's shared library: one that was installed, or compiled here and kept in the cache."""

from __future__ import annotations

import ctypes
import os
import platform
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import installed, recipe
from .recipe import InstructionSet
from .recipe import Unavailable as Unavailable


@dataclass(frozen=True)
class Kernel:
    """A loaded library. `origin`: where it comes from, as users are told.

    `rates`: the file that keeps what is measured of it on this machine.
    """

    library: ctypes.CDLL
    path: Path
    origin: str
    rates: Path


@cache
def kernel() -> Kernel:
    """The library for this machine, compiled if it is neither installed nor in the cache.

    Raises Unavailable.
    """
    if recipe.switched_off():
        raise Unavailable("switched off by QRNNLANG_KERNEL")
    try:
        if (found := installed.best()) and (opened := _installed(*found)):
            return opened
        return _compiled()
    except Unavailable as error:
        for found in installed.others():
            if (opened := _installed(*found)) and _fits(opened):
                return opened
        raise error


def load() -> ctypes.CDLL:
    """The library. Raises Unavailable."""
    return kernel().library


def rates_file() -> Path:
    """Where what is measured of the library on this machine is kept. Raises Unavailable."""
    return kernel().rates


def reason() -> str | None:
    """Why there is no kernel; None if there is one."""
    try:
        kernel()
    except Unavailable as error:
        return str(error)
    return None


def state() -> str:
    """What computes on this machine, in a line for the user."""
    try:
        return f"ready ({kernel().origin})"
    except Unavailable as error:
        return f"none, XLA computes: {error}"


def _installed(place: Path, kind: InstructionSet) -> Kernel | None:
    """None where it does not load: it may have been built on a newer system."""
    try:
        opened = ctypes.CDLL(str(place))
    except OSError:
        return None
    own = place.name == recipe.built_name(kind.march)
    origin = f"{kind.title}, installed".removeprefix(", ") + ("" if own else " for another jaxlib")
    here = recipe.digest((), place.name, _machine())
    return Kernel(opened, place, origin, _cache() / f"kernel-{here}.rates.json")


def _fits(found: Kernel) -> bool:
    """Whether this `jaxlib` takes its calls: it looks at the version of their interface.

    It does so at once only when it has been started; before, a call that it does not take would
    keep it from starting.
    """
    import jax.ffi

    call = jax.ffi.pycapsule(found.library.qrnn_forward)
    try:
        jax.local_devices(backend="cpu")
        jax.ffi.register_ffi_target(f"trial of {found.path}", call, platform="cpu")
    except RuntimeError:
        return False
    return True


def _compiled() -> Kernel:
    march = os.environ.get("QRNNLANG_MARCH")
    more = shlex.split(os.environ.get("QRNNLANG_CXXFLAGS", ""))
    flags = [*recipe.flags(_march() if march is None else march), *more]
    asked = shlex.join(flags[len(recipe.FLAGS) :]) or "the compiler's defaults"
    origin = "for this machine" if march is None and not more else f"with {asked}"
    program = recipe.compiler()
    texts = (recipe.interface_mark(), *program, *flags, _machine())
    place = _cache() / f"kernel-{recipe.digest(recipe.source_files(), *texts)}.so"
    try:
        if not place.is_file():
            _compile(place, flags)
        opened = ctypes.CDLL(str(place))
    except OSError as error:
        raise Unavailable(f"the kernel cannot be used: {error}") from None
    return Kernel(opened, place, f"compiled {origin}", place.with_suffix(".rates.json"))


def _compile(place: Path, flags: list[str]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place.parent), tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        if place.is_file():
            return
        made = Path(scratch) / "kernel.so"
        recipe.compile_to(made, flags)
        made.replace(place)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process compiles, the others wait for what it makes."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _march() -> str:
    return "native" if platform.machine().lower() in ("x86_64", "amd64", "aarch64") else ""


def _machine() -> str:
    """What the processor can do: a home folder may be shared by several machines."""
    try:
        lines = installed.CPUINFO.read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    kinds = ("flags", "Features", "model name", "CPU part")
    return "\n".join(sorted({x for x in lines if x.startswith(kinds)}))


def _cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "qrnnlang"
