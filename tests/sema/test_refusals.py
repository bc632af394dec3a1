"""Rules of single statements and functions, by what is said where each is broken."""

from __future__ import annotations

import pytest

from qrnnlang.sema import check_text

DATA = 'target y: seq real; param w: real; output p = w * {0}; loss mse(p, y); data csv("a.csv") {{ {1} }}'
WRONG = {
    "an output of whole numbers": (
        "cell A { output y: int; output y = 1; }",
        "E0302: an output cannot be `int`",
    ),
    "entries of another length": (
        "cell A { output y: real[3]; output y[0..2] = [1, 2, 3]; output y[2] = 0; }",
        "E0301: these entries of `y` are `real[2]`",
    ),
    "a row of another length": (
        "cell A { output y: real[2, 2]; output y[0] = [1, 2, 3]; output y[1] = 0; }",
        "E0301: these entries of `y` are `real[2]`",
    ),
    "an array in one entry": (
        "cell A { output y: real[2]; output y[0] = [1, 2, 3]; output y[1] = 0; }",
        "E0301: these entries of `y` are `real`",
    ),
    "rows from one after another": (
        "cell A { output y: real[2, 2]; output y[0..2] = [1, 2, 3, 4]; }",
        "E0301: these entries of `y` are `real[2, 2]`",
    ),
    "a real number that a call gave before as a whole one": (
        "def f(x: real) = x; cell A { input v: real[3]; output a = v[f(2)]; output b = v[f(2.0)]; }",
        "E0302: an index must be a whole number known at compile time",
    ),
    "a range past the end": (
        "cell A { input x: real[3]; output y = sum(x[range(1, 5)]); }",
        "E0304: index 3 is out of range",
    ),
    "a qubit that continues twice": (
        "cell A { carry m: qubit[2]; fresh e: qubit[2]; next m = e[[0, 0]]; output y = expect(Z(m[0])); }",
        "E0401: the same qubit twice in one operand",
    ),
    "the mean of labels": (
        "model M { input x: seq real; target s: seq class[3]; output p = x; loss mean(s); }",
        "E0302: a label has no mean",
    ),
    "one name for pairs": (
        "cell A { fresh q: qubit[3]; for p in pairs(q) { x q[0]; } output y = expect(Z(q[0])); }",
        "E0302: each turn gives 2 values",
    ),
    "two names for qubits": (
        "cell A { fresh q: qubit[3]; for (a, b) in q { x q[0]; } output y = expect(Z(q[0])); }",
        "E0302: each turn gives 1 value, not 2",
    ),
    "a power beyond what is finite": (
        "const A = 2 ** 5000; cell B { output y = A; }",
        "E0308: the power is too large",
    ),
    "an index in a list": (
        "cell A { input x: real[3]; output y = x[[0, 5]]; }",
        "E0304: index 5 is out of range",
    ),
    "a logarithm of 0": (
        "const A = log(0); cell B { output y = A; }",
        "E0308: `log` of a value outside its domain",
    ),
    "a label in too few entries": (
        "cell A { input s: class[5]; output y = onehot(s, 3); }",
        "E0301: a `class[5]` label in 3 entries",
    ),
    "a register that its preparation leaves alone is not zero either": (
        "cell A { carry m: qubit[2] { x m[0]; } prepare([1, 1]) m[1]; output y = expect(Z(m[0])); }",
        "E0411: `m[1]` is not known to be |0⟩ here",
    ),
    "a register that is prepared is not zero": (
        "cell A { carry m: qubit { x m; } prepare([1, 1]) m; output y = expect(Z(m)); }",
        "E0411: `m` is not known to be |0⟩ here",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_said(name: str) -> None:
    text, expected = WRONG[name]
    assert [f"{d.code}: {d.message}" for d in check_text(f"qrnn 1.0; {text}")] == [expected]


RIGHT = {
    "subsets larger than the set are none": (
        "cell A { fresh q: qubit[2]; for s in subsets(q, 1, 9) { x s; } output y = expect(Z(q[0])); }"
    ),
    "one number in one entry": (
        "cell A { input x: real[1]; output y: real[2]; output y[0] = x; output y[1] = x[0]; }"
    ),
    "an input that is called as an option": (
        "model M { input window: seq real; "
        + DATA.format("window", 'input window = column("a"); y = column("b"); window = 3;')
        + " }"
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_allowed(name: str) -> None:
    assert check_text(f"qrnn 1.0; {RIGHT[name]}") == ()
