"""The exact engine: a model as JAX functions."""

from .errors import Unsupported
from .executable import Executable, build

__all__ = ["Executable", "Unsupported", "build"]
