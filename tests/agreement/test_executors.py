"""Interpreter = XLA = what runs by default (the native kernel, where it covers the cell).

On the cells of the library, the examples and random programs; at the edges of what is asked of
them: one sequence, a prime number of them, ten thousand, one step, ten thousand, parameters of 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from engine.soup import ALL, UNITARY, Soup, arrays, model_of
from std.programs import CASES, IDS
from std.programs import model as std_model

import qrnnlang as qr
from qrnnlang.engine import build
from qrnnlang.engine.native import library
from qrnnlang.ir.model import run_model
from qrnnlang.runtime.init import init
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedModel, Postselect, RunCell

jax.config.update("jax_enable_x64", True)

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.qrnn"))


def data(model: ClosedModel, batch: int, steps: int, seed: int = 7) -> tuple[Any, Any, Any]:
    """Parameters, inputs and targets; inputs lie in [0.1, 0.9], bits are bits."""
    rng = np.random.default_rng(seed)
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
                found[p.name] = rng.uniform(0.1, 0.9, shape)
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


def run(model: ClosedModel, given: Any, executor: str) -> tuple[Any, Any]:
    """Outputs, and the gradient of `total` for parameters and inputs that are no labels."""
    executable = build(model, executor=executor)
    params, inputs, _ = given
    numbers = {k: v for k, v in inputs.items() if v.dtype == float and not projects(model)}
    rest = {k: v for k, v in inputs.items() if k not in numbers}

    def loss(params: Any, numbers: Any) -> Any:
        outputs = executable.apply(params, {**numbers, **rest})
        return total(outputs), outputs

    (_, outputs), grads = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))(params, numbers)
    return outputs, grads


def assert_agree(model: ClosedModel, given: Any, interpreted: bool = True) -> None:
    outputs, grads = run(model, given, "xla")
    usual, slopes = run(model, given, "auto")
    for name, y in outputs.items():
        np.testing.assert_allclose(usual[name], y, atol=1e-10, rtol=0, err_msg=name)
    scale = max([float(np.abs(g).max(initial=0)) for g in jax.tree.leaves(grads)] + [1e-3])
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * scale), slopes, grads
    )
    if interpreted:
        for name, wanted in run_model(model, *given).outputs.items():
            np.testing.assert_allclose(outputs[name], wanted, atol=1e-10, rtol=0, err_msg=name)


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
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples(path: Path) -> None:
    model = qr.load(path).closed
    steps = 6
    given = data(model, 2, steps)
    assert_agree(model, given, interpreted=widest(model) <= 9)
    single(model, given)


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
    assert_agree(model, given, interpreted=False)
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


@pytest.mark.skipif(library.reason() is not None, reason="no C++ compiler: no kernel to compare")
def test_what_runs_by_default_is_the_kernel_here() -> None:
    """So that the comparisons above compare what they say."""
    for source in (CELL, FEW):
        entries = build(load_text(source)).describe()
        assert {e["executor"] for e in entries} == {"native kernel"}
