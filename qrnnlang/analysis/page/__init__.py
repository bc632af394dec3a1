"""A report: one HTML file that needs nothing else."""

from .report import report

__all__ = ["report"]
