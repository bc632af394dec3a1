"""Unbound data as Qiskit's parameters, and functions of them."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

from qiskit.circuit import Parameter, ParameterVector

from .program import Names, Program
from .symbols import Leaf


def applied(fn: str, args: tuple[Any, ...]) -> Any:
    """A function of `symbols.Fn` on parameters and numbers."""
    a = args[0]
    match fn:
        case "add":
            return a + args[1]
        case "sub":
            return a - args[1]
        case "mul":
            return a * args[1]
        case "div":
            return a / args[1]
        case "neg":
            return -a
        case "pow":
            return a ** args[1]
        case "sqrt":
            return a**0.5
        case "abs":
            return abs(a)
        case _:
            return getattr(a, fn)()


def parameters(program: Program) -> dict[Leaf, Parameter]:
    """The unbound data as parameters: elements of vectors, or plain ones for scalars."""
    made: dict[str, Any] = {}
    found: dict[Leaf, Parameter] = {}
    taken: dict[str, tuple[str, str]] = {}
    for leaf in program.unbound():
        name = qiskit_name(leaf, program.names, taken)
        if name not in made:
            size = None if leaf.index is None else _size(program.names, leaf)
            made[name] = _named(name, size)
        found[leaf] = made[name] if leaf.index is None else made[name][leaf.index]
    return found


def _named(name: str, size: int | None) -> Any:
    """A `Parameter`, or a vector of some size.

    Its identity comes from its name and not from chance: equal programs are equal QPY files, and
    all circuits of a model share their parameters.
    """
    digest = sha256(f"qrnnlang:{name}:{size}".encode()).digest()
    identity = UUID(bytes=digest[:16])
    if size is None:
        return Parameter(name, uuid=identity)
    return ParameterVector(name, size, uuid=identity)


def qiskit_name(leaf: Leaf, names: Names, taken: dict[str, tuple[str, str]]) -> str:
    """The name of a parameter or vector; an input that meets a parameter's name gets a `_`."""
    name = names.step(leaf.name, leaf.step)
    while taken.setdefault(name, (leaf.kind, leaf.name)) != (leaf.kind, leaf.name):
        name += "_"
    return name


def _size(names: Names, leaf: Leaf) -> int:
    size = 1
    for n in names.shapes[leaf.name]:
        size *= n
    return size
