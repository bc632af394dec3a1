"""Further details, each by a value computed by hand: functions folded and at run time, what is refused.

Every case fails when one place of the implementation is changed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from qrnnlang.ir.model import run_model
from qrnnlang.runtime.init import init
from qrnnlang.sema import check_text
from qrnnlang.sema.closed import ClosedModel
from qrnnlang.sema.entry import load_text_program

E1 = math.exp(1)
#: A function, its arguments and its value.
FUNCTIONS: dict[str, tuple[str, tuple[str, ...], Any]] = {
    "sin": ("sin", ("0.5",), math.sin(0.5)),
    "cos": ("cos", ("0.5",), math.cos(0.5)),
    "tan": ("tan", ("0.5",), math.tan(0.5)),
    "arcsin": ("arcsin", ("0.5",), math.asin(0.5)),
    "arccos": ("arccos", ("0.5",), math.acos(0.5)),
    "arctan": ("arctan", ("0.5",), math.atan(0.5)),
    "sinh": ("sinh", ("0.5",), math.sinh(0.5)),
    "cosh": ("cosh", ("0.5",), math.cosh(0.5)),
    "tanh": ("tanh", ("0.5",), math.tanh(0.5)),
    "exp": ("exp", ("0.5",), math.exp(0.5)),
    "log": ("log", ("0.5",), math.log(0.5)),
    "sqrt": ("sqrt", ("0.5",), math.sqrt(0.5)),
    "abs": ("abs", ("-0.5",), 0.5),
    "sigmoid": ("sigmoid", ("1",), E1 / (1 + E1)),
    "relu above": ("relu", ("2",), 2),
    "relu below": ("relu", ("-2",), 0),
    "softplus": ("softplus", ("1",), math.log(1 + E1)),
    "softmax": ("softmax", ("[0, 1]",), [1 / (1 + E1), E1 / (1 + E1)]),
    "softmax of rows": ("softmax", ("stack([0, 0], [3, 3])",), [[0.5, 0.5], [0.5, 0.5]]),
    "minimum": ("minimum", ("[1, 4]", "[3, 2]"), [1, 2]),
    "maximum": ("maximum", ("[1, 4]", "[3, 2]"), [3, 4]),
    "min of two": ("min", ("[1, 4]", "[3, 2]"), [1, 2]),
    "max of two": ("max", ("[1, 4]", "[3, 2]"), [3, 4]),
    "min": ("min", ("[3, 1, 2]",), 1),
    "max": ("max", ("[2, 3, 1]",), 3),
    "sum": ("sum", ("[3, 1, 2]",), 6),
    "mean": ("mean", ("[4, 1, 1]",), 2),
    "prod": ("prod", ("[3, 5, 2]",), 30),
    "dot": ("dot", ("[1, 2]", "[3, 5]"), 13),
    "outer": ("outer", ("[1, 2]", "[3, 5]"), [[3, 5], [6, 10]]),
    "clip": ("clip", ("[1, 4, 9]", "2", "5"), [2, 4, 5]),
    "normalize": ("normalize", ("[3, 4]",), [0.6, 0.8]),
    "transpose": ("transpose", ("stack([1, 2], [3, 4])",), [[1, 3], [2, 4]]),
    "reverse": ("reverse", ("[1, 2, 3]",), [3, 2, 1]),
}  # fmt: skip
#: The body of the cell `A`, and its first output.
CASES: dict[str, tuple[str, Any]] = {
    "a sum of vectors": ("output y = sum([i, 2] for i in 1..4);", [6, 6]),
    "a product of vectors": ("output y = prod([i, 2] for i in 1..4);", [6, 8]),
    "a mean of vectors": ("output y = mean([i, 2] for i in 1..4);", [2, 2]),
    "a sum of nothing": ("output y = sum(i for i in 0..0);", 0),
    "a product of nothing": ("output y = prod(i for i in 0..0);", 1),
    "a range backwards": ("output y = [i for i in reverse(0..3)];", [2, 1, 0]),
    "pairs backwards": ("output y = [10 * i + j for (i, j) in reverse(zip(0..2, 5..7))];", [16, 5]),
    "an element of a range": ("let r = 3..7; output y = ones(r[1]);", [1, 1, 1, 1]),
    "exclusive or": ("if (true ^ true) { output y = 1; } else { output y = 2; }", 2),
    "arrays of which one entry agrees": ("if ([1, 2] == [1, 3]) { output y = 1; } else { output y = 2; }", 2),
    "bits that differ": ("fresh q: qubit[2]; fresh a: qubit; x q[0]; let b = measure q; if (b != 2) { x a; } output y = prob(a == 1);", 1),
    "bits that do not differ": ("fresh q: qubit[2]; fresh a: qubit; x q[0]; let b = measure q; if (b != 1) { x a; } output y = prob(a == 1);", 0),
    "exclusive or of bits": ("fresh q: qubit[2]; fresh a: qubit; x q; let b = measure q; if (b[0] ^ b[1]) { x a; } output y = prob(a == 1);", 0),
    "a parameter's start, row by row": ("param w: real[2, 3] = [1, 2, 3]; output y = w;", [[1, 2, 3], [1, 2, 3]]),
    "Trotter's steps": ("fresh q: qubit; evolve(X(q), pi / 4, steps = 2); output y = expect(Y(q));", -1),
    "Trotter's steps, order 2": ("fresh q: qubit; evolve(X(q), pi / 4, steps = 3, order = 2); output y = expect(Y(q));", -1),
}  # fmt: skip
QUBITS = "fresh q: qubit[2]; fresh a: qubit;"
#: The body of the cell `A`, other items, and the codes of what is found.
FOUND: dict[str, tuple[str, str, set[str]]] = {
    "a division by 0": ("output y = 1 / 0;", "", {"E0308"}),
    "a remainder by 0": ("output y = 1 % 0;", "", {"E0308"}),
    "a remainder of reals": ("output y = 5.5 % 2;", "", {"E0302"}),
    "a power of 0": ("output y = 0 ** -1;", "", {"E0308"}),
    "a root of a negative number": ("output y = (-1) ** 0.5;", "", {"E0308"}),
    "a power of 400 digits": ("output y = 10 ** 400;", "", {"E0308"}),
    "a number of 65 bits": ("output y = 9223372036854775807 + 1;", "", {"E0308"}),
    "the logarithm of 0": ("output y = log(0);", "", {"E0308"}),
    "a large binomial": ("output y = choose(5000, 2500);", "", {"E0308"}),
    "a computed index below 0": ("let k = 0 - 1; output y = [1, 2][k];", "", {"E0304"}),
    "an index of a list": ("output y = [1, 2][[0, 5]];", "", {"E0304"}),
    "a label of more rows": ("input t: class[3]; param w: real[2, 2]; output y = w[t];", "", {"E0301"}),
    "a concatenated matrix": ("output y = [stack([1, 2], [3, 4]), 1];", "", {"E0301"}),
    "a number among qubits": (f"{QUBITS} h [q, 1]; output y = 1;", "", {"E0302"}),
    "two names for one thing": ("output y = [i for (i, j) in 0..3];", "", {"E0302"}),
    "a label of no class": ("input t: class[0]; param w: real[2]; output y = w[t];", "", {"E0306"}),
    "bits with a start": ("carry b: bit = 1; output y = 1;", "", {"E0302"}),
    "a register with a start": ("carry m: qubit = 0; output y = expect(Z(m));", "", {"E0302"}),
    "preparing what was prepared": ("carry m: qubit { x m; } prepare([1, 0]) m; output y = expect(Z(m));", "", {"E0411"}),
    "10,000,000 elements": ("output y = len(zeros(10_000_000));", "", set()),
    "10,000,001 elements": ("output y = len(zeros(10_000_001));", "", {"E0706"}),
    "999,900 operations": (f"{QUBITS} evolve(X(a), 1, steps = 999_900); output y = expect(Z(a));", "", set()),
    "1,000,001 operations": (f"{QUBITS} evolve(X(a), 1, steps = 1_000_001); output y = expect(Z(a));", "", {"E0705"}),
    "a wide expression of bits": (f"{QUBITS} let c0 = measure a; {' '.join(f'let c{i + 1} = c{i} ^ c{i};' for i in range(15))} if (c15) {{ x a; }} output y = 1;", "", {"E0705"}),
    "a deep expression of bits": (f"{QUBITS} let b = measure a; if ({' ^ '.join(['b'] * 250)}) {{ x a; }} output y = 1;", "", {"E0705"}),
    "a trained unitary": ("fresh q: qubit; param U: unitary[1] ~ haar; apply(U) q; output y = expect(Z(q));", "", {"E0302"}),
    "a cell under bits": (f"use c = B(); {QUBITS} let b = measure a; if (b) {{ rx(c()) a; }} output y = expect(Z(a));", "cell B { output y = 1; }", {"E0410"}),
    "a row too long": ("output z: real[2, 2]; output z[0, ..] = [1, 2, 3]; output z[1, ..] = [1, 2];", "", {"E0301"}),
    "a register that goes on twice": (f"carry m: qubit; {QUBITS} next m = q[0..1]; next m = q[1..2]; output y = 1;", "", {"E0407"}),
    "a register of one qubit twice": (f"carry m: qubit[2]; {QUBITS} next m = [a, a]; output y = 1;", "", {"E0401"}),
    "a bit that goes on twice": (f"carry f: bit; {QUBITS} let b = measure a; next f = b; next f = !b; output y = 1;", "", {"E0407"}),
    "a loss in a cell": ("input x: real; output y = mse(x, x);", "", {"E0405"}),
    "entangled by an evolution": ("carry q: qubit[2]; param w: angle; rx(w) q[1]; evolve(X(q[0]) * Z(q[1]), 1); output y = expect(Z(q[0]));", "", set()),
    "a rate that is trained": (f"param r: real = 0.1; {QUBITS} bit_flip(r) a; output y = expect(Z(a));", "", set()),
    "a rotation of what starts anew": (f"param w: angle; {QUBITS} h a; output y = expect(Z(a)); ry(w) a;", "", {"W0301"}),
    "a rotation that a bit reads": (f"param w: angle; {QUBITS} ry(w) a; let b = measure a; output y = prob(b);", "", set()),
    "a rotation that a unitary passes on": (f"param w: angle; fixed U: unitary[2] ~ haar; {QUBITS} ry(w) q[0]; apply(U) q; output y = expect(Z(q[1]));", "", set()),
}  # fmt: skip
#: The body of the model `A`, and the codes of its errors.
MODELS: dict[str, tuple[str, set[str]]] = {
    "a wash-out below 0": ("output p = mean(skip(x, -1));", {"E0302"}),
    "a wash-out of nothing": ("output p = mean(skip(x));", {"E0207"}),
    "a loss of one": ("output p = x; loss mse(p);", {"E0207"}),
    "a loss without a label": ("output p = x; loss cross_entropy([p, 1 - p], x);", {"E0302"}),
    "a loss of too few classes": ("target t: seq class[3]; output p = [x, 1 - x]; loss cross_entropy(p, t);", {"E0301"}),
    "the mean of a label": ("target t: seq class[3]; output p = x; loss mean(t);", {"E0302"}),
    "a loss of two": ("output p = [x, x]; loss last(p);", {"E0301"}),
    "a loss a step": ("output p = x; loss p * p;", {"E0301"}),
    "two blocks of data": ('output p = x; data csv("a.csv") { x = column(0); } data csv("a.csv") { x = column(0); }', {"E0504"}),
    "two blocks of training": ("output p = x; loss mse(p, x); train { epochs = 1; } train { epochs = 1; }", {"E0504"}),
    "a key of training with a word": ("output p = x; loss mse(p, x); train { input epochs = 1; }", {"E0506"}),
    "bits as an input": ("input b: seq bit; output p = x;", {"E0302"}),
    "an input of another length": ("use q = Q(); output p = q([x, x, x]);", {"E0305"}),
    "a label of too many classes": ("use e = L(); target t: seq class[5]; output p = e(t);", {"E0302"}),
}  # fmt: skip


def load(body: str, items: str = "") -> ClosedModel:
    return load_text_program(f"qrnn 1.0; {items} cell A {{ {body} }}", entry="A").model


def value(model: ClosedModel, steps: int = 1, **inputs: np.ndarray) -> Any:
    params = {k: np.asarray(v) for k, v in init(model.params, 0).items()}
    return next(iter(run_model(model, params, inputs, steps=steps).outputs.values()))[0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_constants(name: str) -> None:
    fn, args, wanted = FUNCTIONS[name]
    found = value(load(f"output y = {fn}({', '.join(args)});"))[0]
    assert np.shape(found) == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_parameters(name: str) -> None:
    fn, args, wanted = FUNCTIONS[name]
    shapes = {"[": f"real[{args[0].count(',') + 1}]", "s": "real[2, 2]"}
    params = [f"param p{i}: {shapes.get(a[0], 'real')} = {a};" for i, a in enumerate(args)]
    names = ", ".join(f"p{i}" for i in range(len(args)))
    found = value(load(f"{' '.join(params)} output y = {fn}({names});"))[0]
    assert np.shape(found) == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_value(name: str) -> None:
    body, wanted = CASES[name]
    found = value(load(body))[0]
    assert np.shape(found) == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("name", FOUND)
def test_found(name: str) -> None:
    body, items, codes = FOUND[name]
    found = check_text(f"qrnn 1.0; {items} cell A {{ {body} }}")
    assert {d.code for d in found if d.severity == "error" or d.code == "W0301"} == codes


@pytest.mark.parametrize("name", MODELS)
def test_found_in_a_model(name: str) -> None:
    body, codes = MODELS[name]
    cells = "cell Q { input x: real[2]; fresh q: qubit[2]; rx(x) q; output y = expect(Z(q)); }"
    cells += "cell L { input t: class[3]; param w: real[3]; output y = w[t]; }"
    found = check_text(f"qrnn 1.0; {cells} model A {{ input x: seq real; {body} }}")
    assert {d.code for d in found if d.severity == "error"} == codes


def test_one_stands_for_a_vector_of_one() -> None:
    assert value(load("carry c: real[1]; output y = c; next c = 2;"), 2).tolist() == [[0], [2]]
    assert value(load("carry c: real; output y = c; next c = [2];"), 2).tolist() == [0, 2]


def test_parameters_have_paths_and_starts() -> None:
    items = "cell C { param w: real; fixed U: unitary[1] ~ haar; fresh q: qubit; apply(U) q; output y = w * expect(Z(q)); } cell B { use c = C(); output y = c(); }"
    (u, w) = sorted(load("use b = B(); output y = b();", items).params, key=lambda p: p.name)
    assert (u.name, u.shape) == ("b.c.U", (2, 2, 2))
    assert (w.name, w.shape, w.start) == ("b.c.w", (), ("uniform", -1.0, 1.0))


def test_a_constant_output_has_a_value_a_step() -> None:
    text = "qrnn 1.0; cell K { input x: real; output y = 1; } model M { use k = K(); input x: seq real; output p = k(x); }"
    model = load_text_program(text).model
    assert value(model, 3, x=np.zeros((1, 3))).tolist() == [1, 1, 1]


def test_metrics_of_one_name_are_told_apart() -> None:
    text = "qrnn 1.0; model M { input x: seq real; output p = x; metric rmse(p, x); metric rmse(last(p), last(x)); }"
    names = [name for name, _ in load_text_program(text).model.metrics]
    assert len(set(names)) == 2


def test_the_real_part_and_the_imaginary_part_of_a_unitary() -> None:
    model = load(
        "fresh q: qubit; fixed U: unitary[1] ~ haar; h q; apply(U) q; output y = [expect(X(q)), expect(Y(q)), expect(Z(q))];"
    )
    (drawn,) = init(model.params, 0).values()
    u = np.asarray(drawn)[..., 0] + 1j * np.asarray(drawn)[..., 1]
    state = u @ np.array([1, 1]) / np.sqrt(2)
    off = state[1] * state[0].conj()
    wanted = [2 * off.real, 2 * off.imag, abs(state[0]) ** 2 - abs(state[1]) ** 2]
    np.testing.assert_allclose(value(model)[0], wanted, atol=1e-12)
