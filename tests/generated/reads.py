"""What is read from a state: observables, expectations, probabilities."""

from __future__ import annotations

from .scope import Scope, Shape, View
from .views import qubit, register


def reading(scope: Scope, shape: Shape, depth: int, constant: bool) -> str | None:
    """`expect(…)` or `prob(…)` of this shape, or None where there is none."""
    if not shape:
        if scope.chance(0.4):
            return _event(scope)
        found = observable(scope, depth)
        return None if found is None else f"expect({found})"
    if len(shape) != 1 or not isinstance(shape[0], int):
        return None
    (n,) = shape
    ways = []
    if n >= 2 and n & (n - 1) == 0:
        views = [v for v in [register(scope, (), n.bit_length() - 1)] if v is not None]
        ways += [f"prob({v.text})" for v in views]
        ways += [f"prob({b.text})" for b in scope.bits if n == 2 ** (b.length or 1)]
    several = observables(scope, n, depth)
    if several is not None:
        ways.append(f"expect({several})")
    return scope.rng.choice(ways) if ways else None


def _event(scope: Scope) -> str | None:
    from .bits import bit_expression

    rng = scope.rng
    if scope.bits and scope.chance(0.5):
        bit = rng.choice(scope.bits)
        if bit.length and scope.chance(0.5):
            return f"prob({bit.text} == {outcome(scope, bit.length)})"
        return f"prob(({bit_expression(scope)}) == {rng.choice(('true', 'false', '1', '0'))})"
    view = register(scope) if scope.chance(0.6) else qubit(scope)
    view = view or qubit(scope)
    if view is None or isinstance(view.length, str) or view.length == 0:
        return None
    return f"prob({view.text} == {outcome(scope, view.length or 1)})"


def outcome(scope: Scope, n: int) -> str:
    """A whole number or a string of n bits."""
    k = scope.rng.randrange(2**n)
    return scope.rng.choice((str(k), f'"{k:0{n}b}"', f"{k + 1} - 1"))


def observable(scope: Scope, depth: int = 1) -> str | None:
    """One observable."""
    terms = [t for t in (_term(scope, depth) for _ in range(scope.rng.randint(1, 3))) if t]
    if not terms:
        return None
    text = terms[0]
    for term in terms[1:]:
        text += scope.rng.choice((" + ", " - ")) + term
    forms = ["{}", "{}", "-({})", "({}) / 2", "{} + 0.5", "1 - ({})"]
    return scope.rng.choice(forms).format(text)


def _term(scope: Scope, depth: int) -> str | None:
    from .numbers import number

    rng = scope.rng
    letter = rng.choice("XYZ")
    view = register(scope) if scope.chance(0.4) else None
    if view is not None and view.length not in ("?", 0):
        return _of_register(scope, view, letter)
    parts: list[View] = []
    for _ in range(rng.randint(1, 3)):
        found = qubit(scope, tuple(parts))
        if found is not None:
            parts.append(found)
    if not parts:
        return None
    # An observable of a `qubit[1]` is a vector of one.
    texts = [p.text if p.length is None else f"{p.text}[0]" for p in parts]
    product = " * ".join(f"{rng.choice('XYZI')}({text})" for text in texts)
    if scope.chance(0.4):
        with_reads = scope.reads
        scope.reads = False
        factor = number(scope, (), min(depth, 1))
        scope.reads = with_reads
        return rng.choice((f"({factor}) * {product}", f"{product} * ({factor})"))
    known = [text for text, shape in scope.observables if shape == ()]
    return rng.choice([product, product, *known])


def _of_register(scope: Scope, view: View, letter: str) -> str:
    text, rng = view.text, scope.rng
    forms = [f"{fn}({letter}({text}))" for fn in ("sum", "mean", "prod")]
    a, b, i = (scope.name(s) for s in ("a", "b", "i"))
    forms.append(f"sum({letter}({a}) for {a} in {text})")
    forms.append(f"sum(0.5 * {letter}({text})[{i}] for {i} in 0..len({text}))")
    forms.append(f"prod({letter}({a}) for {a} in {text})")
    if isinstance(view.length, int) and view.length > 1:
        forms.append(
            f"sum({rng.choice('XYZ')}({a}) * {letter}({b}) for ({a}, {b}) in pairs({text}))"
        )
        forms.append(f"{letter}({text})[{rng.randrange(view.length)}]")
    return rng.choice(forms)


def observables(scope: Scope, n: int, depth: int = 1) -> str | None:
    """A vector of n observables."""
    rng = scope.rng
    letter = rng.choice("XYZ")
    ways = []
    view = register(scope, (), n)
    if view is not None and n > 0:
        name = scope.name("q")
        ways += [f"{letter}({view.text})", f"0.5 * {letter}({view.text})", f"[{letter}({name}) for {name} in {view.text}]"]  # fmt: skip
        other = register(scope, (view,), n)
        if other is not None:
            ways.append(f"{letter}({view.text}) * X({other.text})")
    parts = [observable(scope, depth) for _ in range(n)]
    if n and all(parts):
        ways.append(f"[{', '.join(p for p in parts if p)}]")
    return rng.choice(ways) if ways else None
