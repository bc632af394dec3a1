"""A program in the interpreter and in the engine, on the same arrays."""

from __future__ import annotations

import re
from typing import Any

import jax
import numpy as np

from qrnnlang.engine import build
from qrnnlang.ir.model import run_model
from qrnnlang.runtime.init import init
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedModel, Port

from .programs import entry

BATCH, STEPS = 2, 3
TOLERANCE = 1e-9


def load(text: str) -> tuple[ClosedModel, dict[str, Any]]:
    """The entry of a program, and its functions from outside, each of which halves."""
    outside = re.findall(r"^extern def (\w+)", text, re.MULTILINE)
    return load_text(text, entry=entry(text)), {name: lambda v: 0.5 * v for name in outside}


def arrays(model: ClosedModel, seed: int = 0) -> tuple[dict[str, Any], ...]:
    """Parameters, inputs and targets. Numbers lie in [0.1, 0.9]."""
    rng = np.random.default_rng(seed)

    def values(ports: tuple[Port, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for p in ports:
            shape = (BATCH, *((STEPS,) if p.seq else ()), *p.shape)
            found[p.name] = (
                rng.uniform(0.1, 0.9, shape)
                if p.labels is None
                else rng.integers(p.labels, size=shape)
            )
        return found

    params = {k: np.asarray(v) for k, v in init(model.params, 3).items()}
    return params, values(model.inputs), values(model.targets)


def interpreted(text: str) -> dict[str, Any]:
    """Outputs, loss and metrics of the interpreter, by name."""
    model, externs = load(text)
    params, inputs, targets = arrays(model)
    ran = run_model(model, params, inputs, targets, externs, None if model.inputs else STEPS)
    return {**ran.outputs, "loss": ran.loss, **{f"metric {n}": v for n, v in ran.metrics.items()}}


def computed(text: str, executor: str = "xla") -> dict[str, Any]:
    """The same of the engine."""
    model, externs = load(text)
    params, inputs, targets = arrays(model)
    engine = build(model, externs=externs, executor=executor)
    steps = None if model.inputs else STEPS
    evaluate = jax.jit(lambda p, x, y: engine.evaluate(p, x, y, None, steps))
    outputs, loss, metrics = evaluate(params, inputs, targets)
    return {**outputs, "loss": loss, **{f"metric {n}": v for n, v in metrics.items()}}


def assert_equal(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        if value is None:
            assert found[name] is None
            continue
        assert np.all(np.isfinite(value)), name
        assert np.shape(found[name]) == np.shape(value), name
        scale = 1 + np.max(np.abs(value), initial=0.0)
        np.testing.assert_allclose(found[name], value, atol=TOLERANCE * scale, rtol=0, err_msg=name)
