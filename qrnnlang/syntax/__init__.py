"""Text to a syntax tree with spans, and back."""

from .parser import parse

__all__ = ["parse"]
