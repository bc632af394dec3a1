"""Draws `noise.svg`: how far outputs of a noisy device are off, with and without mitigation.

    python docs/draw_noise.py

The model of `devices.md` on a snapshot of a device with its noise: as it comes, with readout errors
taken back, with its noise extrapolated to none, with both. And the device's typical noise, exactly.
"""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib
import numpy as np

import qrnnlang as qr

HERE = Path(__file__).resolve().parent
BACKEND, STEPS, SEQUENCES, SHOTS = "fake_manila", 8, 8, 4000

WAYS = {
    "as it comes": {},
    "readout errors taken back": {"readout": True},
    "zero-noise extrapolation": {"zne": (1, 3)},
    "both": {"readout": True, "zne": (1, 3)},
}


def program() -> str:
    """The first program of the page."""
    page = (HERE / "devices.md").read_text(encoding="utf-8")
    found = re.search(r"```qrnn file=small\.qrnn\n(.*?)```", page, re.S)
    assert found is not None
    return found[1]


def errors(
    backend: str = BACKEND, steps: int = STEPS, sequences: int = SEQUENCES, shots: int = SHOTS
) -> dict[str, np.ndarray]:
    """The mean distance from the exact output after each step, by the way of running."""
    model = qr.loads(program())
    params = {name: value + 0.9 for name, value in model.init(seed=4).items()}
    x = np.random.default_rng(0).uniform(-1, 1, (sequences, steps))
    exact = model(params, x)["pred"]
    found = {"typical noise, exactly": np.abs(model.noisy(backend)(params, x)["pred"] - exact)}
    for name, options in WAYS.items():
        run = model.run(params, x, backend=backend, shots=shots, seed=1, **options)
        found[name] = np.abs(run["pred"] - exact)
    return {name: off.mean(axis=0) for name, off in found.items()}


def draw(found: dict[str, np.ndarray], path: Path) -> None:
    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    plt.rcParams["svg.hashsalt"] = "noise"
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for name, off in found.items():
        style = {"color": "0.6", "linestyle": "--"} if name.startswith("typical") else {}
        axes.plot(np.arange(1, len(off) + 1), off, marker="o", markersize=3, label=name, **style)
    axes.set(xlabel="step", ylabel="mean distance from the exact output", ylim=(0, None))
    axes.legend(frameon=False, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    rows = errors()
    for name, off in rows.items():
        print(f"{name:28}", " ".join(f"{v:.4f}" for v in off))
    draw(rows, HERE / "noise.svg")
