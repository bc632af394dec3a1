"""The kernel's shared library: compiled once for this machine, kept in the user's cache."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

SOURCES = (
    "sweep.cc",
    "chain.h",
    "channel.h",
    "contract.h",
    "dense.h",
    "forms.h",
    "kraus.h",
    "lane_kraus.h",
    "lane_transfer.h",
    "lanes.h",
    "pair.h",
    "plan.h",
    "pool.h",
    "program.h",
    "rates.h",
    "recurrent.h",
    "run.h",
    "sets.h",
    "split.h",
    "together.h",
    "transfer.h",
)
FLAGS = ("-std=c++17", "-O3", "-fno-math-errno", "-fPIC", "-shared", "-pthread")
#: Compiling takes seconds; a compiler that has not ended after this long is given up.
PATIENCE_S = 300


class Unavailable(Exception):
    """Why there is no kernel on this machine."""


def sources() -> Path:
    """The folder of the kernel's sources: in the package once installed, else in the repository."""
    here = Path(__file__).resolve().parents[2]
    for folder in (here / "kernels", here.parent / "kernels"):
        if (folder / SOURCES[0]).is_file():
            return folder
    raise Unavailable("the kernel's sources are not installed")


def compiler() -> str:
    """The C++ compiler: `CXX`, or the first that is found."""
    named = os.environ.get("CXX")
    for name in shlex.split(named)[:1] if named else ("g++", "clang++", "c++"):
        if found := shutil.which(name):
            return found
    raise Unavailable(f"no C++ compiler: `{named}` is not found" if named else "no C++ compiler")


@cache
def load() -> ctypes.CDLL:
    """The library, compiled if it is not in the cache. Raises Unavailable."""
    if os.environ.get("QRNNLANG_KERNEL", "").lower() in ("0", "off", "no"):
        raise Unavailable("switched off by QRNNLANG_KERNEL")
    try:
        return ctypes.CDLL(str(path()))
    except OSError as error:
        raise Unavailable(f"the kernel cannot be used: {error}") from None


@cache
def path() -> Path:
    """The library's file, compiled if it is not in the cache. Raises Unavailable."""
    return _compiled()


def reason() -> str | None:
    """Why there is no kernel; None if there is one."""
    try:
        load()
    except Unavailable as error:
        return str(error)
    return None


def _compiled() -> Path:
    from importlib.metadata import version

    import jax.ffi

    folder, program = sources(), compiler()
    march = os.environ.get("QRNNLANG_MARCH", _march())
    flags = [*FLAGS, *([f"-march={march}"] if march else [])]
    flags += shlex.split(os.environ.get("QRNNLANG_CXXFLAGS", ""))
    mark = hashlib.sha256()
    for text in (version("jaxlib"), program, *flags, _machine()):
        mark.update(text.encode() + b"\0")
    for name in SOURCES:
        mark.update((folder / name).read_bytes())
    place = _cache() / f"kernel-{mark.hexdigest()[:20]}.so"
    if place.is_file():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _alone(place.parent), tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            if place.is_file():
                return place
            made = Path(scratch) / "kernel.so"
            where = ["-isystem", str(jax.ffi.include_dir())]
            command = [program, *flags, *where, str(folder / SOURCES[0]), "-o", str(made)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["no message"]
                error = next((x for x in lines if "error" in x), lines[-1])
                raise Unavailable(f"`{Path(program).name}` cannot compile it: {error.strip()}")
            made.replace(place)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"the kernel cannot be compiled: {error}") from None
    return place


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
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    kinds = ("flags", "Features", "model name", "CPU part")
    return "\n".join(sorted({x for x in lines if x.startswith(kinds)}))


def _cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "qrnnlang"
