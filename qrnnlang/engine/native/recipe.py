"""How the kernel is compiled, for this machine or for a wheel.

Only the standard library is imported: `kernels/build.py`, which builds the wheel, loads this file
by itself.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

FLAGS = ("-std=c++17", "-O3", "-fno-math-errno", "-fPIC", "-shared", "-pthread")
#: Compiling takes half a minute; a compiler that has not ended after this long is given up.
PATIENCE_S = 600


class Unavailable(Exception):
    """Why there is no kernel on this machine."""


class InstructionSet(NamedTuple):
    """What a library may use of a processor.

    `march`: the compiler's name of it, empty for its default; `title`: the users'; `needs`: Linux's
    names of what the processor must have.
    """

    march: str
    title: str
    needs: frozenset[str] = frozenset()


#: The best first.
X86 = (
    InstructionSet(
        "x86-64-v4", "AVX-512", frozenset(f"avx512{x}" for x in ("f", "bw", "cd", "dq", "vl"))
    ),
    InstructionSet(
        "x86-64-v3", "AVX2", frozenset(("avx2", "fma", "bmi1", "bmi2", "f16c", "abm", "movbe"))
    ),
    InstructionSet("x86-64", "baseline x86-64"),
)
DEFAULT = InstructionSet("", "")


def instruction_sets() -> tuple[InstructionSet, ...]:
    """Those that a wheel has a library for, the best first."""
    return X86 if platform.machine().lower() in ("x86_64", "amd64") else (DEFAULT,)


def switched_off() -> bool:
    return os.environ.get("QRNNLANG_KERNEL", "").lower() in ("0", "off", "no")


def sources() -> Path:
    """The folder of the kernel's sources: in the package once installed, else in the repository."""
    here = Path(__file__).resolve().parents[2]
    for folder in (here / "kernels", here.parent / "kernels"):
        if (folder / "sweep.cc").is_file():
            return folder
    raise Unavailable("the kernel's sources are not installed")


def source_files() -> list[Path]:
    folder = sources()
    return sorted((*folder.glob("*.cc"), *folder.glob("*.h")))


def headers() -> Path:
    """The folder of the headers in `jaxlib`, which is found without being imported."""
    spec = importlib.util.find_spec("jaxlib")
    for place in (spec and spec.submodule_search_locations) or ():
        if (folder := Path(place) / "include").is_dir():
            return folder
    raise Unavailable("the headers of `jaxlib` are not installed")


def compiler() -> list[str]:
    """The C++ compiler, as a command begins: `CXX`, or the first that is found."""
    named = os.environ.get("CXX")
    for words in [shlex.split(named)] if named else [["g++"], ["clang++"], ["c++"]]:
        if words and (found := shutil.which(words[0])):
            return [found, *words[1:]]
    raise Unavailable(f"no C++ compiler: `{named}` is not found" if named else "no C++ compiler")


def flags(march: str) -> list[str]:
    return [*FLAGS, *([f"-march={march}"] if march else [])]


def compile_to(made: Path, given: Sequence[str]) -> None:
    """Writes the library, compiled with the flags. Raises Unavailable."""
    program = compiler()
    where = ["-isystem", str(headers()), str(sources() / "sweep.cc"), "-o", str(made)]
    try:
        done = subprocess.run(
            [*program, *given, *where], capture_output=True, text=True, timeout=PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"the kernel cannot be compiled: {error}") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        why = next((x for x in lines if "error" in x), lines[-1])
        raise Unavailable(f"`{Path(program[0]).name}` cannot compile it: {why.strip()}")


def built_name(march: str, interface: str | None = None) -> str:
    """The file of a library in a wheel; it says of what the library was made.

    The instruction set, the sources and flags, and the headers of `jaxlib`: by default those that
    are installed; `*` stands for any.
    """
    what = digest(source_files(), *flags(march))
    return f"kernel-{march or 'default'}-{what}-{interface or interface_mark()}.so"


def interface_mark() -> str:
    """For what headers of `jaxlib`: several of its versions may have the same."""
    return digest(sorted(headers().rglob("*.h")))


def digest(files: Sequence[Path], *texts: str) -> str:
    """A name for texts and the names and contents of files."""
    mark = hashlib.sha256()
    for text in texts:
        mark.update(text.encode() + b"\0")
    for file in files:
        mark.update(file.name.encode() + b"\0")
        mark.update(hashlib.sha256(file.read_bytes()).digest())
    return mark.hexdigest()[:16]
