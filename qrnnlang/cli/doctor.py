"""`qrnnc doctor`: versions, optional parts, what computes."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys

from .. import __version__
from .errors import FAILED_RUN, OK

_REQUIRED = (
    *("numpy", "networkx", "jax", "jaxlib", "optax", "qiskit", "qiskit-aer"),
    *("qiskit-qasm3-import", "safetensors", "matplotlib", "rich"),
)
_OPTIONAL = {
    "statsmodels": "series.sunspots",
    "torch": "qrnnlang.torch",
    "scikit-learn": "qrnnlang.sklearn",
    "qiskit-ibm-runtime": "runs on IBM devices",
    "distributed": "a Dask cluster",
    "ipython": "notebooks",
    "tensorboardX": "callbacks.TensorBoard",
    "mlflow-skinny": "callbacks.MLflow",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(args: argparse.Namespace) -> int:
    width = max(map(len, (*_REQUIRED, *_OPTIONAL, "native kernel"))) + 2
    lines = [f"{'qrnnlang':{width}}{__version__}", f"{'python':{width}}{platform.python_version()}"]
    lines.append(f"{'system':{width}}{platform.system()} {platform.machine()}")
    missing = []
    for name in _REQUIRED:
        version = _version(name)
        lines.append(f"{name:{width}}{version or 'MISSING'}")
        if version is None:
            missing.append(name)
    for name, use in _OPTIONAL.items():
        lines.append(f"{name:{width}}{_version(name) or f'not installed (for {use})'}")
    if "jax" not in missing and "jaxlib" not in missing:
        lines.append(f"{'devices':{width}}{_devices()}")
        lines.append(f"{'native kernel':{width}}{_kernel()}")
    sys.stdout.write("\n".join(lines) + "\n")
    return FAILED_RUN if missing else OK


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _kernel() -> str:
    from ..engine.native import library

    return library.state()


def _devices() -> str:
    try:
        import jax

        return ", ".join(f"{d.platform}:{d.id}" for d in jax.devices())
    except Exception as error:  # a broken installation is just what a doctor should tell of
        return f"jax does not start: {error}"
