"""Ten thousand of everything that can stand within itself, or after itself: an answer at once.

Never an overflow of Python's stack, and no more work than in proportion, or these would not end.
"""

from __future__ import annotations

import pytest

from qrnnlang.diagnostics import Source
from qrnnlang.sema import check_text
from qrnnlang.syntax.format import format_source

N = 10_000

CLAUSES = ", ".join(f"i{k} in 0..1" for k in range(N))
CELL = "cell A { fresh q: qubit; %s output y = 1; }"
#: The text, and the codes of its errors.
CASES: dict[str, tuple[str, set[str]]] = {
    "parentheses": (f"const A = {'(' * N}1{')' * N};", {"E0702"}),
    "signs": (f"const A = {'-' * N}1;", {"E0702"}),
    "negations": (f"const A = {'!' * N}true;", {"E0702"}),
    "lists": (f"const A = {'[' * N}1{']' * N};", {"E0702"}),
    "calls": (f"const A = {'sin(' * N}1{')' * N};", {"E0702"}),
    "powers": (f"const A = {' ** '.join(['1'] * N)};", {"E0702"}),
    "comprehensions": (f"const A = {'[' * N}1{' for i in 0..1]' * N};", {"E0702"}),
    "clauses of a comprehension": (f"const A = [1 for {CLAUSES}];", {"E0702"}),
    "clauses of a sum": (f"const A = sum(1 for {CLAUSES});", {"E0702"}),
    "clauses of a loop": (CELL % f"for {CLAUSES} {{ x q; }}", {"E0702"}),
    "sizes": (f"def f(x: {'real[' * N}1{']' * N}) = x;", {"E0702"}),
    "indices": (f"const B = [1]; const A = B{'[0]' * N};", {"E0702"}),
    "fields": (f"const B = [1]; const A = B{'.y' * N};", {"E0702"}),
    "ranges": (f"const A = {' .. '.join(['1'] * N)};", {"E0111"}),
    "blocks of if": (CELL % f"{'if (true) { ' * N}{'}' * N}", {"E0702"}),
    "blocks of else if": (CELL % f"if (true) {{ }} {'else if (true) { } ' * N}", {"E0702"}),
    "blocks of for": (CELL % f"{'for i in 0..1 { ' * N}{'}' * N}", {"E0702"}),
    "inverses": (CELL % f"{'inv @ ' * N} x q;", set()),
    "controls": (CELL % f"{'ctrl @ ' * N} x q;", {"E0403"}),
    "a sum": (f"const A = {' + '.join(['1'] * N)};", set()),
    "a difference": (f"const A = {' - '.join(['1'] * N)};", set()),
    "a conjunction": (CELL % f"if ({' && '.join(['true'] * N)}) {{ x q; }}", set()),
    "a disjunction": (CELL % f"if ({' || '.join(['false'] * N)}) {{ x q; }}", set()),
    "comparisons": (CELL % f"let a = {' == '.join(['1'] * N)};", {"E0302"}),
    "a concatenation": (f"const A = [{', '.join(['1'] * N)}];", set()),
    "an observable": (f"cell A {{ fresh q: qubit; output y = expect({' + '.join(['Z(q)'] * N)}); }}", set()),
    "an expression of bits": (CELL % f"let b = measure q; if ({' ^ '.join(['b'] * N)}) {{ x q; }}", {"E0705"}),
    "block comments": (f"{'/*' * N}{'*/' * N}", set()),
    "block comments left open": ("/*" * N, {"E0105"}),
    "brackets left open": (f"const A = {'(' * N}", {"E0702"}),
    "blocks left open": (f"cell A {{ {'if (true) { ' * N}", {"E0702"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_ten_thousand(name: str) -> None:
    text, codes = CASES[name]
    found = check_text(f"qrnn 1.0;\n{text}")
    assert {d.code for d in found if d.severity == "error"} == codes


@pytest.mark.parametrize("name", ["inverses", "a sum", "a conjunction", "a concatenation"])
def test_ten_thousand_formatted(name: str) -> None:
    text = format_source(Source("a.qrnn", f"qrnn 1.0;\n{CASES[name][0]}"))
    assert "".join(text.split()) == "".join(f"qrnn 1.0;{CASES[name][0]}".split())
