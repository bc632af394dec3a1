"""Statements of a body: gates, loops, branches, lets and what is not unitary."""

from __future__ import annotations

from collections.abc import Callable

from .bits import bit_expression
from .gates import gate
from .loops import loop
from .numbers import flag, number, whole
from .reads import observable, observables, outcome
from .scope import BitName, Real, Scope, View, Whole, indent
from .views import joined, qubit, register, view

CHANNELS = ("bit_flip", "phase_flip", "depolarizing", "amplitude_damping", "phase_damping")


def statements(scope: Scope, count: int, depth: int = 2) -> list[str]:
    """Up to `count` statements. What they bind stays in the scope."""
    lines: list[str] = []
    for _ in range(count):
        lines += statement(scope, depth)
    return lines


def statement(scope: Scope, depth: int) -> list[str]:
    ways: list[Callable[[Scope, int], list[str]]] = [_gate] * 5 + [_let, _barrier, _evolve]
    if depth > 0:
        ways += [_loop, _loop, _if]
    if scope.kind in ("cell", "gate"):
        ways += [_postselect]
    if scope.kind == "cell" or (scope.kind == "gate" and scope.chance(0.3)):
        ways += [_reset, _noise]
    if scope.kind == "cell":
        ways += [_prepare, _measure]
        if not scope.under_bits:
            ways += [_let_number, _let_number]
            if scope.bits and depth > 0:
                ways += [_if_bits, _if_bits]
    return scope.rng.choice(ways)(scope, depth)


def _width(found: View | None) -> int:
    """How many qubits a view has; 0 where that is not known."""
    if found is None or isinstance(found.length, str):
        return 0
    return 1 if found.length is None else found.length


def _one(line: str | None) -> list[str]:
    return [line] if line else []


def _gate(scope: Scope, depth: int) -> list[str]:
    return _one(gate(scope))


def _loop(scope: Scope, depth: int) -> list[str]:
    return loop(scope, lambda inner: statements(inner, scope.rng.randint(0, 2), depth - 1))


def _if(scope: Scope, depth: int) -> list[str]:
    """On a compile-time condition."""
    lines = [f"if ({flag(scope)}) {{", *_block(scope, depth), "}"]
    if scope.chance(0.4):
        lines[-1:] = [f"}} else if ({flag(scope)}) {{", *_block(scope, depth), "}"]
    if scope.chance(0.5):
        lines[-1:] = ["} else {", *_block(scope, depth), "}"]
    return lines


def _block(scope: Scope, depth: int, **changes: object) -> list[str]:
    with scope.block(**changes):
        return indent(statements(scope, scope.rng.randint(0, 2), depth - 1))


def _if_bits(scope: Scope, depth: int) -> list[str]:
    lines = [f"if ({bit_expression(scope)}) {{", *_block(scope, depth, under_bits=True), "}"]
    if scope.chance(0.5):
        lines[-1:] = ["} else {", *_block(scope, depth, under_bits=True), "}"]
    return lines


def _let(scope: Scope, depth: int) -> list[str]:
    """A view, a whole number, an observable."""
    kind = scope.rng.choice(("view", "whole", "observable", "observables"))
    name = ""
    if kind == "view":
        found = joined(scope) if scope.chance(0.5) else view(scope)
        if found is None:
            return []
        name = scope.name("v")
        scope.views.append(View(name, found.length, found.may, found.turn))
        # Within a turn it shares its qubits with what it was made of.
        if found.turn is not None:
            scope.views[-1] = View(name, found.length, found.may)
        return [f"let {name} = {found.text};"]
    if kind == "whole":
        name, text = scope.name("k"), whole(scope, 0, 3)
        scope.wholes.append(Whole(name, 0, 3))
        return [f"let {name} = {text};"]
    n = scope.rng.randint(1, 2)
    made = observable(scope) if kind == "observable" else observables(scope, n)
    if made is None:
        return []
    name = scope.name("o")
    scope.observables.append((name, () if kind == "observable" else (n,)))
    return [f"let {name} = {made};"]


def _let_number(scope: Scope, depth: int) -> list[str]:
    shape = scope.rng.choice(((), (), (2,), (3,), (2, 2)))
    text = number(scope, shape, 2)
    name = scope.name("v")
    scope.reals.append(Real(name, shape))
    return [f"let {name} = {text};"]


def _barrier(scope: Scope, depth: int) -> list[str]:
    views = [v for v in (view(scope) for _ in range(scope.rng.randint(0, 2))) if v]
    return [f"barrier {', '.join(v.text for v in views)};".replace(" ;", ";")]


def _reset(scope: Scope, depth: int) -> list[str]:
    found = view(scope)
    return _one(found and f"reset {found.text};")


def _noise(scope: Scope, depth: int) -> list[str]:
    found = view(scope)
    if found is None:
        return []
    rate = scope.rng.choice(("0.1", "0.25", "1 / 8", f"0.3 * sigmoid({number(scope, (), 1)})"))
    if isinstance(found.length, int) and found.length > 1 and scope.chance(0.3):
        rate = f"0.2 + zeros({found.length})"
    name = scope.rng.choice((*CHANNELS, "pauli_channel"))
    rates = f"{rate}, 0.05, 0.02" if name == "pauli_channel" else rate
    return [f"{name}({rates}) {found.text};"]


def _postselect(scope: Scope, depth: int) -> list[str]:
    """After a turn that leaves no outcome impossible."""
    found = register(scope) if scope.chance(0.4) else qubit(scope)
    n = _width(found)
    if found is None or not 0 < n <= 3:
        return []
    if scope.chance(0.3):
        wanted = f"bits([{', '.join(scope.rng.choice('01') for _ in range(n))}])"
    else:
        wanted = outcome(scope, n)
    turn = f"ry(1.1) {found.text};"
    if scope.kind == "cell" and scope.chance(0.5):
        name = scope.name("p")
        scope.reals.append(Real(name, ()))
        return [turn, f"let {name} = postselect {found.text} == {wanted};"]
    return [turn, f"postselect {found.text} == {wanted};"]


def _prepare(scope: Scope, depth: int) -> list[str]:
    found = register(scope) if scope.chance(0.5) else qubit(scope)
    n = _width(found)
    if found is None or not 0 < n <= 2:
        return []
    size = 2**n
    parts = [f"1.2 + tanh({number(scope, (size,), 1)})" for _ in range(scope.rng.randint(1, 2))]
    return [f"reset {found.text};", f"prepare({', '.join(parts)}) {found.text};"]


def _measure(scope: Scope, depth: int) -> list[str]:
    found = register(scope) if scope.chance(0.3) else qubit(scope)
    n = _width(found)
    if found is None or n == 0:
        return []
    if scope.looped or scope.measured[0] + n > 3 or scope.chance(0.2):
        return [f"measure {found.text};"] if not scope.looped and scope.measured[0] + n <= 3 else []
    scope.measured[0] += n
    name = scope.name("b")
    scope.bits.append(BitName(name, found.length))
    return [f"let {name} = measure {found.text};"]


def _evolve(scope: Scope, depth: int) -> list[str]:
    with scope.block(reads=False):
        h = observable(scope, 1)
        time = number(scope, (), 1)
    if h is None:
        return []
    options = scope.rng.choice(
        (
            "",
            "",
            f", steps = {whole(scope, 1, 2)}",
            ", steps = 2, order = 2",
            ", order = 1, steps = 1",
        )
    )
    return [f"evolve({h}, {time}{options});"]
