"""Constants, functions and gates, declared before they are used."""

from __future__ import annotations

from .gates import gate
from .numbers import number, whole
from .scope import DefSort, GateSort, Real, Scope, Shape, View, Whole, indent, typed
from .statements import statements

#: Gates of the standard library by module: shapes of their angles on `qubit[n]`.
STD: dict[str, dict[str, Shape]] = {
    "ansatz": {
        "basic_entangler": (2, "n"),
        "strongly_entangling": (1, "n", 3),
        "hardware_efficient": (1, "n", 2),
        "brick_wall": (2, "n"),
        "rotations": ("n", 3),
    },
    "encoding": {"angle_encode": ("n",), "bits_encode": ("n",)},
}


def imported(scope: Scope) -> str:
    """A module of the standard library, its gates bare or by an alias."""
    module = scope.rng.choice(sorted(STD))
    alias = scope.name("lib", plain=True) if scope.chance(0.5) else ""
    for name, shape in STD[module].items():
        full = f"{alias}.{name}" if alias else name
        scope.gates.append(GateSort(full, (shape,), 0, ("n",), True, True))
    return f"import std.{module}{f' as {alias}' if alias else ''};"


def constant(scope: Scope) -> str:
    kind = scope.rng.choice(("real", "vector", "whole", "string"))
    name = scope.name("K")
    if kind == "whole":
        text = whole(scope, 0, 3)
        scope.wholes.append(Whole(name, 0, 3))
    elif kind == "string":
        scope.switches.append(f'{name} == "on"')
        text = scope.rng.choice(('"on"', '"off"'))
    else:
        shape: Shape = () if kind == "real" else (scope.rng.randint(1, 3),)
        text = number(scope, shape, 2, constant=True)
        scope.reals.append(Real(name, shape, True))
    return f"const {name} = {text};"


def function(scope: Scope) -> str:
    """`def f(a: real[n], b: real) = …;`, sizes from its arguments."""
    rng = scope.rng
    name = scope.name("f")
    size = scope.name("n")
    shapes: list[Shape] = [
        rng.choice(((), (size,), (size,), (2,))) for _ in range(rng.randint(1, 3))
    ]
    results: list[Shape] = [()]
    if (size,) in shapes:
        results += [(size,), (size,)]
    result = rng.choice(results)
    defaults = 0
    with scope.block(kind="def", reads=False, reals=[r for r in scope.reals if r.constant]):
        params = []
        for k, shape in enumerate(shapes):
            param = scope.name("a")
            text = f"{param}: {typed(rng.choice(('real', 'real', 'angle')), shape)}"
            if k == len(shapes) - 1 and shape == () and k > 0 and rng.random() < 0.5:
                text += f" = {number(scope, (), 1, constant=True)}"
                defaults = 1
            params.append((param, shape, text))
        scope.reals += [Real(param, shape) for param, shape, _ in params]
        body = number(scope, result, 2)
    sort = DefSort(name, tuple((p, s) for p, s, _ in params), result, defaults)
    scope.defs.append(sort)
    return f"def {name}({', '.join(text for _, _, text in params)}) = {body};"


def extern(scope: Scope) -> str:
    """A function from outside; the tests bind it to `0.5 * x`."""
    name, size = scope.name("outside"), scope.name("n")
    scope.defs.append(DefSort(name, (("a", (size,)),), (size,)))
    return f"extern def {name}(a: real[{size}]) -> real[{size}];"


def gate_item(scope: Scope) -> list[str]:
    """A gate with sizes from its arguments, perhaps recursive, perhaps not unitary."""
    rng = scope.rng
    name, size = scope.name("g", plain=True), scope.name("n")
    operands = tuple(rng.choice((None, size, size)) for _ in range(rng.randint(1, 2)))
    sized = size in operands
    reals: list[Shape] = [
        rng.choice(((), (size,))) if sized else () for _ in range(rng.randint(0, 2))
    ]
    recursive = scope.chance(0.25)
    unitary = scope.chance(0.6)
    invertible = unitary or scope.chance(0.5)
    with scope.block(
        kind="gate",
        reads=False,
        looped=False,
        views=[],
        bits=[],
        observables=[],
        reals=[r for r in scope.reals if r.constant],
    ):
        counts = []
        if recursive or scope.chance(0.2):
            counts.append(scope.name("depth"))
            scope.wholes.append(Whole(counts[0], 0, 2))
        angles = [scope.name("t") for _ in reals]
        scope.reals += [Real(a, s) for a, s in zip(angles, reals, strict=True)]
        qubits = [scope.name("q") for _ in operands]
        scope.views += [
            View(q, length, frozenset([k]))
            for k, (q, length) in enumerate(zip(qubits, operands, strict=True))
        ]
        body = _body(scope, unitary, invertible)
        if recursive:
            again = [f"{counts[0]} - 1", *angles]
            call = f"{name}({', '.join(again)}) {', '.join(qubits)};"
            body = [f"if ({counts[0]} > 0) {{", *indent([*body, call]), "}"]
        elif scope.chance(0.3):
            inner = [g for g in scope.gates if g.unitary or not unitary]
            line = gate(scope) if inner and len(inner) == len(scope.gates) else None
            body += [line] if line else []
    params = [f"{c}: int" for c in counts]
    params += [
        f"{a}: {typed(rng.choice(('angle', 'real')), s)}"
        for a, s in zip(angles, reals, strict=True)
    ]
    listed = [
        f"{q}: {'qubit' if o is None else f'qubit[{o}]'}"
        for q, o in zip(qubits, operands, strict=True)
    ]
    scope.gates.append(GateSort(name, tuple(reals), len(counts), operands, unitary, invertible))
    head = f"({', '.join(params)})" if params or scope.chance(0.3) else ""
    return [f"gate {name}{head} {', '.join(listed)} {{", *indent(body), "}"]


def _body(scope: Scope, unitary: bool, invertible: bool) -> list[str]:
    """Statements of a gate of the kind wanted."""
    forbidden: tuple[str, ...] = ()
    if unitary:
        forbidden = ("postselect ",)
    if invertible:
        forbidden += ("reset ", "_flip(", "depolarizing(", "_damping(", "pauli_channel(")
    known = scope.gates
    scope.gates = [
        g for g in known if (g.unitary or not unitary) and (g.invertible or not invertible)
    ]
    lines: list[str] = []
    for _ in range(scope.rng.randint(1, 3)):
        with scope.block():
            made = statements(scope, 1)
        if not any(word in line for word in forbidden for line in made):
            lines += made
    scope.gates = known
    return lines


__all__ = ["constant", "extern", "function", "gate_item", "imported"]
