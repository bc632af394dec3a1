"""Gradient flow through time: what a cell's last output still feels of earlier inputs and states.

For lags k = 0, 1, … from the last step T: ‖∂y_T/∂x_{T−k}‖_F and ‖∂y_T/∂s_{T−k}‖_F, Frobenius norms
of Jacobians, s in the coordinates of `coordinates.py` (Hilbert–Schmidt length). For a model with a
loss also ‖∂L_T/∂s_{T−k}‖, L_T being the model's own loss felt through its last step alone: the
outputs of earlier steps enter it as constants, so that what is seen is flow through the state
(Bengio, Simard and Frasconi, IEEE Trans. Neural Netw. 5 (1994) 157; Pascanu, Mikolov and Bengio,
arXiv 1211.5063). All lags come from one reverse pass: a perturbation δ_t, zero in value, is added
to every state, and the gradient is taken with respect to all δ and x. No units; the fitted factor
is per step: below 1 gradients vanish, above 1 they explode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..engine import build
from ..sema.closed import CellOutput, ClosedModel, Const, Input, ModelOp, Port
from .estimates import rate
from .finding import Curve, Finding, NotDefined, Panel
from .subject import Subject
from .tangent import Tangent

Floats = NDArray[np.float64]

#: Components of the output that are differentiated one by one; of more, as many random sums.
COMPONENTS = 16


def flow(
    subject: Subject,
    steps: int = 20,
    sequences: int = 4,
    seeds: int = 8,
    seed: int = 0,
    stages: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Finding:
    """Norms of gradients against the lag, with the factor per step fitted to each.

    Repeated over `seeds` random starts (over `sequences` sequences each, whose logarithms are
    averaged); the factor's interval is Student's over the starts. `stages`: further parameters of
    the whole model by label, of several seeds, such as those along a training (`along.py`); each is
    one more line, the median over its seeds, in a picture of its own for every norm.
    """
    if not subject.run.cell.carries:
        raise NotDefined("it carries nothing from step to step")
    tangent = Tangent(subject)
    starts = subject.repeats(seeds, seed)
    x = subject.inputs(sequences, steps, seed)
    whole = [
        dict(subject.model.init(seed + i)) | dict(subject.given or {}) | cell
        for i, cell in enumerate(starts)
    ]
    groups: dict[str, list[Mapping[str, Any]]] = {"": list(whole)}
    groups |= {label: list(found) for label, found in (stages or {}).items()}
    measured = _measured(tangent, groups, x, sequences, seed)
    values, curves = {}, []
    for name, stacked in measured[""].items():
        lags = np.arange(stacked.shape[1])
        values[f"factor of {name}"] = rate(lags[1:], stacked[:, 1:])
        low, mid, high = np.quantile(stacked, [0.1, 0.5, 0.9], axis=0)
        curves.append(Curve(_LABELS[name], lags.tolist(), mid, low, high))
    panels = [Panel("Gradient flow through time", "lag (steps)", "norm", tuple(curves), logy=True)]
    for name in measured[""] if stages else ():
        lines = []
        for label in stages or ():
            stacked = measured[label][name]
            lags = np.arange(stacked.shape[1])
            lines.append(Curve(label, lags.tolist(), np.median(stacked, axis=0)))
            values[f"factor of {name}, {label}"] = rate(lags[1:], stacked[:, 1:])
        title = f"{_LABELS[name]} along training"
        panels.append(Panel(title, "lag (steps)", "norm", tuple(lines), logy=True))
    conditions = {
        "steps": int(next(iter(x.values())).shape[1]) if x else steps,
        "sequences": sequences,
        "parameters": len(starts),
        "seed": seed,
        "inputs": subject.source,
    }
    return Finding("flow", "Gradient flow through time", values, conditions, tuple(panels))


def _measured(
    tangent: Tangent,
    groups: Mapping[str, Sequence[Mapping[str, Any]]],
    x: dict[str, Any],
    sequences: int,
    seed: int,
) -> dict[str, dict[str, Floats]]:
    """By group and by norm: (parameter sets, lags). Everything is compiled once for all groups."""
    cell = list(tangent.subject.params(seed))
    every = [params for found in groups.values() for params in found]
    rows: dict[str, list[Floats]] = {}
    for params in every:
        for name, row in norms(tangent, {k: params[k] for k in cell}, x, seed).items():
            rows.setdefault(name, []).append(row)
    if loss := _loss_rows(tangent, every, sequences, seed):
        rows["dL/ds"] = loss
    ends = np.cumsum([len(found) for found in groups.values()])
    return {
        label: {name: np.array(row[end - len(found) : end]) for name, row in rows.items()}
        for (label, found), end in zip(groups.items(), ends, strict=True)
    }


_LABELS = {"dy/dx": "‖∂y_T/∂x‖", "dy/ds": "‖∂y_T/∂s‖", "dL/ds": "‖∂L_T/∂s‖"}


def norms(tangent: Tangent, params: Any, x: dict[str, Any], seed: int = 0) -> dict[str, Floats]:
    """`dy/dx` and `dy/ds` by lag (from 0), geometric means over the sequences."""
    ports = tangent.subject.closed.inputs
    moving = {p.name: jnp.asarray(x[p.name]) for p in ports if p.labels is None}
    still = {p.name: jnp.asarray(x[p.name]) for p in ports if p.labels is not None}
    batch, steps = next(iter(x.values())).shape[:2]
    deltas = jnp.zeros((steps, batch, tangent.coordinates.size))
    size = sum(int(np.prod(o.shape)) for o in tangent.subject.closed.outputs)
    if size <= COMPONENTS:
        weights = np.eye(size)
    else:  # E over signs r of ‖Jᵀ r‖² is ‖J‖_F²
        signs = np.random.default_rng([seed, size]).choice([-1.0, 1.0], (COMPONENTS, size))
        weights = signs / np.sqrt(COMPONENTS)
    square_x: Any = 0.0
    square_s: Any = 0.0
    grad = _gradient(tangent)
    for w in weights:
        by_x, by_s = grad(params, moving, still, deltas, jnp.asarray(w))
        square_s = square_s + np.asarray(jnp.sum(by_s**2, axis=-1))  # (steps, batch)
        for value in by_x.values():
            square_x = square_x + np.asarray(value**2).reshape(batch, steps, -1).sum(-1).T
    found = {}
    if moving:
        found["dy/dx"] = _by_lag(square_x)
    # The state after the last step is no argument of the last output.
    found["dy/ds"] = _by_lag(square_s)
    return found


def _by_lag(square: Any) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(0.5 * np.log(np.asarray(square)).mean(axis=1))[::-1])


def _gradient(tangent: Tangent) -> Any:
    if "flow" not in tangent.__dict__:

        def last(moving: Any, deltas: Any, params: Any, still: Any, weight: Any) -> Any:
            ys = outputs(tangent, params, {**moving, **still}, deltas)
            return jnp.sum(ys[-1] @ weight)

        def gradient(params: Any, moving: Any, still: Any, deltas: Any, weight: Any) -> Any:
            return jax.grad(last, argnums=(0, 1))(moving, deltas, params, still, weight)

        tangent.__dict__["flow"] = jax.jit(gradient)
    return tangent.__dict__["flow"]


def outputs(tangent: Tangent, params: Any, x: dict[str, Any], deltas: Any) -> Any:
    """(steps, batch, k): the outputs when δ_t, (steps, batch, size), enters before step t."""
    first = tangent.start(params, deltas.shape[1])
    along = {name: jnp.swapaxes(value, 0, 1) for name, value in x.items()}

    def one(s: Any, here: Any) -> tuple[Any, Any]:
        inputs, delta = here
        return tangent.step(params, s + delta, inputs)

    return jax.lax.scan(one, first, (along, deltas))[1]


# --- the model's own loss ---------------------------------------------------------------------


def _loss_rows(
    tangent: Tangent, every: Sequence[Mapping[str, Any]], sequences: int, seed: int
) -> list[Floats]:
    """‖∂L_T/∂s‖ by lag for parameters of the whole model; empty without loss or data."""
    subject = tangent.subject
    model, data = subject.model.closed, subject.dataset
    if model.loss is None or data is None or not all(p.seq for p in subject.run.cell.inputs):
        return []
    rest = after_cell(model, subject.at)
    machine = build(rest, "float64", subject.model.externs)
    part = data.train
    rows = np.resize(np.random.default_rng([seed, 577]).permutation(len(part)), sequences)
    given = {k: v[rows] for k, v in part.inputs.items()}
    targets = {k: v[rows] for k, v in part.targets.items()}
    window = next(iter(given.values())).shape[1]
    x = subject.inputs(sequences, window, seed)
    deltas = jnp.zeros((window, sequences, tangent.coordinates.size))
    shapes = [(o.name, o.shape) for o in subject.closed.outputs]

    def loss(deltas: Any, params: Any, cell: Any) -> Any:
        ys = outputs(tangent, cell, x, deltas)
        ys = jnp.concatenate([jax.lax.stop_gradient(ys[:-1]), ys[-1:]])
        fed, start = {}, 0
        for name, shape in shapes:
            count = int(np.prod(shape))
            value = jnp.swapaxes(ys[..., start : start + count], 0, 1)
            fed[f"output {name}"] = value.reshape(sequences, window, *shape)
            start += count
        return machine.loss(params, {**given, **fed}, targets)

    gradient = jax.jit(jax.grad(loss))
    found = []
    names = list(subject.params(seed))
    for params in every:
        cell = {k: params[k] for k in names}
        by_s = np.asarray(gradient(deltas, dict(params), cell)) * sequences
        found.append(_by_lag((by_s**2).sum(-1)))
    return found


def after_cell(model: ClosedModel, at: int) -> ClosedModel:
    """The model with the outputs of one cell as further inputs, `output NAME`."""
    ops: list[ModelOp] = []
    ports: dict[str, Port] = {}
    for op, kind in zip(model.ops, model.types, strict=True):
        if isinstance(op, CellOutput) and op.run == at:
            name = f"output {op.name}"
            ports[name] = Port(name, kind.shape, None, kind.seq)
            op = Input(name, kind.shape)
        if op is model.ops[at]:
            op = Const((0.0,), ())  # a reference is a position: something has to stand there
        ops.append(op)
    inputs = (*model.inputs, *ports.values())
    return replace(
        model, inputs=inputs, ops=tuple(ops), outputs=(), metrics=(), data=None, train=None
    )
