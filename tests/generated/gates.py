"""Gate applications: standard and declared gates, `apply`, broadcasts and modifiers."""

from __future__ import annotations

from qrnnlang.sema.gates import GATES

from .numbers import number, whole
from .scope import Dim, GateSort, Scope, View
from .views import qubit, register


def gate(scope: Scope) -> str | None:
    """One application, or None where the scope has no qubits for it."""
    ways = [_standard] * 4 + [_controlled] * 2
    ways += [_declared] * 3 if scope.gates else []
    ways += [_unitary] * 2 if scope.unitaries else []
    ways += [_power]
    return scope.rng.choice(ways)(scope) or _standard(scope)


def _standard(scope: Scope) -> str | None:
    rng = scope.rng
    name = rng.choice([n for n, g in GATES.items() if g.qubits])
    info = GATES[name]
    operands, length = _operands(scope, info.qubits)
    if operands is None:
        return None
    angles = [_angle(scope, length) for _ in range(info.params)]
    inverse = "inv @ " if scope.chance(0.1) else ""
    return f"{inverse}{name}{_given(angles)} {_listed(operands)};"


def _operands(scope: Scope, count: int) -> tuple[list[View] | None, Dim | None]:
    """Operands that broadcast: single qubits, and registers of one length."""
    chosen: list[View] = []
    length: Dim | None = None
    for _ in range(count):
        found = None
        if scope.chance(0.45):
            found = register(scope, tuple(chosen), length)
            if found is not None and found.length == "?" and count > 1:
                found = None
        found = found or qubit(scope, tuple(chosen))
        if found is None:
            return None, None
        if not found.single:
            length = found.length
        chosen.append(found)
    return chosen, length


def _angle(scope: Scope, length: Dim | None) -> str:
    """A scalar for all, or one entry for each."""
    if isinstance(length, int) and length > 1 and scope.chance(0.4):
        return number(scope, (length,), 1)
    if isinstance(length, str) and length != "?" and scope.chance(0.4):
        return number(scope, (length,), 1)
    return number(scope, (), 1)


def _controlled(scope: Scope) -> str | None:
    """Up to two controls of either kind on a standard gate."""
    rng = scope.rng
    name = rng.choice(
        (
            "x",
            "y",
            "h",
            "s",
            "sx",
            "ry",
            "p",
            "u",
            "cx",
            "swap",
            "iswap",
            "rzz",
            "csx",
            "gphase",
            "ecr",
        )
    )
    info = GATES[name]
    modifiers: list[str] = []
    controls: list[View] = []
    for _ in range(rng.randint(1, 2)):
        word = rng.choice(("ctrl", "negctrl"))
        many = register(scope, tuple(controls)) if scope.chance(0.3) else None
        if many is not None and (
            many.length == "?" or (isinstance(many.length, int) and many.length < 3)
        ):
            modifiers.append(f"{word}(len({many.text})) @")
            controls.append(many)
            continue
        one = qubit(scope, tuple(controls))
        if one is None:
            return None
        modifiers.append(f"{word} @" if scope.chance(0.7) else f"{word}({whole(scope, 1, 1)}) @")
        controls.append(one)
    if scope.chance(0.3):
        modifiers.insert(
            rng.randint(0, len(modifiers)), rng.choice(("inv @", "pow(2) @", "pow(-1) @"))
        )
    targets: list[View] = []
    for _ in range(info.qubits):
        found = qubit(scope, (*controls, *targets))
        if found is None:
            return None
        targets.append(found)
    angles = [number(scope, (), 1) for _ in range(info.params)]
    return f"{' '.join(modifiers)} {name}{_given(angles)} {_listed([*controls, *targets])};"


def _power(scope: Scope) -> str | None:
    """`pow(k) @` of a broadcast gate."""
    target = register(scope) or qubit(scope)
    if target is None:
        return None
    name = scope.rng.choice(("x", "s", "sx", "t", "ry", "p"))
    angles = [_angle(scope, target.length)] * GATES[name].params
    before = scope.rng.choice(("", "inv @ "))
    return f"{before}pow({scope.rng.choice((whole(scope, 0, 3), '-2', '-1'))}) @ {name}{_given(angles)} {target.text};"


def _unitary(scope: Scope) -> str | None:
    name, n = scope.rng.choice(scope.unitaries)
    target = register(scope, (), n) or (qubit(scope) if n == 1 else None)
    if target is None:
        return None
    control = qubit(scope, (target,)) if scope.chance(0.4) else None
    modifiers = scope.rng.choice(("", "inv @ ", "pow(2) @ "))
    if control is not None:
        return f"ctrl @ {modifiers}apply({name}) {control.text}, {target.text};"
    return f"{modifiers}apply({name}) {target.text};"


def _declared(scope: Scope) -> str | None:
    """A gate of the program; its sizes come from its arguments."""
    sort = scope.rng.choice(scope.gates)
    if not sort.unitary and (scope.kind == "start" or (scope.kind == "gate" and scope.chance(0.5))):
        return None
    sizes: dict[Dim, Dim] = {}
    operands: list[View] = []
    for wanted in sort.operands:
        found = _operand(scope, wanted, sizes, tuple(operands))
        if found is None:
            return None
        operands.append(found)
    arguments = [whole(scope, 0, 2) for _ in range(sort.counts)]
    for shape in sort.reals:
        arguments.append(
            number(scope, tuple(sizes.get(d, 2 if isinstance(d, str) else d) for d in shape), 1)
        )
    modifiers, control = "", None
    if sort.unitary and scope.chance(0.4):
        modifiers = scope.rng.choice(("inv @ ", "pow(2) @ ", "pow(-1) @ inv @ "))
        control = qubit(scope, tuple(operands)) if scope.chance(0.5) else None
    elif sort.invertible and scope.chance(0.3):
        modifiers = "inv @ "
    first = f"{scope.rng.choice(('ctrl', 'negctrl'))} @ " if control is not None else ""
    listed = _listed([*([control] if control else []), *operands])
    return f"{first}{modifiers}{sort.name}{_given(arguments)} {listed};"


def _operand(
    scope: Scope, wanted: Dim | None, sizes: dict[Dim, Dim], but: tuple[View, ...]
) -> View | None:
    if wanted is None:
        return qubit(scope, but)
    found = register(scope, but, sizes.get(wanted))
    if found is None or found.length in ("?", 0):
        return None
    sizes.setdefault(wanted, found.length)  # type: ignore[arg-type]
    return found


def _given(arguments: list[str]) -> str:
    return f"({', '.join(arguments)})" if arguments else ""


def _listed(operands: list[View]) -> str:
    return ", ".join(o.text for o in operands)


__all__ = ["GateSort", "gate"]
