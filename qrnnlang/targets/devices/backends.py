"""Backends by name."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from ..errors import target_error

#: Entry points of this group are callables that give a `BackendV2`.
GROUP = "qrnnlang.backends"

KNOWN = "`aer`, `generic_N`, `line_N`, `grid_RxC`, `heavy_hex_D`, `fake_NAME`, `module:Class`"
_BASIS = ["cz", "rz", "sx", "x", "id", "measure", "reset"]


def backend_by_name(name: str) -> Any:
    """A Qiskit `BackendV2`.

    `aer`: the simulator, every pair coupled. `generic_N`, `line_N`, `grid_RxC`, `heavy_hex_D`
    (D odd): Qiskit's generic backend on that map, CZ RZ √X X, errors and durations drawn from seed
    0. `fake_NAME`: a snapshot of qiskit-ibm-runtime. `module:attribute`: called without arguments
    if it is a class or function. Else an entry point of the group `qrnnlang.backends`.

    Raises:
        CompileError: E0611.
    """
    if name in ("aer", "aer_simulator"):
        from qiskit_aer import AerSimulator

        return AerSimulator()
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    if found is not None:
        return _made(found.load(), name)
    coupling = _map(name)
    if coupling is not None:
        from qiskit.providers.fake_provider import GenericBackendV2

        return GenericBackendV2(
            coupling.size(), _BASIS, coupling_map=coupling, control_flow=True, seed=0
        )
    if name.startswith("fake_"):
        return _fake(name)
    if ":" in name:
        return _attribute(name)
    raise _unknown(name, f"there are {KNOWN}, and entry points of the group `{GROUP}`")


def _map(name: str) -> Any:
    from qiskit.transpiler import CouplingMap

    match re.fullmatch(r"(generic|line|grid|heavy_hex)_(\d{1,4})(?:x(\d{1,4}))?", name):
        case None:
            return None
        case m if (m[3] is not None) != (m[1] == "grid") or 0 in (int(m[2]), int(m[3] or 1)):
            return None
        case m if int(m[2]) * int(m[3] or 1) > 2000:
            return None
        case m if m[1] == "grid":
            return CouplingMap.from_grid(int(m[2]), int(m[3]))
        case m if m[1] == "heavy_hex":
            distance = int(m[2])
            if distance % 2 == 0 or distance > 25:
                return None
            return CouplingMap.from_heavy_hex(distance)
        case m if m[1] == "line":
            return CouplingMap.from_line(int(m[2]))
        case m:
            return CouplingMap.from_full(int(m[2])) if int(m[2]) <= 64 else None


def _fake(name: str) -> Any:
    try:
        from qiskit_ibm_runtime import fake_provider
    except ImportError:
        raise _unknown(
            name,
            "the fake backends come with `pip install 'qrnnlang[devices]'` (qiskit-ibm-runtime)",
        ) from None
    for found in vars(fake_provider).values():
        if isinstance(found, type) and getattr(found, "backend_name", None) == name:
            return found()
    raise _unknown(name, "qiskit-ibm-runtime has no backend of this name")


def _attribute(name: str) -> Any:
    module, _, path = name.partition(":")
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError):
        raise _unknown(name, f"`{module}` cannot be imported or has no `{path}`") from None
    return _made(found, name)


def _made(found: Any, name: str) -> Any:
    backend = found() if callable(found) and not hasattr(found, "target") else found
    if isinstance(backend, type):
        backend = backend()
    if not hasattr(backend, "target"):
        backend = found()
    if not hasattr(backend, "target"):
        raise _unknown(name, "it gives no Qiskit `BackendV2`")
    return backend


def _unknown(name: str, help: str) -> Exception:
    return target_error("E0611", f"there is no backend `{name}`", help=help)
