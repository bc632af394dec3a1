"""What the sentences by hand leave out: files, models and their sequences, evolution, noise, feedback."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, e, log, sin, sqrt
from typing import Any

import numpy as np
import pytest

from qrnnlang.ir.model import run_model
from qrnnlang.runtime.init import init
from qrnnlang.sema.entry import load_text_program

X = np.array([[1.0, 2.0, 3.0, 4.0]])
S, C = sin(0.7), cos(0.7)
#: Of X and Z in H = 0.7 X + 0.4 Z, of length R: |0⟩ turns by 2R about it.
R = sqrt(0.7**2 + 0.4**2)
#: After rx(0.7) rz(0.8), the Bloch vector's y and z.
Y1, Z1 = -S * cos(0.8), C


@dataclass(frozen=True)
class Case:
    """`wanted`: the first output of a run on `inputs`, of batch 1, or its loss."""

    text: str
    wanted: Any
    inputs: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None
    files: dict[str, str] = field(default_factory=dict)
    targets: dict[str, Any] | None = None
    entry: str | None = None


def on_a_qubit(body: str, wanted: Any) -> Case:
    return Case(f"cell A {{ fresh a: qubit; {body} }}", [wanted], steps=1)


def of_a_sequence(expression: str, wanted: Any) -> Case:
    return Case(f"model M {{ input x: seq real; output y = {expression}; }}", wanted, {"x": X})


def loss(expression: str, wanted: float, target: str = "seq real", given: Any = 2 * X) -> Case:
    text = f"model M {{ input x: seq real; target t: {target}; output y = x; loss {expression}; }}"
    return Case(text, wanted, {"x": X}, targets={"t": np.asarray(given)})


BLOCKS = "qrnn 1.0; const K = 3; def twice(x: real[n]) = 2 * x; gate flip q: qubit[n] { x q; } cell B { input x: real; output y = K * x; }"
TWO = "evolve(0.7 * X(a) + 0.4 * Z(a), 1"
CASES = {
    "import": Case('import "b.qrnn"; cell A { fresh q: qubit[2]; use b = B(); flip q; output y = twice([K, b(2), expect(Z(q[1]))]); }', [[6, 12, -2]], steps=1, files={"b.qrnn": BLOCKS}, entry="A"),
    "import as": Case('import "b.qrnn" as o; cell A { fresh q: qubit[2]; use b = o.B(); o.flip q; output y = o.twice([o.K, b(2), expect(Z(q[1]))]); }', [[6, 12, -2]], steps=1, files={"b.qrnn": BLOCKS}, entry="A"),
    "import std": Case("import std.ansatz; import std.encoding; cell A { fresh q: qubit[2]; basic_entangler(stack([pi, 0])) q; bits_encode([0, 1]) q; output y = prob(q); }", [[0, 1, 0, 0]], steps=1),
    "param, rows of a sequence": Case("model M { input x: seq real[2]; param w: real = 2; output y = w * x[0] - x[1]; }", [1, -1], {"x": [[[1.0, 1.0], [0.0, 1.0]]]}),
    "imaginary amplitudes": on_a_qubit("prepare([1, 0], [0, 1]) a; output y = expect(Y(a));", 1),
    "unitary and its inverse": on_a_qubit("fixed U: unitary[1] ~ haar; x a; apply(U) a; inv @ apply(U) a; output y = expect(Z(a));", -1),
    "controlled unitary": Case("cell A { fixed U: unitary[1] ~ haar; fresh c: qubit; fresh a: qubit; ctrl @ apply(U) c, a; output y = prob(a == 0); }", [1], steps=1),
    "evolve": on_a_qubit(f"{TWO}); output y = expect(Z(a));", 1 - 2 * (sin(R) * 0.7 / R) ** 2),
    "evolve, order 1": on_a_qubit(f"{TWO}, steps = 1); output y = expect([X(a), Y(a), Z(a)]);", [sin(1.4) * sin(0.8), -sin(1.4) * cos(0.8), cos(1.4)]),
    "evolve, order 2": on_a_qubit(f"{TWO}, steps = 1, order = 2); output y = expect([X(a), Y(a), Z(a)]);", [S * sin(0.8), Y1 * C - Z1 * S, Y1 * S + Z1 * C]),
    "phase_flip": on_a_qubit("h a; phase_flip(0.1) a; output y = expect(X(a));", 0.8),
    "pauli_channel": on_a_qubit("pauli_channel(0.1, 0.2, 0.3) a; output y = expect(Z(a));", 0.4),
    "noise in a gate": Case("gate g(p: real) q: qubit { bit_flip(p) q; reset q; bit_flip(p) q; } cell A { fresh q: qubit; g(0.25) q; output y = expect(Z(q)); }", [0.5], steps=1),
    "feedback of the ensemble": Case("cell A { fresh q: qubit[2]; ry(1) q[0]; rx(expect(Z(q[0]))) q[1]; output y = expect(Z(q[1])); }", [cos(cos(1))], steps=1),
    "feedback into the next step": Case("cell A { carry c: real = 0; fresh q: qubit; ry(1 + c) q; next c = expect(Z(q)); output y = c; }", [0, cos(1), cos(1 + cos(1))], steps=3),
    "carried qubits": Case("cell A { carry m: qubit; ry(0.5) m; output y = expect(Z(m)); }", [cos(0.5), cos(1), cos(1.5)], steps=3),
    "next of an entry": Case("cell A { carry c: real[2] = 0; next c[1] = c[1] + 1; output y = c; }", [[0, 0], [0, 1], [0, 2]], steps=3),
    "several inputs": Case("cell A { input a: real; input b: real[2]; output y = a * b; }", [[2, 3]], {"a": [[1.0]], "b": [[[2.0, 3.0]]]}),
    "applied to a sequence": Case("cell S { input x: real; carry c: real = 0; next c = c + x; output y = c; } model M { use s = S(); input x: seq real; output y = s(x); }", [0, 1, 3, 6], {"x": X}),
    "constant along time": Case("model M { input x: seq real; input b: real; output y = x + b; }", [2, 3, 4, 5], {"x": X, "b": [1.0]}),
    "last": of_a_sequence("last(x)", 4),
    "last of several": of_a_sequence("last(x, 2)", [3, 4]),
    "first": of_a_sequence("first(x)", 1),
    "skip": of_a_sequence("skip(x, 1)", [2, 3, 4]),
    "reverse": of_a_sequence("reverse(x)", [4, 3, 2, 1]),
    "mean over time": of_a_sequence("mean(x)", 2.5),
    "joined step by step": of_a_sequence("[x, x * x]", [[1, 1], [2, 4], [3, 9], [4, 16]]),
    "let of a model": Case("model M { input x: seq real; let z = 2 * x; output y = last(z); }", 8, {"x": X}),
    "mse": loss("mse(y, t)", 7.5),
    "mae": loss("mae(y, t)", 2.5),
    "a penalty": loss("mse(y, t) + 0.1 * mean(y * y)", 8.25),
    "a target of the sequence": loss("mse(last(y), t)", 1, "real", [5.0]),
    "labels": loss("cross_entropy(normalize([last(y), 4, 0]) ** 2, t)", log(2), "class[3]", [1]),
    "labels step by step": loss("nll([y / 8, 1 - y / 8], t)", -float(np.mean(np.log(X / 8))), "seq class[2]", np.zeros((1, 4), int)),
    "logits": loss("cross_entropy_logits([last(y) - 3, 0], t)", log(e + 1) - 1, "class[2]", [0]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_construct(name: str) -> None:
    case = CASES[name]
    text = "qrnn 1.0;\n" + case.text
    model = load_text_program(text, "a.qrnn", case.entry, files=case.files).model
    params = {k: np.asarray(v) for k, v in init(model.params, 0).items()}
    inputs = {k: np.asarray(v) for k, v in case.inputs.items()}
    found = run_model(model, params, inputs, case.targets, steps=case.steps)
    have = next(iter(found.outputs.values()))[0] if case.targets is None else found.loss
    assert np.shape(have) == np.shape(case.wanted)
    np.testing.assert_allclose(have, case.wanted, atol=1e-12)


def test_a_function_from_outside() -> None:
    text = "qrnn 1.0; extern def f(x: real[n]) -> real[n]; cell A { input x: real[2]; output y = 1 + f(x); }"
    model = load_text_program(text).model
    found = run_model(model, {}, {"x": np.array([[[1.0, 2.0]]])}, externs={"f": lambda x: x**2})
    np.testing.assert_array_equal(found.outputs["y"], [[[2.0, 5.0]]])
