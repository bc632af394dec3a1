"""Sweeps: a model trained at every point of a grid, by every seed."""

from .grid import Grid, Point
from .sweep import Sweep, sweep
from .table import Row, Summary

__all__ = ["Grid", "Point", "Row", "Summary", "Sweep", "sweep"]
