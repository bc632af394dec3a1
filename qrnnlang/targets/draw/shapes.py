"""Primitive shapes with coordinates: all that a writer of pictures has to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Line:
    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 1.4
    dash: str = ""
    radius: float = 0.0  # of its corners


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    w: float
    h: float
    fill: str
    stroke: str = "none"
    radius: float = 4.0
    width: float = 1.2


@dataclass(frozen=True, slots=True)
class Circle:
    x: float
    y: float
    r: float
    fill: str
    stroke: str
    width: float = 1.4


@dataclass(frozen=True, slots=True)
class Text:
    """`anchor`: start, middle or end; y is the middle of the small letters."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: str = "middle"
    bold: bool = False


Shape: TypeAlias = Line | Rect | Circle | Text


@dataclass(frozen=True)
class Picture:
    width: float
    height: float
    shapes: tuple[Shape, ...]
    title: str


#: Width of a letter of the monospaced fonts, in units of the font's size.
LETTER = 0.602


def width(text: str, size: float) -> float:
    return len(text) * size * LETTER
