"""Pictures as PNG, drawn by matplotlib."""

from __future__ import annotations

import io

from .shapes import Circle, Line, Picture, Rect, Text
from .svg import corners

#: Pixels for each unit of the picture.
SCALE = 2


def png(picture: Picture) -> bytes:
    """The bytes of a PNG file, at twice the picture's size in units."""
    from matplotlib import font_manager, patches
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.path import Path

    dpi = 72.0 * SCALE
    figure = Figure(figsize=(picture.width / 72, picture.height / 72), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, picture.width)
    axes.set_ylim(picture.height, 0)
    axes.axis("off")
    fonts = {
        bold: font_manager.FontProperties(
            family="DejaVu Sans Mono", weight="bold" if bold else "normal"
        )
        for bold in (False, True)
    }
    codes = {"M": (Path.MOVETO,), "L": (Path.LINETO,), "Q": (Path.CURVE3, Path.CURVE3)}
    for order, shape in enumerate(picture.shapes):
        match shape:
            case Line(colour=colour, width=width, dash=dash):
                parts = list(corners(shape))
                path = Path(
                    [p for _, points in parts for p in points],
                    [c for letter, _ in parts for c in codes[letter]],
                )
                style = (0, tuple(float(d) / width for d in dash.split())) if dash else "-"
                axes.add_patch(
                    patches.PathPatch(
                        path,
                        fill=False,
                        edgecolor=colour,
                        linewidth=width,
                        linestyle=style,
                        capstyle="round",
                        zorder=order,
                    )
                )
            case Rect(x, y, w, h, fill, stroke, radius, width):
                axes.add_patch(
                    patches.FancyBboxPatch(
                        (x, y),
                        w,
                        h,
                        boxstyle=f"round,pad=0,rounding_size={max(radius, 0.01)}",
                        facecolor=fill,
                        edgecolor=stroke,
                        linewidth=0 if stroke == "none" else width,
                        zorder=order,
                    )
                )
            case Circle(x, y, r, fill, stroke, width):
                axes.add_patch(
                    patches.Circle(
                        (x, y), r, facecolor=fill, edgecolor=stroke, linewidth=width, zorder=order
                    )
                )
            case Text(x, y, text, size, colour, anchor, bold):
                place = {"start": "left", "middle": "center", "end": "right"}[anchor]
                axes.text(
                    x,
                    y + 0.35 * size,
                    text.replace("$", r"\$"),
                    fontproperties=fonts[bold],
                    fontsize=size,
                    color=colour,
                    ha=place,
                    va="baseline",
                    zorder=order,
                )
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()
