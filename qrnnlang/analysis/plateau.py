"""Barren plateaus: how the variance of gradient entries falls with qubits, depth and steps.

For random starts θ and random inputs, the gradient of C = mean of the components of the last output
y_T with respect to every trained parameter; Var[∂C/∂θ_k] over the starts, averaged over k. A barren
plateau is an exponential fall, Var ∝ e^{−αn} (McClean et al., Nat. Commun. 9 (2018) 4812); for a
global 2-design α = ln 2 per qubit. The exponent α is fitted to ln Var against n by least squares,
its interval is the bootstrap's over starts. Gradient variances have the squared unit of the output
per radian (or per unit of a real parameter).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from .estimates import LEVEL, RESAMPLES, slope
from .family import qubits, remade, whole_numbers
from .finding import Curve, Estimate, Finding, NotDefined, Panel, Table
from .subject import Subject, subject

Floats = NDArray[np.float64]

#: Step counts over which the fall with T is looked at.
STEPS = (1, 4, 16)


def plateau(
    of: Subject,
    vary: Mapping[str, Sequence[int]] | None = None,
    steps: int = 8,
    starts: int = 60,
    seed: int = 0,
) -> Finding:
    """The variance against every hyperparameter in `vary` and against the number of steps.

    `vary` maps `int` hyperparameters of the entry (and "steps") to values. Default: the steps, and
    the first hyperparameter that changes the number of qubits, over its values up to now.
    """
    if not of.trained:
        raise NotDefined("it has no trained parameters")
    chosen = _default(of) if vary is None else vary
    values: dict[str, Estimate] = {}
    panels, tables = [], {}
    for name, numbers in chosen.items():
        if len(set(numbers)) < 2:
            raise ValueError(f"`{name}` needs at least two values to vary over")
        at, samples = [], []
        for n in numbers:
            other = of if name == "steps" else _at(of, name, n)
            length = n if name == "steps" else steps
            at.append(n if name == "steps" else qubits(other.model))
            samples.append(gradients(other, length, starts, seed))
        unit = "qubit" if name != "steps" and len(set(at)) == len(at) else name
        x = at if unit == "qubit" else list(numbers)
        fitted, variances = decay(x, samples, seed)
        key = f"exponent per {'step' if name == 'steps' else unit}"
        values[key] = fitted
        mid, low, high = variances
        panels.append(
            Panel(
                f"Variance of gradient entries against {name}",
                "qubits" if unit == "qubit" else name,
                "variance",
                (
                    Curve("mean over parameters", x, mid, low, high, "points"),
                    Curve("fit", x, _line(x, mid, fitted.value), style="dashed"),
                ),
                logy=True,
            )
        )
        tables[name] = Table(
            (name, unit, "variance", "low", "high"),
            tuple(zip(numbers, x, mid.tolist(), low.tolist(), high.tolist(), strict=True)),
        )
    conditions = {
        "starts": starts,
        "steps": steps,
        "seed": seed,
        "inputs": "random",
        "cost": "mean of the last output's components",
    }
    return Finding("plateau", "Barren plateaus", values, conditions, tuple(panels), tables)


def gradients(of: Subject, steps: int, starts: int, seed: int = 0) -> Floats:
    """(starts, parameters): ∂C/∂θ at random starts, each with random inputs of its own."""
    machine = of.machine()
    names = of.trained

    def cost(trained: Any, fixed: Any, x: Any) -> Any:
        found = machine.apply({**fixed, **trained}, x, None, steps)
        last = [y[0, -1].reshape(-1) for y in found.values()]
        return jnp.concatenate(last).mean()

    gradient = jax.jit(jax.grad(cost))
    rows = []
    for i in range(starts):
        params = of.params(seed + i, random=True)
        trained = {n: params[n] for n in names}
        fixed = {n: v for n, v in params.items() if n not in trained}
        x = of.random_inputs(1, steps, seed + i)
        found = gradient(trained, fixed, x)
        rows.append(np.concatenate([np.asarray(found[n]).reshape(-1) for n in names]))
    return np.array(rows)


def decay(
    x: Sequence[float], samples: Sequence[Floats], seed: int = 0
) -> tuple[Estimate, tuple[Floats, Floats, Floats]]:
    """The exponent α of Var ∝ e^{−αx}, and the mean variances with their intervals.

    `samples[i]` is (starts, parameters) at x[i]. Parameters that no start moves are left out.
    """
    rng = np.random.default_rng([seed, 31_337])

    def variance(rows: Floats) -> float:
        each = rows.var(axis=0, ddof=1)
        return float(each.mean())

    def exponent(found: Sequence[float]) -> float:
        with np.errstate(divide="ignore"):
            logs = np.log(found)
        if len(x) == 2:
            return float(-(logs[1] - logs[0]) / (x[1] - x[0]))
        return -slope(x, logs)

    used = [rows[:, np.abs(rows).max(axis=0) > 1e-12] for rows in samples]
    used = [rows if rows.shape[1] else np.zeros((len(rows), 1)) for rows in used]
    exact = [variance(rows) for rows in used]
    drawn = np.array(
        [
            [variance(r[rng.integers(len(r), size=len(r))]) for r in used]
            for _ in range(RESAMPLES // 4)
        ]
    )
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(drawn, ends, axis=0)
    value = exponent(exact)
    fits = [exponent(row) for row in drawn]
    bottom, top = np.quantile(fits, ends)
    found = Estimate(value, float(bottom), float(top), "bootstrap", min(map(len, samples)))
    return found, (np.array(exact), low, high)


def _line(x: Sequence[float], y: Floats, exponent: float) -> Floats:
    at = np.asarray(x, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(np.mean(np.log(y)) - exponent * (at - at.mean())))


def _at(of: Subject, name: str, value: int) -> Subject:
    known = whole_numbers(of.model)
    if name not in known:
        listed = ", ".join(f"`{k}`" for k in known) or "none"
        raise ValueError(
            f"`{of.model.closed.name}` has no int hyperparameter `{name}`; it has {listed}"
        )
    if known[name] == value:
        return of
    other = remade(of.model, **{name: value})
    return subject(other, of.run.instance or of.run.cell.name, domain=of.random_domain)


def _default(of: Subject) -> dict[str, tuple[int, ...]]:
    chosen: dict[str, tuple[int, ...]] = {}
    now = qubits(of.model)
    for name, value in whole_numbers(of.model).items():
        if value > 1 and qubits(remade(of.model, **{name: value - 1})) < now:
            chosen[name] = tuple(range(max(1, value - 3), value + 1))
            break
    if of.run.cell.carries:
        chosen["steps"] = STEPS
    if not chosen:
        raise NotDefined("nothing to vary: it has no steps and no int hyperparameter of its size")
    return chosen
