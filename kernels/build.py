"""How the package is built: by hatchling, with the kernel compiled into the wheel.

A wheel has a library for each instruction set that its users may have; without a compiler it has
none, and the kernel is compiled on first use once there is one. An editable install never has any:
its sources may change, and what is compiled on first use is for its machine. So it alone needs no
`jaxlib` to be built, which is why this is both hatchling's hook and the build backend around it.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hatchling.build
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags

ROOT = Path(__file__).resolve().parents[1]
NATIVE = "qrnnlang/engine/native"
_spec = importlib.util.spec_from_file_location("recipe", ROOT / NATIVE / "recipe.py")
recipe = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recipe)


def __getattr__(name: str) -> Any:
    """All other hooks of the backend are hatchling's."""
    return getattr(hatchling.build, name)


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """What hatchling needs, and the headers of `jaxlib` where something is going to be compiled."""
    found = hatchling.build.get_requires_for_build_wheel(config_settings)
    return [*found, "jaxlib>=0.7"] if why_not() is None else found


def why_not() -> str | None:
    """Why nothing is compiled; None if it is."""
    if recipe.switched_off():
        return "switched off by QRNNLANG_KERNEL"
    try:
        recipe.compiler()
    except recipe.Unavailable as error:
        return str(error)
    return None


class Kernel(BuildHookInterface):
    """The kernel's sources in the wheel, and its libraries."""

    #: Where the libraries lie until the wheel is written.
    scratch: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        included = build_data["force_include"]
        included |= {str(x): f"qrnnlang/kernels/{x.name}" for x in recipe.source_files()}
        made = self.libraries()
        if made:
            included |= {str(x): f"{NATIVE}/built/{x.name}" for x in made}
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self.scratch is not None:
            self.scratch.cleanup()

    def libraries(self) -> list[Path]:
        """Those that could be compiled."""
        if why := why_not():
            self.missing(why)
            return []
        self.scratch = tempfile.TemporaryDirectory(prefix="qrnnlang-")
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            made = list(threads.map(self.library, recipe.instruction_sets()))
        return [x for x in made if x is not None]

    def library(self, kind: Any) -> Path | None:
        try:
            made = Path(self.scratch.name) / recipe.built_name(kind.march)
            recipe.compile_to(made, recipe.flags(kind.march))
        except recipe.Unavailable as error:
            self.missing(f"{kind.title}: {error}" if kind.title else str(error))
            return None
        return made

    def missing(self, why: str) -> None:
        self.app.display_warning(
            f"no compiled kernel in the wheel: {why}. It is compiled on first use where there is "
            "a C++17 compiler; elsewhere XLA computes. `qrnnc doctor` says which."
        )


def platform() -> str:
    """This platform's tag; libraries that are linked to this system's are no `manylinux` ones."""
    return next(x for x in platform_tags() if not x.startswith(("manylinux", "musllinux")))
