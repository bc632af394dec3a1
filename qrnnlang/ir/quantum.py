"""What each quantum operation does to the classical-quantum state, and what a read finds in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from ..sema.closed import (
    Alloc,
    ApplyUnitary,
    Barrier,
    Channel,
    Discard,
    Evolve,
    Expect,
    Gate,
    Measure,
    Postselect,
    Prepare,
    Prob,
    QuantumOp,
    Reset,
    Scalar,
    Term,
    Wire,
)
from .classical import Array
from .density import Density
from .gates import Matrix, controlled, unitary
from .hamiltonian import PauliTerm, exact, kraus, trotter
from .members import Family, Member, holds, measured, weight, where
from .trouble import Trouble

#: A postselected event less likely than this is an error, never a division.
LEAST_PROBABILITY = 1e-12

#: How far from an exact value (0 or 1, a sum of rates, an untouched qubit) rounding may lead.
ROUNDING = 1e-9

Read: TypeAlias = Callable[[Scalar], float]


def act(
    op: QuantumOp,
    family: Family,
    read: Read,
    value: Callable[[int], Array],
    param: Callable[[str], Array],
) -> tuple[Family, Array | None]:
    """The state after an operation, and its value: a postselection yields its probability.

    `read` gives the number behind a scalar operand, `value` an array, `param` a parameter.
    """
    change: Callable[[Density], Density]
    match op:
        case Barrier():
            return family, None
        case Postselect():
            return _postselect(op, family, read)
        case Measure(wires=wires, bits=bits, when=when):
            for wire, bit in zip(wires, bits, strict=True):
                family = measured(family, wire, bit, when)
            return family, None
        case Alloc(wires=wires):
            change = partial(Density.with_zeros, wires=wires)
        case Discard(wires=wires):
            change = partial(Density.without, wires=wires)
        case Reset(wires=wires):
            change = partial(_reset, wires=wires)
        case Gate(name=name, params=params, wires=wires, ctrl=ctrl):
            matrix = controlled(unitary(name, [read(p) for p in params]), ctrl)
            change = partial(Density.mapped, operators=[matrix], wires=wires)
        case ApplyUnitary(name=name, wires=wires, adjoint=adjoint, ctrl=ctrl):
            drawn = param(name)
            matrix = drawn[..., 0] + 1j * drawn[..., 1]
            matrix = controlled(matrix.conj().T if adjoint else matrix, ctrl)
            change = partial(Density.mapped, operators=[matrix], wires=wires)
        case Channel(name=name, rates=rates, wires=wires):
            operators = kraus(name, _rates(name, [read(r) for r in rates]), len(wires))
            change = partial(Density.mapped, operators=operators, wires=wires)
        case Evolve():
            change = partial(_all, factors=_evolution(op, read))
        case Prepare(wires=wires, re=re, im=im):
            amplitudes = value(re) + 1j * (value(im) if im is not None else 0)
            change = partial(_prepare, wires=wires, amplitudes=_normalised(amplitudes))
    return where(family, getattr(op, "when", None), change), None


def reading(op: Expect | Prob, family: Family, read: Read) -> Array:
    """What `expect` or `prob` finds; the state goes on unchanged."""
    match op:
        case Expect(observables=observables, shape=shape):
            found = [_expectation(_terms(terms, read), family) for terms in observables]
            return np.array(found, dtype=np.float64).reshape(shape)
        case Prob(value=outcome):
            found_all = sum((_populations(op, m) for m in family), np.zeros(_outcomes(op)))
            return found_all if outcome is None else np.array(found_all[outcome])


# --- operations ------------------------------------------------------------------------------


def _postselect(op: Postselect, family: Family, read: Read) -> tuple[Family, Array]:
    values = [_outcome(read(v)) for v in op.values]

    def project(density: Density) -> Density:
        for wire, value in zip(op.wires, values, strict=True):
            density = density.projected(wire, value)
        return density

    left = where(family, op.when, project)
    probability = weight(left)
    if probability < LEAST_PROBABILITY:
        raise Trouble(f"postselection of an event of probability {max(probability, 0.0):.3g}")
    return where(left, None, lambda d: d.scaled(1 / probability)), np.array(probability)


def _outcome(value: float) -> int:
    if min(abs(value), abs(value - 1)) > ROUNDING:
        raise Trouble(f"a qubit cannot be postselected on {value:g}: expected 0 or 1")
    return round(value)


def _reset(density: Density, wires: Sequence[Wire]) -> Density:
    return density.without(wires).with_zeros(wires)


def _all(density: Density, factors: Sequence[tuple[Matrix, tuple[Wire, ...]]]) -> Density:
    for matrix, wires in factors:
        density = density.mapped([matrix], wires)
    return density


def _evolution(op: Evolve, read: Read) -> list[tuple[Matrix, tuple[Wire, ...]]]:
    terms = _terms(op.terms, read)
    time = read(op.time)
    return [exact(terms, time)] if op.steps is None else trotter(terms, time, op.steps, op.order)


def _prepare(density: Density, wires: Sequence[Wire], amplitudes: Matrix) -> Density:
    before = density.reduced(wires)
    if abs(before[0, 0] - np.trace(before)) > ROUNDING:
        raise ValueError(f"`prepare` on wires {list(wires)}, which are not in |0…0⟩")
    return density.without(wires).with_pure(wires, amplitudes)


def _normalised(amplitudes: Matrix) -> Matrix:
    norm = np.linalg.norm(amplitudes)
    if norm == 0:
        raise Trouble("`prepare` of a zero vector")
    return amplitudes / norm


def _rates(channel: str, rates: list[float]) -> list[float]:
    for rate in (*rates, sum(rates)):
        if not -ROUNDING <= rate <= 1 + ROUNDING:
            raise Trouble(f"a rate of {rate:g} for `{channel}`, outside [0, 1]")
    return [min(max(r, 0.0), 1.0) for r in rates]


# --- reads -----------------------------------------------------------------------------------


def _terms(terms: Sequence[Term], read: Read) -> list[PauliTerm]:
    return [PauliTerm(read(t.coefficient), t.paulis) for t in terms]


def _expectation(terms: Sequence[PauliTerm], family: Family) -> float:
    return sum(
        term.coefficient * member.density.expectation(dict(term.paulis))
        for term in terms
        for member in family
    )


def _outcomes(op: Prob) -> int:
    return int(2 ** (len(op.wires) + len(op.bits)))


def _populations(op: Prob, member: Member) -> Array:
    """A member's share of every outcome; bits are more significant than wires."""
    found = np.zeros(_outcomes(op))
    k = sum(holds(expr, member.bits) << i for i, expr in enumerate(op.bits))
    n = len(op.wires)
    found[k << n : (k + 1) << n] = np.diag(member.density.reduced(op.wires)).real
    return found
