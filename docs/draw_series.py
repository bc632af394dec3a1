"""Writes `series.md` and the pictures in `series/`: every generator with formula, source, picture.

    python docs/draw_series.py            # the page and the pictures
    python docs/draw_series.py --page     # the page alone

The text of a section is the generator's own docstring.
"""

from __future__ import annotations

import argparse
import inspect
import io
import re
from pathlib import Path

import numpy as np

from qrnnlang.runtime.series import SERIES
from qrnnlang.sema.series import SERIES as KNOWN

HERE = Path(__file__).resolve().parent
GROUPS = {
    "Waves": ("sine", "cosine", "damped_sine", "triangle", "damped_triangle", "bessel"),
    "Oscillators": ("damped_pendulum", "van_der_pol"),
    "Chaos": ("mackey_glass", "lorenz", "henon", "logistic"),
    "Quantum dynamics": ("jaynes_cummings", "ising"),
    "Tasks for a memory": (
        *("narma", "delayed_parity", "copy"),
        *("elman_xor", "elman_letters", "dna_marker"),
    ),
    "Recorded": (
        *("sunspots", "nile", "co2", "el_nino", "santa_fe", "air_passengers"),
        *("digits", "digit_bits"),
    ),
}
#: Rows that a picture shows, where not all of up to a thousand.
ROWS = {"elman_xor": 72, "elman_letters": 72, "dna_marker": 60, "delayed_parity": 60, "copy": 64}
ROWS |= {"narma": 200, "logistic": 120, "henon": 120, "digits": 192, "co2": 2284, "digit_bits": 192}
#: Series of symbols and bits, drawn as steps.
STEPS = ("elman_xor", "elman_letters", "dna_marker", "delayed_parity", "copy")
STEPS += ("digit_bits",)

HEAD = """# Series

What `data series.NAME(…) { … }` reads. Every generator takes keywords and gives columns of one
length; `v` is the column to predict. Equal arguments give equal numbers, on every machine. In
Python, `qrnnlang.runtime.series.sine(points=100)` gives the columns as a dict of arrays.

This page and its pictures are written by `docs/draw_series.py`.
"""


def page() -> str:
    parts = [HEAD]
    for group, names in GROUPS.items():
        parts.append(f"## {group}\n")
        parts += [_section(name) for name in names]
    return "\n".join(parts)


def _section(name: str) -> str:
    parameters = inspect.signature(SERIES[name]).parameters.values()
    arguments = ", ".join(f"{p.name} = {_number(p.default)}" for p in parameters)
    columns = ", ".join(f"`{c}`" for c in KNOWN[name].columns)
    text = re.sub(r"\s+", " ", inspect.getdoc(SERIES[name]) or "").strip()
    return (
        f"### {name}\n\n`series.{name}({arguments})`, columns {columns}.\n\n{text}\n\n"
        f"![{name}](series/{name}.png)\n"
    )


def _number(value: float) -> str:
    return "8 / 3" if value == 8 / 3 else f"{value:g}"


def picture(name: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = SERIES[name]()
    rows = min(ROWS.get(name, 1000), len(columns["v"]))
    figure = Figure(figsize=(6.4, 1.7), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7)
    time = next((c for c in ("t", "year") if c in columns), None)
    x = columns[time][:rows] if time else np.arange(rows)
    style = "steps-mid" if name in STEPS else "default"
    if "u" in columns:
        axes.plot(x, columns["u"][:rows], color="#c9c9c9", lw=1, drawstyle=style, label="u")
    axes.plot(x, columns["v"][:rows], color="#1b6ca8", lw=1, drawstyle=style, label="v")
    if "u" in columns:
        axes.legend(frameon=False, fontsize=7, ncols=2, loc="upper right")
    axes.set_xlabel(time or "row", fontsize=7)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="the page alone")
    args = parser.parse_args()
    (HERE / "series.md").write_text(page(), encoding="utf-8")
    (HERE / "series").mkdir(exist_ok=True)
    for name in () if args.page else SERIES:
        (HERE / "series" / f"{name}.png").write_bytes(picture(name))


if __name__ == "__main__":
    main()
