"""Views of registers: names, elements, slices, joined and reversed ones."""

from __future__ import annotations

from .scope import Scope, View


def qubit(scope: Scope, but: tuple[View, ...] = ()) -> View | None:
    """A single qubit that is none of those in `but`."""
    elements = [e for v in scope.views for e in _elements(scope, v)]
    return _pick(scope, [*(v for v in scope.views if v.single), *elements], but)


def register(
    scope: Scope, but: tuple[View, ...] = (), length: int | str | None = None
) -> View | None:
    """A view of several qubits, of a length if one is wanted."""
    found = [v for v in scope.views if v.length is not None]
    found += [w for v in found for w in _derived(scope, v)]
    if length is None and scope.chance(0.3):
        found += [j for j in [joined(scope)] if j is not None]
    if length is not None:
        found = [v for v in found if v.length == length]
    return _pick(scope, found, but)


def view(scope: Scope) -> View | None:
    """Any view."""
    return (qubit if scope.chance(0.5) else register)(scope) or qubit(scope)


def joined(scope: Scope) -> View | None:
    """`[m, e[0]]`, of two or three views that share nothing."""
    parts: list[View] = []
    for _ in range(scope.rng.randint(2, 3)):
        part = _pick(scope, [v for v in scope.views if v.length != "?"], tuple(parts))
        if part is not None:
            parts.append(part)
    if len(parts) < 2 or not all(isinstance(p.length, int | None) for p in parts):
        return None
    length = sum(1 if p.length is None else int(p.length) for p in parts)
    may = frozenset().union(*(p.may for p in parts))
    return View(f"[{', '.join(p.text for p in parts)}]", length, may)


def _pick(scope: Scope, views: list[View], but: tuple[View, ...]) -> View | None:
    fitting = [v for v in views if all(v.apart(b) for b in but)]
    return scope.rng.choice(fitting) if fitting else None


def _elements(scope: Scope, whole: View) -> list[View]:
    """Single qubits of a register."""
    match whole.length:
        case int(n) if n > 0:
            i = scope.rng.randrange(n)
            forms = [f"[{i}]", f"[{i - n}]", f"[..][{i}]", f"[{i + 1} - 1]"]
            wires = whole.wires
            may = frozenset([wires[i]]) if wires else whole.may
            text = whole.text + scope.rng.choice(forms)
            return [View(text, None, may, None if wires else whole.turn)] if wires or n == 1 else []
        case str() if whole.length != "?":
            return [View(whole.text + scope.rng.choice(("[0]", "[-1]")), None, whole.may)]
    return []


def _derived(scope: Scope, whole: View) -> list[View]:
    """Slices and rearrangements of a register."""
    n, text = whole.length, whole.text
    found = [View(f"reverse({text})", n, whole.may), View(f"{text}[..]", n, whole.may)]
    if not isinstance(n, int):
        return found if n != "?" else []
    wires = whole.wires
    a = scope.rng.randint(0, n)
    b = scope.rng.randint(a, n)
    may = frozenset(wires[a:b]) if wires else whole.may
    found.append(View(f"{text}[{a}..{b}]", b - a, may))
    if n > 1:
        even = frozenset(wires[::2]) if wires else whole.may
        found.append(View(f"{text}[range(0, {n}, 2)]", (n + 1) // 2, even))
        head = frozenset(wires[:-1]) if wires else whole.may
        found.append(View(f"{text}[..-1]", n - 1, head))
    return found


__all__ = ["joined", "qubit", "register", "view"]
