"""Expressions of bits, and conditions on them."""

from __future__ import annotations

from .reads import outcome
from .scope import BitName, Scope


def bit_expression(scope: Scope, depth: int = 2) -> str:
    """A single bit; the scope has some."""
    rng = scope.rng
    if depth == 0 or scope.chance(0.4):
        return _atom(scope, rng.choice(scope.bits))
    a, b = bit_expression(scope, depth - 1), bit_expression(scope, depth - 1)
    forms = (
        "!({})",
        "{} && {}",
        "{} || {}",
        "({}) ^ ({})",
        "({}) == ({})",
        "({}) != ({})",
        "({}) ^ true",
    )
    return rng.choice(forms).format(a, b)


def _atom(scope: Scope, bit: BitName) -> str:
    if bit.length is None:
        return bit.text
    i = scope.rng.randrange(bit.length)
    forms = [
        f"{bit.text}[{i}]",
        f"{bit.text}[{i - bit.length}]",
        f"({bit.text} == {outcome(scope, bit.length)})",
    ]
    if bit.length > 1:
        forms.append(f"({bit.text} != {outcome(scope, bit.length)})")
    return scope.rng.choice(forms)
