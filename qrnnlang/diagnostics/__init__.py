"""Places in sources, diagnostics, and how they are shown. Every package may import this one."""

from .errors import CompileError, DataError, Diagnostic, Label
from .source import Source, Span

__all__ = ["CompileError", "DataError", "Diagnostic", "Label", "Source", "Span"]
