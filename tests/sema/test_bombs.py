"""Loops that are too long are refused before they are unrolled."""

from __future__ import annotations

import pytest
from counted import calls_within

from qrnnlang.sema import check_text

#: Of Python functions, in a check; unrolling any of these loops takes over 100 times as many.
CALLS = 60_000
#: Likewise, of the longer texts.
MORE = 600_000

WHOLE = "qrnn 1.0;\nconst N = 3000;\ncell A(n: int = 3000) {{ fresh q: qubit[2]; {} output y = expect(Z(q)); }}"


@pytest.mark.parametrize(
    "body",
    [
        "for i in 0..3000, j in 0..3000 { x q; }",
        "for i in 0..3000 { for j in 0..3000 { x q; } }",
        "for i in 0..n { for j in 0..N { x q; } for k in 0..i { } }",
        "for a in q { for i in 0..2 * n, j in 0..N { rx(i) a; } }",
        "for i in 0..100 { for j in 0..100 { for k in 0..100 { x q; h q; } for k in 0..2 { x q; } } }",
        "rx(sum(i * j for i in 0..3000, j in 0..3000)) q;",
        "for (i, j) in pairs(0..1400), (k, l) in chain(0..9) { x q; }",
        "for (i, j) in cross(0..1000, 0..999) { h q[0]; x q; }",
        "for (i, j) in zip(0..999, 0..999) { for (k, a) in enumerate(0..n) { x q; } }",
        "for (i, j) in ring(0..N) { for (k, l) in ring(0..N) { x q; } }",
        "for i in 0..9 { for j in 0..9 { for k in 0..99999 { } } }",
    ],
)
def test_a_nested_loop_fails_at_once(body: str) -> None:
    found = calls_within(CALLS, lambda: check_text(WHOLE.format(body)))
    assert [d.code for d in found if d.severity == "error"] == ["E0705"]


@pytest.mark.parametrize(
    "body",
    [
        "for i in 0..30 { for j in i..30 { x q; } }",
        "for (i, j) in pairs(0..1), (k, l) in cross(0..n, 0..3) { x q; }",
        "for (i, j) in chain(0..9), (k, l) in ring(0..2) { x q; }",
        "for i in 0..0 { for j in 0..3000, k in 0..3000 { x q; } }",
        "for i in 0..3 { let m = i; for j in 0..m { x q; } }",
        "for (i, a) in enumerate(q) { for b in q[i..] { rx(i) [a]; rx(i) b; } }",
    ],
)
def test_what_is_short_enough_passes(body: str) -> None:
    assert [d.code for d in check_text(WHOLE.format(body)) if d.severity == "error"] == []


def doubling(first: str, again: str, last: str, times: int = 60) -> str:
    """A program in which every item uses the one before it twice."""
    items = [first, *(again.format(i=i, j=i - 1) for i in range(1, times))]
    return "qrnn 1.0; " + " ".join(items) + " " + last.format(i=times - 1)


