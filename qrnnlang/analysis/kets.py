"""One step of a cell on pure states, many samples at once.

Every group of wires that meets no other has a state vector of its own. A reset takes a new wire and
keeps the old one (its dilation), nothing is traced out: the result is U|0…0⟩ for the unitary U.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from ..engine.classical import function
from ..ir.gates import PAULIS, controlled
from ..ir.hamiltonian import PauliTerm, exact, trotter
from ..sema.closed import (
    Alloc,
    ApplyUnitary,
    Barrier,
    Call,
    CarryIn,
    Channel,
    ClosedCell,
    Const,
    Discard,
    Elem,
    Evolve,
    Expect,
    Extern,
    Gate,
    Gather,
    Input,
    Measure,
    Op,
    Param,
    Postselect,
    Prepare,
    Prob,
    Reset,
    Scalar,
    Term,
    Wire,
)
from .batched_gates import unitaries
from .finding import NotDefined

Kets = NDArray[Any]
Floats = NDArray[Any]


@dataclass(eq=False)
class Register:
    """The joint state of wires that meet: `ket` has axes (batch, 2, 2, …), one a wire."""

    wires: list[Wire]
    ket: Kets
    touched: set[Wire] = field(default_factory=set)

    def add(self, wire: Wire) -> None:
        """One more wire in |0⟩."""
        self.wires.append(wire)
        self.ket = np.stack([self.ket, np.zeros_like(self.ket)], axis=-1)

    def apply(self, matrices: Kets, wires: Sequence[Wire]) -> Kets:
        """The state after matrices (batch or 1, 2^k, 2^k), operand 0 least significant."""
        if not wires:
            return self.ket
        axes = [1 + self.wires.index(w) for w in reversed(wires)]
        ends = range(self.ket.ndim - len(axes), self.ket.ndim)
        moved = np.moveaxis(self.ket, axes, ends)
        shape = moved.shape
        flat = moved.reshape(shape[0], -1, matrices.shape[-1])
        acted = flat @ np.swapaxes(matrices, 1, 2)
        return np.moveaxis(acted.reshape(shape), ends, axes)

    def vectors(self) -> Kets:
        """(batch, 2^n), the first wire most significant."""
        return self.ket.reshape(len(self.ket), -1)


@dataclass(eq=False)
class Step:
    """The run of a step: its values by reference, (batch, …), and its registers.

    `arrays`: inputs, parameters and carried values by name, (batch, …); `fixed` parameters by name
    without a batch.
    """

    groups: Sequence[frozenset[Wire]]
    arrays: Mapping[str, Floats]
    fixed: Mapping[str, Floats]
    batch: int
    externs: Mapping[str, Any]
    registers: list[Register] = field(default_factory=list)
    values: dict[int, Floats] = field(default_factory=dict)

    def run(self, cell: ClosedCell, carried: Sequence[Wire]) -> list[Kets]:
        """The vectors of every group after one step from |0…0⟩."""
        one = np.ones(self.batch, dtype=np.complex128)
        self.registers = [Register([], one) for _ in self.groups]
        self._alloc(carried)
        for line in (cell.init, cell.ops):
            self.values = {}
            for ref, op in enumerate(line):
                value = self._do(op)
                if value is not None:
                    self.values[ref] = value
        return [r.vectors() for r in self.registers]

    def _alloc(self, wires: Sequence[Wire]) -> None:
        for wire in wires:
            self._of([wire]).add(wire)

    def _of(self, wires: Sequence[Wire]) -> Register:
        return next(r for r, g in zip(self.registers, self.groups, strict=True) if wires[0] in g)

    def _scalar(self, scalar: Scalar) -> Floats:
        if isinstance(scalar, Elem):
            return self.values[scalar.ref].reshape(self.batch, -1)[:, scalar.index]
        return np.full(self.batch, float(scalar))

    def _do(self, op: Op) -> Floats | None:
        match op:
            case Const(values=values, shape=shape):
                whole = np.array(values, dtype=np.float64).reshape(shape)
                return np.broadcast_to(whole, (self.batch, *shape))
            case Input(name=name, shape=shape) | CarryIn(name=name, shape=shape):
                return self.arrays[name].reshape(self.batch, *shape)
            case Param(name=name, shape=shape):
                if name in self.arrays:
                    return self.arrays[name].reshape(self.batch, *shape)
                return np.broadcast_to(self.fixed[name], (self.batch, *shape))
            case Gather(sources=refs) | Call(args=refs) | Extern(args=refs):
                args = [self.values[r] for r in refs]
                return np.asarray(jax.vmap(function(op, self.externs))(*args))
            case Expect(observables=observables, shape=shape):
                found = [self._expect(terms) for terms in observables]
                return np.stack(found, axis=1).reshape(self.batch, *shape)
            case Prob():
                return self._prob(op)
            case Alloc(wires=wires):
                self._alloc(wires)
            case Discard() | Barrier():
                pass
            case Measure():
                raise NotDefined("its step measures: it has no unitary")
            case Channel():
                raise NotDefined("its step has noise: it has no unitary")
            case _:
                return self._quantum(op)
        return None

    def _quantum(self, op: Op) -> Floats | None:
        match op:
            case Gate(name=name, params=params, wires=wires, ctrl=ctrl):
                angles = [self._scalar(p) for p in params]
                if all(isinstance(p, float | int) for p in params):
                    angles = [a[:1] for a in angles]
                self._apply(unitaries(name, angles, ctrl), wires)
            case ApplyUnitary(name=name, wires=wires, adjoint=adjoint, ctrl=ctrl):
                drawn = self.fixed[name]
                matrix = drawn[..., 0] + 1j * drawn[..., 1]
                matrix = matrix.conj().T if adjoint else matrix
                self._apply(controlled(matrix, ctrl)[None], wires)
            case Evolve():
                for matrices, wires in self._evolution(op):
                    self._apply(matrices, wires)
            case Reset(wires=wires):
                for wire in wires:
                    self._reset(wire)
            case Postselect(wires=wires, values=values):
                return self._postselect(wires, [self._scalar(v) for v in values])
            case Prepare(wires=wires, re=re, im=im):
                amplitudes = self.values[re] + 1j * (0 if im is None else self.values[im])
                norm = np.linalg.norm(amplitudes, axis=1, keepdims=True)
                first = np.zeros((self.batch, 2 ** len(wires), 2 ** len(wires)), complex)
                first[:, :, 0] = amplitudes / norm
                self._apply(first, wires)
            case _:
                raise NotDefined(
                    f"its step has an operation without a unitary: {type(op).__name__}"
                )
        return None

    def _apply(self, matrices: Kets, wires: Sequence[Wire]) -> None:
        if wires:
            register = self._of(wires)
            register.ket = register.apply(matrices, wires)
            register.touched.update(wires)

    def _reset(self, wire: Wire) -> None:
        register = self._of([wire])
        if wire in register.touched:
            register.wires[register.wires.index(wire)] = -1 - len(register.wires)
            register.add(wire)
            register.touched.discard(wire)

    def _postselect(self, wires: Sequence[Wire], values: list[Floats]) -> Floats:
        register = self._of(wires)
        for wire, value in zip(wires, values, strict=True):
            kept = np.zeros((self.batch, 2, 2))
            index = np.arange(self.batch), np.rint(value).astype(int), np.rint(value).astype(int)
            kept[index] = 1
            register.ket = register.apply(kept.astype(complex), [wire])
        norm = np.linalg.norm(register.vectors(), axis=1)
        register.ket = register.ket / norm.reshape(-1, *[1] * (register.ket.ndim - 1))
        return np.asarray(norm**2)

    def _evolution(self, op: Evolve) -> list[tuple[Kets, tuple[Wire, ...]]]:
        def factors(i: int) -> list[tuple[Any, tuple[Wire, ...]]]:
            terms = [PauliTerm(float(self._scalar(t.coefficient)[i]), t.paulis) for t in op.terms]
            time = float(self._scalar(op.time)[i])
            return (
                [exact(terms, time)]
                if op.steps is None
                else trotter(terms, time, op.steps, op.order)
            )

        read = [op.time, *(t.coefficient for t in op.terms)]
        varies = any(np.ptp(self._scalar(s)) > 0 for s in read)
        samples = [factors(i) for i in range(self.batch if varies else 1)]
        return [(np.array([s[k][0] for s in samples]), w) for k, (_, w) in enumerate(samples[0])]

    def _expect(self, terms: tuple[Term, ...]) -> Floats:
        total = np.zeros(self.batch)
        for term in terms:
            value = self._scalar(term.coefficient)
            for register in self.registers:
                here = [(w, p) for w, p in term.paulis if w in register.wires]
                if here:
                    ket = register.ket
                    moved = Register(register.wires, ket)
                    for wire, letter in here:
                        moved.ket = moved.apply(PAULIS[letter][None], [wire])
                    value = value * (ket.conj() * moved.ket).reshape(self.batch, -1).sum(1).real
            total = total + value
        return total

    def _prob(self, op: Prob) -> Floats:
        register = self._of(op.wires)
        axes = [1 + register.wires.index(w) for w in reversed(op.wires)]
        rest = tuple(i for i in range(1, register.ket.ndim) if i not in axes)
        weight = np.abs(register.ket) ** 2
        left = [i for i in range(1, register.ket.ndim) if i not in rest]
        found = np.moveaxis(
            weight.sum(axis=rest), [1 + left.index(a) for a in axes], range(1, len(axes) + 1)
        )
        flat = found.reshape(self.batch, -1)
        return np.asarray(flat if op.value is None else flat[:, op.value])
