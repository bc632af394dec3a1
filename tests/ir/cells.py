"""Building closed cells by hand."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from qrnnlang.ir.graph import CellGraph, build
from qrnnlang.ir.interpreter import run_cell
from qrnnlang.ir.shapes import value_shape
from qrnnlang.sema.closed import (
    Alloc,
    Carry,
    ClosedCell,
    Discard,
    Expect,
    Gate,
    Op,
    Origin,
    Output,
    ParamSpec,
    Port,
    Prob,
    Term,
)


def closed(
    ops: Iterable[Op],
    outputs: dict[str, tuple[int, tuple[int, ...]]] | None = None,
    *,
    inputs: Iterable[Port] = (),
    params: Iterable[ParamSpec] = (),
    carries: Iterable[Carry] = (),
    init: Iterable[Op] = (),
) -> ClosedCell:
    """A closed cell; `outputs` maps names to (ref, shape)."""
    ops = tuple(ops)
    return ClosedCell(
        name="Test",
        inputs=tuple(inputs),
        params=tuple(params),
        ops=ops,
        origins=(Origin(None),) * len(ops),
        outputs=tuple(Output(n, s, r) for n, (r, s) in (outputs or {}).items()),
        carries=tuple(carries),
        init=tuple(init),
    )


def graph(*args, **kwargs) -> CellGraph:
    return build(closed(*args, **kwargs))


def param(name: str, shape: tuple[int, ...], kind: str = "real") -> ParamSpec:
    return ParamSpec(name, shape, True, kind, ("uniform", 0.0, 1.0))


def pauli(letters: str, *wires: int, factor: float = 1.0) -> Term:
    """`pauli("ZX", 0, 1)` is Z on wire 0 times X on wire 1."""
    return Term(factor, tuple(zip(wires, letters, strict=True)))


def expect(*observables: Term | tuple[Term, ...]) -> Expect:
    """The expectations of these observables, as a vector."""
    sums = tuple((o,) if isinstance(o, Term) else o for o in observables)
    return Expect(sums, (len(sums),))


def ry(angle: float, wire: int = 0) -> Gate:
    return Gate("ry", (angle,), (wire,))


def bell(a: int = 0, b: int = 1) -> list[Op]:
    return [Gate("h", (), (a,)), Gate("cx", (), (a, b))]


def read(ops: Iterable[Op], *reads: Expect | Prob, wires: int, **kwargs) -> list[np.ndarray]:
    """Runs one step on fresh wires 0 … wires−1 and returns what the reads find at its end."""
    whole = (Alloc(tuple(range(wires))), *ops, *reads, Discard(tuple(range(wires))))
    first = len(whole) - 1 - len(reads)
    outputs = {f"o{i}": (first + i, value_shape(r)) for i, r in enumerate(reads)}
    found, _ = run_cell(graph(whole, outputs, **kwargs), {}, {}, steps=1)
    return [found[f"o{i}"][0] for i in range(len(reads))]


BLOCH = expect(pauli("X", 0), pauli("Y", 0), pauli("Z", 0))


def bloch(*ops: Op, wires: int = 1) -> np.ndarray:
    """The Bloch vector of wire 0 after `ops`."""
    return read(ops, BLOCH, wires=wires)[0]