CELL = "cell A {{ input x: real; fresh q: qubit; {} output y = expect(Z(q)); }}"
BOMBS = {
    "gates of gates": (doubling(
        "gate g0(t: real) q: qubit { rx(t) q; }",
        "gate g{i}(t: real) q: qubit {{ g{j}(2 * t) q; g{j}(t + 1) q; }}",
        "cell A {{ input x: real; fresh q: qubit; g{i}(x) q; output y = expect(Z(q)); }}",
    ), "E0705"),
    "functions of functions": (doubling(
        "def f0(x: real) = x + 1;",
        "def f{i}(x: real) = f{j}(2 * x) + f{j}(x + 1);",
        "cell A {{ input x: real; output y = f{i}(x); }}",
    ), "E0705"),
    "a gate that calls itself twice": ("qrnn 1.0; gate g q: qubit { g q; g q; } " + CELL.format("g q;"), "E0704"),
    "a cell that uses itself twice": ("qrnn 1.0; cell A { input x: real; use a = A(); output y = a(x); output z = a(x); }", "E0704"),
    "a recursion in two": (
        "qrnn 1.0; gate g(d: int) q: qubit { if (d > 0) { g(d - 1) q; g(d - 1) q; } else { x q; } } " + CELL.format("g(40) q;"), "E0705",
    ),
    "gates on long registers": ("qrnn 1.0; cell A { fresh q: qubit[1000]; for i in 0..1000 { h q; h q; } output y = expect(Z(q)); }", "E0705"),
    "a product of sums": ("qrnn 1.0; cell A { fresh q: qubit[40]; output y = expect(prod(X(p) + Z(p) for p in q)); }", "E0705"),
    "an observable that doubles": ("qrnn 1.0; " + CELL.format("let o0 = Z(q); " + " ".join(f"let o{i} = o{i - 1} + o{i - 1};" for i in range(1, 40))), "E0705"),
    "a bit that doubles": ("qrnn 1.0; " + CELL.format("let b0 = measure q; " + " ".join(f"let b{i} = b{i - 1} ^ b{i - 1};" for i in range(1, 60))), "E0705"),
    "a chain of bits": ("qrnn 1.0; " + CELL.format("let b = measure q; let c = " + "b && " * 3000 + "b;"), "E0705"),
    "a register that doubles": ("qrnn 1.0; " + CELL.format("let r0 = q; " + " ".join(f"let r{i} = [r{i - 1}, r{i - 1}];" for i in range(1, 40))), "E0706"),
    "a Trotter product": ("qrnn 1.0; " + CELL.format("evolve(X(q) + Z(q), x, steps = 1000000);"), "E0705"),
    "a label of many": ("qrnn 1.0; cell A { input x: class[9]; output y = sum(onehot(x, 1000000000)); }", "E0706"),
    "many ones": ("qrnn 1.0; cell A { output y = sum(onehot(1, 1000000000)); }", "E0706"),
    "a product of matrices": ("qrnn 1.0; cell A { output y = sum(zeros(10000, 1) @ zeros(1, 10000)); }", "E0706"),
    "rows of rows": ("qrnn 1.0; cell A { output y = sum([zeros(1000000) for i in 0..1000]); }", "E0706"),
    "an index of many": ("qrnn 1.0; cell A { let v = [0, 1]; output y = v[range(0, 100000000)]; }", "E0706"),
    "an index in an index": ("qrnn 1.0; cell A { let v = [0, 1]; output y = " + "v[" * 100 + "0" + "]" * 100 + "; }", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_what_grows_without_end_is_refused(name: str) -> None:
    text, code = BOMBS[name]
    found = calls_within(MORE, lambda: check_text(text))
    errors = [d.code for d in found if d.severity == "error"]
    assert set(errors) == ({code} if code else set())


def test_a_call_is_unrolled_once() -> None:
    """The same application of a gate or a function, far within the limit."""
    gates = doubling(
        "gate g0 q: qubit { x q; }",
        "gate g{i} q: qubit {{ g{j} q; g{j} q; }}",
        "cell A {{ fresh q: qubit; g{i} q; output y = expect(Z(q)); }}",
        14,
    )
    functions = doubling(
        "def f0(x: real) = tanh(x);",
        "def f{i}(x: real) = f{j}(x) + f{j}(x);",
        "cell A {{ input x: real; output y = f{i}(x); }}",
        14,
    )
    assert calls_within(MORE, lambda: check_text(gates)) == ()
    assert calls_within(MORE, lambda: check_text(functions)) == ()


@pytest.mark.parametrize(
    "first", ["output y = 1;", "carry _c: real; output y = _c;"], ids=["", "with state"]
)
def test_a_line_of_a_thousand_cells(first: str) -> None:
    """What a cell holds is found once, not again at every level of every cell above."""
    cells = " ".join(f"cell B{i} {{ use b = B{i - 1}(); output y = b(); }}" for i in range(1, 1000))
    text = f"qrnn 1.0; cell B0 {{ {first} }} {cells}"
    found = calls_within(3_000_000, lambda: check_text(text))
    assert {d.code for d in found} == {"E0704"}


def test_the_length_of_a_sequence_is_looked_up_once() -> None:
    """Sums of a sum with itself: twice as many ways to the input with every line."""
    lines = "".join(f"let a{i + 1} = a{i} + a{i} * 0.5; " for i in range(40))
    text = (
        "qrnn 1.0; model M { input x: seq real; target y: seq real; param w: real; let a0 = w * x; "
        f"{lines} output p = a40; loss mse(skip(p, 2), y); }}"
    )
    found = calls_within(CALLS, lambda: check_text(text))
    assert [d.code for d in found] == ["E0301"]
