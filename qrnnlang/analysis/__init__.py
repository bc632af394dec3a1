"""Answers to the field's questions: gradients, trainability, representation, cost, comparison.

`analyze` measures all quantities of a model's cell; each also stands in a module of its own, with
its definition, source and units (docs/analysis.md). `compare` trains models against each other.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis import QUANTITIES, Analysis, analyze
    from .finding import Estimate, Finding, NotDefined
    from .plots import picture
    from .subject import Subject, subject

__all__ = [
    "QUANTITIES",
    "Analysis",
    "Estimate",
    "Finding",
    "NotDefined",
    "Subject",
    "analyze",
    "picture",
    "subject",
]

_WHERE = {
    "QUANTITIES": "analysis",
    "Analysis": "analysis",
    "Estimate": "finding",
    "Finding": "finding",
    "NotDefined": "finding",
    "Subject": "subject",
    "analyze": "analysis",
    "picture": "plots",
    "subject": "subject",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used: JAX is heavy."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_WHERE[name]}", __name__), name)
