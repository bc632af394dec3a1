"""Pictures as SVG: the same picture gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .shapes import Circle, Line, Picture, Rect, Shape, Text

_FONT = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"


def svg(picture: Picture) -> str:
    """The text of an SVG file."""
    return "".join(f"{line}\n" for line in _lines(picture))


def _lines(picture: Picture) -> Iterator[str]:
    w, h = _n(picture.width), _n(picture.height)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" '
        f'viewBox="0 0 {w} {h}" font-family="{_FONT}" role="img">'
    )
    yield f"<title>{escape(picture.title)}</title>"
    yield f'<rect width="{w}" height="{h}" rx="8" fill="#ffffff"/>'
    for shape in picture.shapes:
        yield _shape(shape)
    yield "</svg>"


def _shape(shape: Shape) -> str:
    match shape:
        case Line(colour=colour, width=width, dash=dash):
            more = f' stroke-dasharray="{dash}"' if dash else ""
            return (
                f'<path d="{_path(shape)}" fill="none" stroke="{colour}" '
                f'stroke-width="{_n(width)}" stroke-linecap="round"{more}/>'
            )
        case Rect(x, y, w, h, fill, stroke, radius, width):
            edge = "" if stroke == "none" else f' stroke="{stroke}" stroke-width="{_n(width)}"'
            return (
                f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}" '
                f'rx="{_n(radius)}" fill="{fill}"{edge}/>'
            )
        case Circle(x, y, r, fill, stroke, width):
            return (
                f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}" fill="{fill}" '
                f'stroke="{stroke}" stroke-width="{_n(width)}"/>'
            )
        case Text(x, y, text, size, colour, anchor, bold):
            weight = ' font-weight="bold"' if bold else ""
            return (
                f'<text x="{_n(x)}" y="{_n(y + 0.35 * size)}" font-size="{_n(size)}" '
                f'fill="{colour}" text-anchor="{anchor}" xml:space="preserve"{weight}>'
                f"{escape(text)}</text>"
            )


def corners(line: Line) -> Iterator[tuple[str, tuple[tuple[float, float], ...]]]:
    """A line with rounded corners as path commands: M, L and Q with their points."""
    points = line.points
    yield "M", points[:1]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        if line.radius:
            yield "L", (_towards(here, before, line.radius),)
            yield "Q", (here, _towards(here, after, line.radius))
        else:
            yield "L", (here,)
    yield "L", points[-1:]


def _towards(
    here: tuple[float, float], there: tuple[float, float], radius: float
) -> tuple[float, float]:
    dx, dy = there[0] - here[0], there[1] - here[1]
    length = abs(dx) + abs(dy)  # lines with rounded corners run along the axes
    part = min(radius, length / 2) / length if length else 0.0
    return here[0] + dx * part, here[1] + dy * part


def _path(line: Line) -> str:
    return "".join(
        letter + " ".join(f"{_n(x)},{_n(y)}" for x, y in points) for letter, points in corners(line)
    )


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
