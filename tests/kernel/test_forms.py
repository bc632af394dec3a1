"""The forms of the kernel's sweep: which is chosen, and that it agrees with the XLA executor."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from qrnnlang.engine import build
from qrnnlang.ir.model import run_model
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedModel

from .helpers import NEEDS_COMPILER, assert_same, data

jax.config.update("jax_enable_x64", True)

pytestmark = NEEDS_COMPILER

MODEL = (
    "model M { use c = C(); input x: seq real[WIDTH]; target y: seq real[WIDTH];"
    " output p = c(x); loss mse(p, y); }"
)


def cell(carried: int, fresh: int, gates: str, reads: str, width: int = 1) -> ClosedModel:
    source = (
        f"qrnn 1.0; cell C {{ input x: real[{width}]; carry m: qubit[{carried}];"
        f" fresh e: qubit[{fresh}]; param w: angle[{carried + fresh}];"
        f" param v: angle[{carried + fresh}]; {gates} {reads} }}"
    )
    return load_text(source + MODEL.replace("WIDTH", str(width)), entry="M")


MIXING = "let q = [e, m]; rx(w) q; for (a, b) in ring(q) { cx a, b; } rz(v) q; ry(w * 0.7) q;"
REAL = "let q = [e, m]; ry(w) q; for (a, b) in ring(q) { cx a, b; } ry(v) q;"
OF_FRESH = "output y = [expect(Z(e[0]))];"
OF_ALL = "output y = [expect(X(e[0]) * Y(m[0])) + 0.5 * expect(Z(m[1])) * expect(X(m[1]))];"
BITS = (
    "qrnn 1.0; cell C { input x: real[1]; carry m: qubit[2]; carry c: bit; fresh e: qubit[1];"
    " param w: angle[3]; if (c) { ry(0.3) m[0]; } ry(x) e; rx(w) [e, m]; cx e[0], m[0];"
    " cx m[0], m[1]; let b = measure e[0]; next c = b; output y = [expect(Z(m[1]))]; }"
)
SELECTED = (
    "qrnn 1.0; cell C { input x: real[1]; carry m: qubit[WIRES]; fresh e: qubit[2];"
    " param w: angle[WIRES]; ry(x) e[0]; ry(w) m; ry(0.4) e[1]; cx e[0], m[0];"
    " cx m[0], m[1]; rx(x) m[1]; cx m[1], e[1]; cx m[0], e[0]; let p = postselect e == 0;"
    " output y = [expect(Z(m[0])) + p]; }"
)
TOLD = (
    "qrnn 1.0; cell C { input x: real[1]; carry m: qubit[4]; fresh e: qubit[1]; param w: angle[4];"
    " ry(w) m; ry(x) e; for i in 0..4 { cry(0.8) m[i], e[0]; cx e[0], m[i]; }"
    " output y = [prob(m[0] == 1)]; let r = round(x); postselect e == bits(r); }"
)

#: Model, and the form that it must take.
FORMS: dict[str, tuple[Any, str]] = {
    "one carried qubit": (lambda: cell(1, 1, "ry(x) e; " + MIXING, OF_FRESH), "transfer matrix"),
    "two": (lambda: cell(2, 1, "ry(x) e; rx(x) e; " + MIXING, OF_ALL), "transfer matrix"),
    "two, real": (lambda: cell(2, 2, "ry(x[0]) e; " + REAL, OF_FRESH), "transfer matrix"),
    "three": (lambda: cell(3, 2, "ry(x[0]) e; " + MIXING, OF_FRESH), "Kraus operators"),
    "three, complex kets": (
        lambda: cell(3, 1, "ry(x) e; rx(x * 0.5) e; " + MIXING, OF_ALL),
        "Kraus operators",
    ),
    "three, real": (lambda: cell(3, 1, "ry(x) e; " + REAL, OF_FRESH), "Kraus operators"),
    "four": (lambda: cell(4, 1, "ry(x) e; " + MIXING, OF_FRESH), "Kraus operators"),
    "five": (lambda: cell(5, 1, "ry(x) e; " + MIXING, OF_ALL), "Kraus operators"),
    "bits": (lambda: load_text(BITS + MODEL.replace("WIDTH", "1"), entry="M"), ""),
    "a carried ket": (
        lambda: load_text(
            "qrnn 1.0; cell C { input x: real[1]; carry m: qubit[5]; param w: angle[5];"
            " ry(x[0]) m; for (a, b) in ring(m) { cz a, b; } rx(w) m; rzz(0.3) m[0], m[3];"
            " output y = [expect(Z(m[0]) * X(m[1]))]; }" + MODEL.replace("WIDTH", "1"),
            entry="M",
        ),
        "step by step",
    ),
    "postselected": (
        lambda: load_text(SELECTED.replace("WIRES", "2") + MODEL.replace("WIDTH", "1"), entry="M"),
        "step by step",
    ),
    "a carried ket, postselected": (
        lambda: load_text(SELECTED.replace("WIRES", "4") + MODEL.replace("WIDTH", "1"), entry="M"),
        "step by step",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_agrees(name: str) -> None:
    make, form = FORMS[name]
    model = make()
    given = data(model, 5, 3)
    executable = build(model, executor="native")
    outputs, _, _ = executable.evaluate(*given)
    wanted = run_model(model, *given)
    np.testing.assert_allclose(outputs["p"], wanted.outputs["p"], atol=1e-10)
    assert_same(model, given)
    (native,) = executable.natives.values()
    assert not isinstance(native, str)
    assert not form or native.form == form


def test_a_carried_ket_stays_one_only_where_nothing_is_traced_out() -> None:
    for make, pure in ((FORMS["a carried ket"][0], True), (FORMS["four"][0], False)):
        executable = build(make())
        executable.evaluate(*data(executable.model, 1, 2))
        assert [plan.pure for plan in executable.plans.values()] == [pure]


@pytest.mark.parametrize("name", ["two", "three", "a carried ket"])
def test_several_sets_of_parameters_and_data_in_one_call(name: str) -> None:
    model = FORMS[name][0]()
    params, inputs, targets = data(model, 3, 2)
    several = jax.tree.map(lambda x: np.stack([x, x * 0.5, x + 1.0]), params)
    many = jax.tree.map(lambda x: np.stack([x, x * 0.9]), inputs)
    executable = build(model, executor="native")

    def slopes(p: Any, x: Any) -> Any:
        return jax.grad(lambda p, x: executable.evaluate(p, x, targets)[1], (0, 1))(p, x)

    for_data = jax.vmap(slopes, (None, 0))
    found = jax.jit(jax.vmap(for_data, (0, None)))(several, many)
    text = str(jax.make_jaxpr(jax.vmap(for_data, (0, None)))(several, many))
    assert text.count("qrnn_reverse") == 1
    assert "scan" not in text
    for i in range(3):
        for j in range(2):
            p, x = (jax.tree.map(lambda a, k=k: a[k], t) for t, k in ((several, i), (many, j)))
            one = slopes(p, x)
            jax.tree.map(
                lambda a, b, i=i, j=j: np.testing.assert_array_equal(a[i, j], b), found, one
            )
