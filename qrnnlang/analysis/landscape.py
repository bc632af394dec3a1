"""Slices of the loss landscape along random directions.

L(θ + αd) for unit directions d scaled by √P (so that α is the change of a typical parameter, in
radians for angles), in the manner of Li et al., arXiv 1712.09913. Reported: the range of the loss
along the slices, the number of local minima on a slice, and the curvature d²L/dα²/P at the start.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from .estimates import student
from .finding import Curve, Finding, NotDefined, Panel
from .subject import Subject

POINTS = 61


def landscape(subject: Subject, slices: int = 4, sequences: int = 16, seed: int = 0) -> Finding:
    """The model's own loss along `slices` random directions through its parameters."""
    model = subject.model
    if model.closed.loss is None or subject.dataset is None:
        raise NotDefined("it needs a loss and data")
    params = dict(model.init(seed)) | dict(subject.given or {})
    names = sorted(model.trained)
    size = sum(int(np.prod(np.shape(params[n]))) for n in names)
    if not size:
        raise NotDefined("it has no trained parameters")
    part = subject.dataset.train
    rows = np.resize(np.random.default_rng([seed, 577]).permutation(len(part)), sequences)
    x = {k: v[rows] for k, v in part.inputs.items()}
    y = {k: v[rows] for k, v in part.targets.items()}
    loss = jax.jit(lambda p: model.executable.loss(p, x, y))
    rng = np.random.default_rng([seed, 90_210])
    alphas = np.linspace(-np.pi, np.pi, POINTS)
    curves, minima, curvatures, ranges = [], [], [], []
    for k in range(slices):
        direction: dict[str, Any] = {n: rng.normal(size=np.shape(params[n])) for n in names}
        norm = np.sqrt(sum(float((d**2).sum()) for d in direction.values()) / size)
        line = np.array(
            [
                float(loss({**params, **{n: params[n] + a / norm * direction[n] for n in names}}))
                for a in alphas
            ]
        )
        curves.append(Curve(f"direction {k + 1}", alphas, line))
        minima.append(int(((line[1:-1] < line[:-2]) & (line[1:-1] < line[2:])).sum()))
        ranges.append(float(np.ptp(line)))
        mid, step = POINTS // 2, alphas[1] - alphas[0]
        curvatures.append(float((line[mid + 1] - 2 * line[mid] + line[mid - 1]) / step**2 / size))
    values = {
        "range of the loss": student(ranges),
        "minima on a slice": student(minima),
        "curvature": student(curvatures, "per parameter"),
    }
    panel = Panel("Slices of the loss", "α", "loss", tuple(curves))
    conditions = {"slices": slices, "points": POINTS, "sequences": sequences, "seed": seed}
    return Finding("landscape", "Loss landscape", values, conditions, (panel,))
