"""The classical values of a step that do not depend on its quantum state, such as its angles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.classical import computed
from ..sema.closed import (
    Call,
    CarryIn,
    ClosedCell,
    Const,
    Elem,
    Extern,
    Gather,
    Input,
    Param,
    Ref,
    Scalar,
)

Floats = NDArray[np.float64]


def values(
    cell: ClosedCell,
    params: Mapping[str, Any],
    inputs: Mapping[str, Any],
    carried: Mapping[str, Any],
    externs: Mapping[str, Any],
) -> dict[Ref, Floats]:
    """By reference; what depends on a read-out is left out."""
    found: dict[Ref, Floats] = {}
    for ref, op in enumerate(cell.ops):
        match op:
            case Const(values=held, shape=shape):
                found[ref] = np.array(held, dtype=np.float64).reshape(shape)
            case Input(name=name, shape=shape):
                found[ref] = np.asarray(inputs[name], dtype=np.float64).reshape(shape)
            case Param(name=name, shape=shape):
                found[ref] = np.asarray(params[name], dtype=np.float64).reshape(shape)
            case CarryIn(name=name, shape=shape):
                found[ref] = np.asarray(carried[name], dtype=np.float64).reshape(shape)
            case Gather(sources=refs) | Call(args=refs) | Extern(args=refs):
                if all(r in found for r in refs):
                    found[ref] = computed(op, [found[r] for r in refs], externs)
            case _:
                pass
    return found


def scalar(operand: Scalar, found: Mapping[Ref, Floats]) -> float | None:
    """The number behind an operand; None where it depends on a read-out."""
    if not isinstance(operand, Elem):
        return float(operand)
    if operand.ref not in found:
        return None
    return float(found[operand.ref].ravel()[operand.index])


def influenced(cell: ClosedCell, name: str) -> set[Ref]:
    """The values that an input can reach, by classical operations alone."""
    reached: set[Ref] = set()
    for ref, op in enumerate(cell.ops):
        match op:
            case Input(name=found) if found == name:
                reached.add(ref)
            case Gather(sources=refs) | Call(args=refs) | Extern(args=refs):
                if reached & set(refs):
                    reached.add(ref)
            case _:
                pass
    return reached


def references(operands: Iterable[Scalar]) -> set[Ref]:
    """The values behind operands."""
    return {s.ref for s in operands if isinstance(s, Elem)}
