"""Expressions as text."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from .program import Names
from .symbols import Expr, Fn, Leaf, Opaque, Read, fold

_SIGNS = {"add": (" + ", 1), "sub": (" - ", 1), "mul": ("*", 2), "div": ("/", 2), "pow": ("**", 4)}
_NEGATED, _ATOM = 2, 5


def render(expr: Expr, leaf: Callable[[Leaf], str]) -> str:
    """An expression in OpenQASM 3, with `leaf` naming the unbound data."""
    return fold(expr, lambda node, args: _node(node, args, leaf), _memo())[0]


def _memo() -> dict[Hashable, tuple[Expr, tuple[str, int]]]:
    return {}


def plain(expr: Expr, names: Names) -> str:
    """An expression with Qiskit's names of the unbound data, for metadata."""

    def leaf(x: Leaf) -> str:
        name = names.step(x.name, x.step)
        return name if x.index is None else f"{name}[{x.index}]"

    return render(expr, leaf)


def header(name: str, metadata: Mapping[str, Any], how: str) -> list[str]:
    """The comment lines of a text: whose circuit it is, and which outputs are not in it."""
    steps = metadata["steps"]
    lines = [f"// {name}: {steps} step{'s' if steps != 1 else ''}, {how}"]
    for output, missing in metadata.get("elsewhere", {}).items():
        n = len(missing)
        where = f"step {missing[0]}" if n == 1 else f"{n} steps from {missing[0]} to {missing[-1]}"
        lines.append(f"// output {output}: {where} take{'s' if n == 1 else ''} other circuits")
    return lines


def number(value: float) -> str:
    """A float that reads back as the same float."""
    return repr(float(value))


def _node(
    node: Expr, args: tuple[tuple[str, int], ...], leaf: Callable[[Leaf], str]
) -> tuple[str, int]:
    match node:
        case float():
            return number(node), _ATOM if node >= 0 else _NEGATED
        case Leaf():
            return leaf(node), _ATOM
        case Read():
            return f"read({node.ref}, {node.component})", _ATOM
        case Fn(fn="neg"):
            return f"-{_within(args[0], 2)}", _NEGATED
        case Fn(fn="abs"):
            inside = _within(args[0], 3)
            return f"sqrt({inside}*{inside})", _ATOM
        case Fn(fn=fn) if fn in _SIGNS:
            sign, level = _SIGNS[fn]
            # The right operand of `-`, `*` and `/`, and the left one of `**`, bind more tightly.
            left = _within(args[0], level + (fn == "pow"))
            right = _within(args[1], level + (fn in ("sub", "mul", "div")))
            return left + sign + right, level
        case Fn(fn=fn) | Opaque(fn=fn):
            return f"{fn}({', '.join(a for a, _ in args)})", _ATOM
    raise AssertionError(node)


def _within(arg: tuple[str, int], level: int) -> str:
    text, own = arg
    return text if own >= level else f"({text})"
