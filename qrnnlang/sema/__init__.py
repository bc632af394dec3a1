"""Meaning: names, stages, types, shapes, lifetimes; elaboration of a source to a closed model."""

from .entry import (
    Program,
    check_path,
    check_text,
    load_path,
    load_program,
    load_text,
    load_text_program,
    read_source,
)

__all__ = [
    "Program",
    "check_path",
    "check_text",
    "load_path",
    "load_program",
    "load_text",
    "load_text_program",
    "read_source",
]
