"""The pictures of findings, as SVG or PNG. matplotlib is imported only here."""

from __future__ import annotations

import io
from itertools import cycle
from typing import Any, Literal

import numpy as np

from .finding import Curve, Finding, Panel

#: Told apart by people who see few colours, too (Okabe and Ito).
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4a4a4a")


def picture(finding: Finding, kind: Literal["svg", "png"] = "svg") -> bytes:
    """All panels of a finding side by side. Same finding, same bytes."""
    return drawn(finding.panels, kind)


def drawn(panels: tuple[Panel, ...], kind: Literal["svg", "png"] = "svg") -> bytes:
    """Panels side by side, three to a row."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = max(1, min(3, len(panels)))
    rows = -(-len(panels) // columns)
    with rc_context({"svg.hashsalt": "qrnnlang", "svg.fonttype": "path", "font.size": 9}):
        figure = Figure(figsize=(4.6 * columns, 3.2 * max(rows, 1)), dpi=110, layout="constrained")
        FigureCanvasAgg(figure)
        for i, panel in enumerate(panels):
            _draw(figure.add_subplot(rows, columns, i + 1), panel)
        out = io.BytesIO()
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        figure.savefig(out, format=kind, metadata=metadata)
    return out.getvalue()


def _draw(axes: Any, panel: Panel) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    for color, curve in zip(cycle(COLORS), panel.curves, strict=False):
        _curve(axes, curve, color, panel.logy)
    if panel.logx:
        axes.set_xscale("log")
    shown = [v for c in panel.curves for v in np.asarray(c.y, dtype=float) if np.isfinite(v)]
    if panel.logy and any(v > 0 for v in shown):
        axes.set_yscale("log")
    axes.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel)
    if len(panel.curves) > 1:
        axes.legend(frameon=False, fontsize=8, loc="upper right")


def _curve(axes: Any, curve: Curve, color: str, logy: bool) -> None:
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    low = None if curve.low is None else np.asarray(curve.low, dtype=float)
    high = None if curve.high is None else np.asarray(curve.high, dtype=float)
    if logy:  # zero has no place on a logarithmic axis
        y = np.where(y > 0, y, np.nan)
        low = None if low is None else np.where(low > 0, low, y)
    match curve.style:
        case "bars":
            width = 0.8 * float(np.min(np.diff(np.sort(x)))) if len(x) > 1 else 0.8
            axes.bar(x, y, width, color=color, alpha=0.6, label=curve.label)
        case "points":
            axes.plot(x, y, "o", ms=4, color=color, label=curve.label)
            if low is not None and high is not None:
                axes.vlines(x, low, high, color=color, lw=1)
        case style:
            axes.plot(
                x, y, "--" if style == "dashed" else "-", color=color, lw=1.6, label=curve.label
            )
            if low is not None and high is not None:
                axes.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
