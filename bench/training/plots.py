"""The growth curves as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .peers import PEERS


def draw(growth: Mapping[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "qrnnlang"
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(growth), figsize=(5 * len(growth), 4.5), sharey=True)
    for panel, (axis, series) in zip(panels, growth.items(), strict=True):
        for key, points in series.items():
            found = sorted((int(v), t) for v, t in points.items() if isinstance(t, float))
            if found:
                x, y = zip(*found, strict=True)
                ours = key in ("ours", "xla")
                panel.plot(x, y, "o-" if ours else "o--", lw=2 if ours else 1, ms=4,
                           label=PEERS[key].title)  # fmt: skip
        panel.set_xlabel(axis)
        panel.set_yscale("log")
        if axis != "carried qubits":
            panel.set_xscale("log")
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("seconds for a loss and its gradient")
    panels[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
