"""`for` over ranges, registers, arrays and every iterator; what a turn binds."""

from __future__ import annotations

from collections.abc import Callable

from .numbers import whole
from .scope import Real, Scope, View, Whole
from .views import register


def loop(scope: Scope, body: Callable[[Scope], list[str]]) -> list[str]:
    """`for … { body }`, one to two clauses."""
    with scope.block(looped=True):
        clauses = [clause(scope) for _ in range(scope.rng.choice((1, 1, 1, 2)))]
        lines = body(scope)
    return [f"for {', '.join(clauses)} {{", *(f"    {line}" for line in lines), "}"]


def clause(scope: Scope) -> str:
    """One clause; its names are bound in the scope."""
    ways = [_range, _range, _numbers]
    if any(v.length is not None for v in scope.views):
        ways += [_over, _enumerated, _pairs, _pairs, _cross, _zip, _subsets]
    if any(r.shape and isinstance(r.shape[0], int) for r in scope.reals):
        ways += [_rows]
    return scope.rng.choice(ways)(scope) or _range(scope)


def _range(scope: Scope) -> str:
    name = scope.name("i")
    low = scope.rng.randint(0, 1)
    high = scope.rng.randint(low, low + 2)
    form = scope.rng.choice(
        ("{a}..{b}", "range({a}, {b})", "reverse({a}..{b})", "range({a}, {b}, 1)")
    )
    text = form.format(a=low, b=high)
    if low == 0 and scope.chance(0.3):
        text = f"0..{whole(scope, high, high)}"
    scope.wholes.append(Whole(name, low, max(high - 1, low)))
    return f"{name} in {text}"


def _numbers(scope: Scope) -> str:
    """Iterators of whole numbers."""
    a, b = scope.name("i"), scope.name("j")
    n = scope.rng.randint(0, 3)
    scope.wholes += [Whole(a, 0, max(n - 1, 0)), Whole(b, 0, max(n - 1, 0))]
    form = scope.rng.choice(("chain(0..{n})", "ring(0..{n})", "pairs(0..{n})", "cross(0..{n}, 0..{n})", "zip(0..{n}, range({n}))", "enumerate(0..{n})"))  # fmt: skip
    return f"({a}, {b}) in {form.format(n=n)}"


def _over(scope: Scope) -> str | None:
    whole_view = register(scope)
    if whole_view is None:
        return None
    name = scope.name("q")
    scope.views.append(View(name, None, whole_view.may, scope.turn()))
    return f"{name} in {whole_view.text}"


def _enumerated(scope: Scope) -> str | None:
    whole_view = register(scope)
    if whole_view is None:
        return None
    if scope.chance(0.3):
        count, a, b = scope.name("i"), scope.name("a"), scope.name("b")
        _two(scope, (a, b), whole_view.may)
        scope.wholes.append(Whole(count, 0, 8))
        return f"({count}, {a}, {b}) in enumerate(ring({whole_view.text}))"
    count, name = scope.name("i"), scope.name("q")
    top = whole_view.length - 1 if isinstance(whole_view.length, int) else 8
    scope.wholes.append(Whole(count, 0, max(top, 0)))
    scope.views.append(View(name, None, whole_view.may, scope.turn()))
    return f"({count}, {name}) in enumerate({whole_view.text})"


def _pairs(scope: Scope) -> str | None:
    whole_view = register(scope)
    if whole_view is None:
        return None
    names = scope.name("a"), scope.name("b")
    _two(scope, names, whole_view.may)
    return (
        f"({', '.join(names)}) in {scope.rng.choice(('chain', 'ring', 'pairs'))}({whole_view.text})"
    )


def _two(scope: Scope, names: tuple[str, str], may: frozenset[int]) -> None:
    turn = scope.turn()
    scope.views += [View(name, None, may, turn) for name in names]


def _cross(scope: Scope) -> str | None:
    left = register(scope)
    right = register(scope, (left,)) if left is not None else None
    if left is None or right is None:
        return None
    a, b = scope.name("a"), scope.name("b")
    scope.views += [View(a, None, left.may), View(b, None, right.may)]
    return f"({a}, {b}) in cross({left.text}, {right.text})"


def _zip(scope: Scope) -> str | None:
    left = register(scope)
    right = register(scope, (left,), left.length) if left is not None else None
    if left is None or right is None or left.length == "?":
        return None
    a, b = scope.name("a"), scope.name("b")
    scope.views += [View(a, None, left.may), View(b, None, right.may)]
    if scope.chance(0.3):
        k = scope.name("i")
        scope.wholes.append(
            Whole(k, 0, left.length - 1 if isinstance(left.length, int) and left.length else 8)
        )
        return f"({a}, {k}, {b}) in zip({left.text}, 0..len({left.text}), {right.text})"
    return f"({a}, {b}) in zip({left.text}, {right.text})"


def _subsets(scope: Scope) -> str | None:
    whole_view = register(scope)
    if whole_view is None:
        return None
    name = scope.name("s")
    low = scope.rng.randint(0, 2)
    scope.views.append(View(name, "?", whole_view.may))
    return f"{name} in subsets({whole_view.text}, {low}, {low + scope.rng.randint(0, 2)})"


def _rows(scope: Scope) -> str:
    arrays = [r for r in scope.reals if r.shape and isinstance(r.shape[0], int)]
    array = scope.rng.choice(arrays)
    name = scope.name("row")
    scope.reals.append(Real(name, array.shape[1:], array.constant))
    return f"{name} in {array.text}"
