"""The engine against the interpreter."""

from __future__ import annotations

import jax
import numpy as np

from qrnnlang.engine import build
from qrnnlang.ir.model import run_model
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedModel


def model(body: str, **hyper) -> ClosedModel:
    """A model from source without its first line."""
    return load_text("qrnn 1.0;\n" + body, hyper=hyper)


def draw(model: ClosedModel, batch: int, steps: int, seed: int = 0, low=-1.0, high=1.0):
    """Parameters, inputs and targets."""
    rng = np.random.default_rng(seed)
    params = {}
    for spec in model.params:
        params[spec.name] = rng.normal(size=spec.shape) * 0.8
        if spec.kind == "unitary":
            n = spec.shape[0]
            q, _ = np.linalg.qr(rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)))
            params[spec.name] = np.stack([q.real, q.imag], -1)

    def ports(ports):
        found = {}
        for port in ports:
            shape = (batch, steps, *port.shape) if port.seq else (batch, *port.shape)
            if port.labels is None:
                found[port.name] = rng.uniform(low, high, size=shape)
            else:
                found[port.name] = rng.integers(port.labels, size=shape)
        return found

    return params, ports(model.inputs), ports(model.targets)


def assert_equal(model, params, inputs, targets=None, atol=1e-10, externs=None, jit=True):
    """Outputs, loss and metrics are the interpreter's."""
    wanted = run_model(model, params, inputs, targets, externs)
    executable = build(model, externs=externs)
    evaluate = jax.jit(executable.evaluate) if jit else executable.evaluate
    outputs, loss, metrics = evaluate(params, inputs, targets or {})
    assert set(outputs) == set(wanted.outputs)
    for name, value in wanted.outputs.items():
        np.testing.assert_allclose(outputs[name], value, atol=atol, rtol=0, err_msg=name)
    if wanted.loss is not None:
        np.testing.assert_allclose(loss, wanted.loss, atol=atol)
    assert set(metrics) == set(wanted.metrics)
    for name, value in wanted.metrics.items():
        np.testing.assert_allclose(metrics[name], value, atol=atol)
    return executable, wanted


def check(body: str, batch=2, steps=3, low=-1.0, high=1.0, seed=0, **hyper):
    """A program in the engine and in the interpreter."""
    closed = model(body, **hyper)
    params, inputs, targets = draw(closed, batch, steps, seed, low, high)
    return assert_equal(closed, params, inputs, targets)


def assert_gradients(closed, params, inputs, seed=0, externs=None, step=1e-5, rtol=1e-6):
    """The derivative of a random sum of all outputs, along a random direction in all parameters

    and inputs, and for every single parameter and input once more with the rest held.
    """
    rng = np.random.default_rng(seed)
    executable = build(closed, externs=externs)
    trained = {k: v for k, v in params.items() if k != "U"}
    fixed = {k: v for k, v in params.items() if k == "U"}
    weights = {}

    def total(outputs, xp=np):
        found = 0.0
        for name, value in sorted(outputs.items()):
            if name not in weights:
                weights[name] = rng.normal(size=np.shape(value))
            found = found + xp.sum(weights[name] * value)
        return found

    def exact(trained, inputs):
        return total(run_model(closed, {**trained, **fixed}, inputs, None, externs).outputs)

    exact(trained, inputs)  # draws the weights
    gradient = jax.jit(
        jax.grad(lambda p, x: total(executable.apply({**p, **fixed}, x), jax.numpy), (0, 1))
    )
    found = gradient(trained, inputs)
    for place in (0, 1):
        for name, slope in found[place].items():
            direction = rng.normal(size=np.shape(slope))

            def moved(t, place=place, name=name, direction=direction):
                both = [dict(trained), dict(inputs)]
                both[place][name] = both[place][name] + t * direction
                return exact(*both)

            # Error of order step^4.
            wanted = (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (
                12 * step
            )
            value = float(np.sum(np.asarray(slope) * direction))
            np.testing.assert_allclose(value, wanted, rtol=rtol, atol=1e-8, err_msg=name)
