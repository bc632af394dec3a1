"""Sentences of the language page that a program could get past."""

from __future__ import annotations

import pytest

import qrnnlang as qr
from qrnnlang.sema import check_text, load_text


def codes(source: str) -> list[str]:
    try:
        load_text("qrnn 1.0;\n" + source)
    except qr.CompileError as error:
        return [d.code for d in error.diagnostics]
    return []


PREPARED = [
    "reset q;",
    "postselect q == 0;",
    "let b = measure q;",
    "for i in 0..2 { let p = postselect q[i] == 0; }",
    "bit_flip(0.1) q;",
    "forget q;",
    "forget_all q;",
    "noisy q;",
    "output z = prob(q);",
]


@pytest.mark.parametrize("statement", PREPARED)
def test_a_carried_register_is_prepared_unitarily(statement: str) -> None:
    gates = (
        "gate forget a: qubit { reset a; } gate forget_all a: qubit[n] { forget a; }"
        "gate noisy a: qubit { bit_flip(0.1) a; }"
    )
    cell = f"cell A {{ carry q: qubit[2] {{ {statement} }} output y = prob(q); }}"
    assert codes(gates + cell) == ["E0405"]


def test_a_register_is_prepared_from_zero_and_is_not_zero_afterwards() -> None:
    fine = "carry q: qubit[2] { prepare([1, 2, 3, 4]) q; h q; } output y = prob(q);"
    assert codes(f"cell A {{ {fine} }}") == []
    for wrong in (
        "carry q: qubit { h q; prepare([1, 2]) q; }",
        "carry q: qubit { h q; } prepare([1, 2]) q;",
    ):
        assert codes(f"cell A {{ {wrong} output y = prob(q); }}") == ["E0411"]


@pytest.mark.parametrize("read", ["prob([q[0], q[0]])", "prob([q[0], q[1], q[0]] == 1)"])
def test_a_probability_reads_every_qubit_once(read: str) -> None:
    assert codes(f"cell A {{ carry q: qubit[2]; h q; output y = {read}; }}") == ["E0401"]


def test_a_size_is_bound_by_whichever_argument_has_it_bare() -> None:
    f = "def f(a: real[2 * n], b: real[n]) = sum(a) + sum(b);"
    cell = "cell A {{ input a: real[{}]; input b: real[2]; output y = f(a, b); }}"
    assert codes(f + cell.format(4)) == []
    assert codes(f + cell.format(3)) == ["E0305"]
    assert codes("def f(a: real[2 * n]) = sum(a); cell A { output y = f(ones(4)); }") == ["E0201"]


@pytest.mark.parametrize(
    "value", ["exp(1000)", "sinh(1e3)", "cosh([1, 1e3])", "1e300 * 1e300", "[1e300] * [1e300]"]
)
def test_a_constant_that_is_no_number_is_an_error(value: str) -> None:
    assert codes(f"cell A {{ input x: real; output y = ({value}) * x; }}") == ["E0308"]


@pytest.mark.parametrize("gate", ["ctrl", "negctrl"])
def test_no_controls_may_be_an_empty_register(gate: str) -> None:
    body = "for c in subsets(q[0..2], 0, 2) { MOD(len(c)) @ x c, q[2]; } MOD(0) @ x q[0..0];"
    cell = f"cell A {{ carry q: qubit[3]; {body.replace('MOD', gate)} output y = prob(q); }}"
    assert codes(cell) == []


def test_a_declaration_that_failed_is_one_error() -> None:
    assert codes("cell A { carry c: real[2] = [1, 2, 3]; next c = c + 1; output y = c; }") == [
        "E0305"
    ]


@pytest.mark.parametrize(
    "power", ["pow(1000) @ pow(1000) @ pow(10)", "pow(-2) @ pow(99999) @ pow(6)"]
)
def test_stacked_powers_are_counted_before_they_are_built(power: str) -> None:
    assert codes(f"cell A {{ carry q: qubit; {power} @ x q; output y = prob(q); }}") == ["E0705"]


@pytest.mark.parametrize(
    "value",
    [
        "outer(zeros(10000), ones(10000))",
        "zeros(10000, 1) + zeros(10000)",
        "minimum(zeros(10000, 1), zeros(10000))",
    ],
)
def test_large_arrays_are_refused_before_they_are_built(value: str) -> None:
    assert codes(f"cell A {{ output y = sum({value}); }}") == ["E0706"]


@pytest.mark.parametrize(
    ("value", "code"),
    [("1 / 0", "E0308"), ("[1, 2][5]", "E0304"), ("A", "E0206"), ("f(1)", "E0303"), ("g", "E0302")],
)
@pytest.mark.parametrize("output", ["1", "A"])
def test_a_constant_is_checked_once(value: str, code: str, output: str) -> None:
    """Whether a cell uses it or not."""
    text = f"extern def f(x: real) -> real; def g(x: real) = x; cell B {{ output y = {output}; }}"
    found = check_text(f"qrnn 1.0; const A = {value}; {text}")
    assert [d.code for d in found if d.severity == "error"] == [code]
