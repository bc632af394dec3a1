"""A model as a layer of PyTorch: `qrnnlang.torch.Layer`. Needs `torch`."""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        "qrnnlang.torch needs PyTorch, which is not installed: pip install torch"
    ) from error

from .layer import Layer

__all__ = ["Layer"]
