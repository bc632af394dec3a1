"""qrnnlang: a small declarative language and compiler for quantum recurrent neural networks.

>>> import qrnnlang as qr
>>> model = qr.loads('qrnn 1.0; cell A { input x: real; output y = 2 * x; }')

What a user does not use (JAX, Qiskit, matplotlib) is not imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .diagnostics import CompileError, DataError, Diagnostic
    from .runtime.load import load, loads
    from .runtime.load import open_artefact as open
    from .runtime.model import Model
    from .runtime.training import Run, TrainingError

__version__ = "0.1.0"

__all__ = [
    "CompileError",
    "DataError",
    "Diagnostic",
    "Model",
    "Run",
    "TrainingError",
    "__version__",
    "load",
    "loads",
    "open",
]

_WHERE = {
    "CompileError": ("diagnostics", "CompileError"),
    "DataError": ("diagnostics", "DataError"),
    "Diagnostic": ("diagnostics", "Diagnostic"),
    "Model": ("runtime.model", "Model"),
    "Run": ("runtime.training", "Run"),
    "TrainingError": ("runtime.training", "TrainingError"),
    "load": ("runtime.load", "load"),
    "loads": ("runtime.load", "loads"),
    "open": ("runtime.load", "open_artefact"),
}


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext qrnnlang` calls: the cell magic `%%qrnn` (docs/notebook.md)."""
    from .notebook import register

    register(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext qrnnlang` calls."""
    from .notebook import unregister

    unregister(shell)


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(import_module(f".{module}", __name__), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
