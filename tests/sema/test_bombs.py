"""Loops that are too long are refused before they are unrolled."""

from __future__ import annotations

import pytest
from counted import calls_within

from qrnnlang.sema import check_text

#: Of Python functions, in a check; unrolling any of these loops takes over 100 times as many.
CALLS = 60_000

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
        "for i in 0..0 { for j in 0..3000, k in 0..3000 { x q; } }",
        "for i in 0..3 { let m = i; for j in 0..m { x q; } }",
        "for (i, a) in enumerate(q) { for b in q[i..] { rx(i) [a]; rx(i) b; } }",
    ],
)
def test_what_is_short_enough_passes(body: str) -> None:
    assert [d.code for d in check_text(WHOLE.format(body)) if d.severity == "error"] == []
