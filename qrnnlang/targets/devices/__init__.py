"""Devices: one step of a program is placed, routed and translated, then repeated."""

from .backends import backend_by_name
from .compile import on_device

__all__ = ["backend_by_name", "on_device"]
