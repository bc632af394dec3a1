"""The published recipe of the quantum LSTM, written out in PyTorch, beside `examples/qlstm`.

    python bench/recipe.py                    # seeds 0 to 2, 100 epochs
    python bench/recipe.py --seeds 1 --epochs 10

Both start from the same parameters, read the same windows in the same order (batches of 10, not
shuffled) and take RMSprop at 0.01, so the losses by epoch are the same as long as rounding does
not matter. Chen et al., arXiv 2009.01783: H and RY(v) on six qubits, five layers of CX on
neighbours and RY, ⟨Z⟩ of the first five; sigmoid, sigmoid, tanh, sigmoid; the update of an LSTM; a
linear layer on the last state. Everything is real, so states are real vectors here.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import qrnnlang as qr

FILE = Path(__file__).parents[1] / "examples" / "qlstm" / "qlstm.qrnn"
GATES = ("forget", "gain", "update", "select")
QUBITS, HIDDEN, BATCH = 6, 5, 10


def rotated(state: torch.Tensor, qubit: int, angle: torch.Tensor) -> torch.Tensor:
    """RY on a qubit of states (gates, batch, 2, …, 2); angles (gates, batch or 1)."""
    parts = state.unbind(2 + qubit)
    shape = (*angle.shape, *[1] * (QUBITS - 1))
    c, s = torch.cos(angle / 2).reshape(shape), torch.sin(angle / 2).reshape(shape)
    return torch.stack([c * parts[0] - s * parts[1], s * parts[0] + c * parts[1]], 2 + qubit)


def flipped(state: torch.Tensor, control: int, target: int) -> torch.Tensor:
    """CX between two qubits."""
    off, on = state.unbind(2 + control)
    axis = 2 + target - (target > control)
    return torch.stack([off, on.flip(axis)], 2 + control)


def circuits(v: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """⟨Z⟩ (gates, batch, hidden) of the circuits at v (batch, qubits), w (gates, depth, qubits)."""
    state = torch.full((len(w), len(v), *[2] * QUBITS), 2 ** (-QUBITS / 2), dtype=torch.float64)
    for q in range(QUBITS):
        state = rotated(state, q, v[None, :, q].expand(len(w), -1))
    for layer in range(w.shape[1]):
        for first in (0, 1):
            for q in range(first, QUBITS - 1, 2):
                state = flipped(state, q, q + 1)
        for q in range(QUBITS):
            state = rotated(state, q, w[:, layer, q, None])
    chances = state**2
    found = []
    for q in range(HIDDEN):
        low, high = chances.unbind(2 + q)
        found.append((low - high).flatten(2).sum(2))
    return torch.stack(found, 2)


def predicted(p: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The forecast (batch, 1) of windows (batch, steps, 1)."""
    w = torch.stack([p[f"cell.{gate}.w"] for gate in GATES])
    h = c = torch.zeros(len(x), HIDDEN, dtype=torch.float64)
    for t in range(x.shape[1]):
        f, i, g, o = circuits(torch.cat([x[:, t], h], 1), w)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    return h @ p["head.W"].T + p["head.b"]


def recipe(start: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray, epochs: int) -> list[float]:
    """The training loss after each epoch."""
    p = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    xs, ys = torch.tensor(x), torch.tensor(y)
    steps = torch.optim.RMSprop(p.values(), lr=0.01)
    losses = []
    for _ in range(epochs):
        for k in range(0, len(xs), BATCH):
            steps.zero_grad()
            loss = ((predicted(p, xs[k : k + BATCH]) - ys[k : k + BATCH]) ** 2).mean()
            loss.backward()
            steps.step()
        with torch.no_grad():
            losses.append(float(((predicted(p, xs) - ys) ** 2).mean()))
    return losses


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=100)
    args = parser.parse_args()
    model = qr.load(FILE)
    train = model.data().train
    x, y = train.inputs["x"], train.targets["y"]
    print("seed  loss after 1, half and all epochs: recipe | qrnnlang          seconds of each")
    for seed in range(args.seeds):
        begun = time.perf_counter()
        theirs = recipe(model.init(seed), x, y, args.epochs)
        between = time.perf_counter()
        run = model.fit(
            x, y, seed=seed, epochs=args.epochs, batch=BATCH, shuffle=False, progress=False
        )
        ended = time.perf_counter()
        ours, at = run.history["loss"], (0, args.epochs // 2, args.epochs - 1)
        shown = " | ".join(" ".join(f"{losses[k]:.6g}" for k in at) for losses in (theirs, ours))
        print(f"{seed:4}  {shown}   {between - begun:.1f} | {ended - between:.1f}", flush=True)


if __name__ == "__main__":
    main()
