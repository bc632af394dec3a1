"""Interpreter = XLA = what runs by default (the native kernel, where it covers the cell).

On the cells of the library, the examples and random programs; at the edges of what is asked of
them: one sequence, a prime number of them, ten thousand, one step, ten thousand, parameters of 0.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from engine.soup import ALL, UNITARY, Soup, arrays, model_of
from example_files import EXAMPLES
from kernel.helpers import NEEDS_COMPILER
from std.programs import CASES, IDS
from std.programs import model as std_model

import qrnnlang as qr
from qrnnlang.diagnostics import DataError
from qrnnlang.engine import build
from qrnnlang.ir.asked import steps_needed
from qrnnlang.ir.model import ModelResult, run_model
from qrnnlang.runtime.init import init
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedModel, Postselect, RunCell, SeqFn

jax.config.update("jax_enable_x64", True)

#: Where numbers are drawn from: the first range in which the model has values.
RANGES = ((0.1, 0.9), (0.02, 0.18))


def data(
    model: ClosedModel, batch: int, steps: int, within: tuple[float, float] = RANGES[0]
) -> tuple[Any, Any, Any]:
    """Parameters, inputs and targets; numbers lie within the range, bits are bits."""
    rng = np.random.default_rng(7)
    params = {k: np.asarray(v) for k, v in init(model.params, 3).items()}

    def some(ports: Any) -> dict[str, Any]:
        found = {}
        for p in ports:
            shape = (batch, *((steps,) if p.seq else ()), *p.shape)
            if p.labels is not None:
                found[p.name] = rng.integers(p.labels, size=shape)
            elif projects(model):
                found[p.name] = rng.integers(2, size=shape).astype(float)
            else:
                found[p.name] = rng.uniform(*within, shape)
        return found

    return params, some(model.inputs), some(model.targets)


def projects(model: ClosedModel) -> bool:
    """Whether inputs say what is postselected, so that they have to be bits."""
    cells = [op.cell for op in model.ops if isinstance(op, RunCell)]
    return any(
        isinstance(op, Postselect) and any(not isinstance(v, float | int) for v in op.values)
        for cell in cells
        for op in cell.ops
    )


def total(outputs: Any) -> Any:
    """A number that depends on every entry of every output."""
    found: Any = 0.0
    for name in sorted(outputs):
        y = outputs[name]
        found = found + (y * jax.numpy.cos(jax.numpy.arange(y.size)).reshape(y.shape)).sum()
    return found


@dataclass(frozen=True)
class Found:
    """What an executor finds: `numbers` are the loss and the metrics by name, where known;
    `slopes` the gradient of `total` for parameters and inputs that are no labels.
    """

    outputs: dict[str, Any]
    numbers: dict[str, float]
    slopes: Any


def run(model: ClosedModel, given: Any, executor: str) -> Found:
    executable = build(model, executor=executor)
    params, inputs, targets = given
    numbers = {k: v for k, v in inputs.items() if v.dtype == float and not projects(model)}
    rest = {k: v for k, v in inputs.items() if k not in numbers}

    def summed(params: Any, numbers: Any) -> Any:
        outputs, loss, metrics = executable.evaluate(params, {**numbers, **rest}, targets)
        return total(outputs), (outputs, named(loss, metrics))

    found = jax.jit(jax.value_and_grad(summed, (0, 1), has_aux=True))(params, numbers)
    (_, (outputs, known)), slopes = found
    return Found(outputs, {name: float(value) for name, value in known.items()}, slopes)


def named(loss: Any, metrics: dict[str, Any]) -> dict[str, Any]:
    return metrics if loss is None else {**metrics, "the loss": loss}


def executors_agree(model: ClosedModel, given: Any) -> Found:
    """What XLA finds, which is what runs by default finds too."""
    found, usual = run(model, given, "xla"), run(model, given, "auto")
    for name, y in found.outputs.items():
        assert np.isfinite(y).all(), name
        np.testing.assert_allclose(usual.outputs[name], y, atol=1e-10, rtol=0, err_msg=name)
    assert usual.numbers == pytest.approx(found.numbers, rel=1e-8, abs=1e-10)
    largest = [float(np.abs(g).max(initial=0)) for g in jax.tree.leaves(found.slopes)]
    assert np.isfinite(largest).all()
    scale = max([*largest, 1e-3])
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * scale),
        usual.slopes,
        found.slopes,
    )
    return found


def assert_as(found: Found, wanted: ModelResult) -> None:
    assert found.outputs.keys() == wanted.outputs.keys()
    for name, y in wanted.outputs.items():
        np.testing.assert_allclose(found.outputs[name], y, atol=1e-10, rtol=0, err_msg=name)
    numbers = named(wanted.loss, wanted.metrics)
    assert found.numbers == pytest.approx(numbers, rel=1e-8, abs=1e-10)


def assert_agree(model: ClosedModel, given: Any) -> None:
    assert_as(executors_agree(model, given), run_model(model, *given))


def single(model: ClosedModel, given: Any) -> None:
    """float32 within 1e-4."""
    params, inputs, _ = given
    outputs = jax.jit(build(model, "float32").apply)(params, inputs)
    for name, wanted in jax.jit(build(model).apply)(params, inputs).items():
        np.testing.assert_allclose(outputs[name], wanted, atol=1e-4, err_msg=name)


@pytest.mark.long
@pytest.mark.parametrize("cell", CASES, ids=IDS)
def test_cells_of_the_library(cell: tuple[str, dict[str, Any]]) -> None:
    model = std_model(cell[0], **cell[1]).closed
    assert_agree(model, data(model, 2, 3))
    single(model, data(model, 2, 3))


@pytest.mark.long
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_examples(path: Path) -> None:
    model = qr.load(path).closed
    # Five steps more than the shortest sequence that has outputs, loss and metrics.
    steps = 5 + max([steps_needed(op) for op in model.ops if isinstance(op, SeqFn)], default=1)
    batch = 2 if steps <= 100 else 1  # the interpreter takes up to 60 ms for a step
    if widest(model) <= 9:
        given, wanted = interpreted(model, batch, steps)
        assert_as(executors_agree(model, given), wanted)
    else:
        given = data(model, batch, steps)
        executors_agree(model, given)
    single(model, given)


def interpreted(model: ClosedModel, batch: int, steps: int) -> tuple[Any, ModelResult]:
    """Data in the first range that the interpreter takes, and what it finds.

    A model that says `arcsin(5 * x)` has no values on all of the first.
    """
    *wider, last = RANGES
    for within in wider:
        given = data(model, batch, steps, within)
        with suppress(DataError):
            return given, run_model(model, *given)
    given = data(model, batch, steps, last)
    return given, run_model(model, *given)


def widest(model: ClosedModel) -> int:
    cells = [op.cell for op in model.ops if isinstance(op, RunCell)]
    return max((sum(len(r.wires) for r in cell.registers) for cell in cells), default=0)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40, 46))
@pytest.mark.parametrize("kinds", [ALL, (*UNITARY, "read")], ids=["all", "unitary"])
def test_random_programs(kinds: tuple[str, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = model_of(Soup(rng, kinds=kinds, length=10).build())
    params, inputs = arrays(rng, 3, 3)
    assert_agree(model, (params, inputs, {}))


CELL = """qrnn 1.0;
cell C {
    input x: real[2];
    carry m: qubit[2];
    carry c: real = 0.1;
    fresh e: qubit[2];
    param w: angle[2, 4];
    ry(x) e;
    for l in 0..2 { rx(w[l]) [e, m]; for (a, b) in ring([e, m]) { crz(w[l, 0] + 0.2) a, b; } ry(w[l]) [m, e]; }
    rx(c) m[0];
    let z = expect(Z(e));
    next c = 0.3 * c + 0.5 * z[0];
    output y = z;
    output q = prob(m);
}
"""
FEW = """qrnn 1.0;
cell C {
    input x: real;
    carry m: qubit;
    fresh e: qubit;
    param w: angle[4];
    ry(x) e; rx(w[0]) [e, m]; rzz(w[1]) e, m; ry(w[2]) [m, e]; cx e, m; rz(w[3]) m; rx(0.4) e;
    output y = expect(Z(e));
    output q = prob(m);
}
"""


@pytest.mark.parametrize(("batch", "steps"), [(1, 3), (13, 1)])
def test_one_sequence_a_prime_number_one_step(batch: int, steps: int) -> None:
    model = load_text(FEW)
    assert_agree(model, data(model, batch, steps))


def test_parameters_of_zero() -> None:
    model = load_text(FEW)
    params, inputs, targets = data(model, 2, 3)
    assert_agree(model, ({k: np.zeros_like(v) for k, v in params.items()}, inputs, targets))


@pytest.mark.long
@pytest.mark.parametrize("source", [CELL, FEW], ids=["with feedback", "without"])
def test_ten_thousand_sequences(source: str) -> None:
    model = load_text(source)
    given = data(model, 10_000, 2)
    executors_agree(model, given)
    found = build(model).apply(given[0], given[1])
    picked = [0, 4_999, 9_999]
    wanted = run_model(model, given[0], {k: v[picked] for k, v in given[1].items()}).outputs
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name][np.array(picked)], value, atol=1e-10)


@pytest.mark.long
@pytest.mark.parametrize("executor", ["xla", "auto"])
@pytest.mark.parametrize("source", [CELL, FEW], ids=["with feedback", "without"])
def test_ten_thousand_steps_keep_the_trace(source: str, executor: str) -> None:
    model = load_text(source)
    params, inputs, _ = data(model, 1, 10_000)
    executable = build(model, executor=executor)
    outputs = jax.jit(executable.apply)(params, inputs)
    np.testing.assert_allclose(np.asarray(outputs["q"]).sum(-1), 1, atol=1e-9)
    _, state = jax.jit(executable.apply_with_state)(params, inputs)
    density = np.asarray(state[""]["density"])[0]
    assert abs(np.trace(density) - 1) < 1e-9
    np.testing.assert_allclose(density, density.conj().T, atol=1e-9)


@pytest.mark.long
def test_ten_thousand_steps_are_the_same_everywhere() -> None:
    model = load_text(FEW)
    given = data(model, 1, 10_000)
    found = {e: jax.jit(build(model, executor=e).apply)(*given[:2]) for e in ("xla", "auto")}
    wanted = run_model(model, *given).outputs
    for outputs in found.values():
        np.testing.assert_allclose(outputs["y"], wanted["y"], atol=1e-9)


@NEEDS_COMPILER
def test_what_runs_by_default_is_the_kernel_here() -> None:
    """So that the comparisons above compare what they say."""
    for source in (CELL, FEW):
        entries = build(load_text(source)).describe()
        assert {e["executor"] for e in entries} == {"native kernel"}
