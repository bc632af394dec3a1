"""Circuits that serve every sequence, every parameter and, where nothing is carried, every step.

A stencil is a circuit whose angles are all open. Each is a polynomial in values of the cell, which
are computed on the host; what its shots say are means of products of bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from ...sema.closed import Expect, Postselect, Prob, Ref
from ...targets.classical import array
from ...targets.lines import Time
from ...targets.outputs import Basis, Needed, needed
from ...targets.plan import CircuitPlan, full
from ...targets.program import Program
from ...targets.symbols import Expr, Fn, Leaf
from ...targets.symbols import Read as Component
from ...targets.unroll import Unrolled
from .classical import components, products
from .flow import Flow, Read, carries

#: Σ coefficient × product of open values.
Terms: TypeAlias = tuple[tuple[float, tuple[Leaf, ...]], ...]

#: The parameters of a stencil's circuit.
ANGLE = "angle"


@dataclass(frozen=True, slots=True)
class Slot:
    """An open angle: of which gate, at which instruction, and what it is made of."""

    gate: str
    at: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class Quantity:
    """A mean over shots: of what some bits of a register say, times whether postselections passed.

    `sign`: the product of ±1 of the bits; else whether they read `value`, as an integer. With
    `expected` they are to read what is expected of that postselection. `weight`: no bits, the
    share of shots that passed. `at`: the last instruction that matters.
    """

    register: str
    bits: tuple[int, ...]
    sign: bool
    value: int
    posts: tuple[str, ...]
    at: int
    expected: str = ""


@dataclass(frozen=True, eq=False)
class Stencil:
    """`shared`: the circuit is the same at every step and stands at step 0 here.

    `reads[j]`: the read-out, step and component that quantity j belongs to; `norms[j]`: the
    quantity it is divided by. Weights that others are divided by belong to no read-out.
    """

    program: Program
    slots: tuple[Slot, ...]
    quantities: tuple[Quantity, ...]
    reads: tuple[tuple[Read, int] | None, ...]
    norms: tuple[int | None, ...]
    run: Ref
    shared: bool

    @cached_property
    def registers(self) -> dict[str, tuple[int, ...]]:
        return dict(self.program.cregs)


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """A stencil at a step (0 unless it is shared), in a round of measurements."""

    stencil: Stencil
    step: int
    level: int


@dataclass
class Stencils:
    """The circuits that the read-outs of a flow take."""

    unrolled: Unrolled
    flow: Flow
    _known: dict[Any, list[Stencil]] = field(default_factory=dict)

    def uses(self) -> list[Use]:
        """Every circuit in the order of the rounds."""
        groups: dict[tuple[int, Ref, int], list[Read]] = {}
        for read, level in self.flow.levels.items():
            run, t, _ = read
            shared = not carries(self.unrolled.along.template(run))
            groups.setdefault((level, run, t if shared else -1), []).append(read)
        found = []
        for (level, run, t), reads in sorted(groups.items()):
            shared = t >= 0
            base = [(r, 0 if shared else s, ref) for r, s, ref in reads]
            found += [Use(s, max(t, 0), level) for s in self._stencils(run, base, shared)]
        return found

    def _stencils(self, run: Ref, reads: Sequence[Read], shared: bool) -> list[Stencil]:
        key = (run, tuple(reads))
        if key not in self._known:
            needs = [self._need(read) for read in reads]
            last: Time = max((t, r) for _, t, r in reads)
            plans = full([n for n in needs if n.atoms], run, last, 0)
            self._known[key] = [self._stencil(p, needs, run, shared) for p in plans if p.atoms]
        return self._known[key]

    def _need(self, read: Read) -> Needed:
        run, t, ref = read
        along = self.unrolled.along.runs[run]
        op = along.template.graph.op(ref)
        assert isinstance(op, Expect | Prob | Postselect)
        size = int(np.prod(op.shape, dtype=np.int64)) if isinstance(op, Expect) else components(op)
        value = array([Component(run, t, ref, i) for i in range(size)], (size,))
        key = (run, f"read_{ref}", t)
        return needed(along.template, along.lines, key, value, along.values[t])

    def _stencil(
        self, plan: CircuitPlan, needs: Sequence[Needed], run: Ref, shared: bool
    ) -> Stencil:
        by_key = {n.key: n for n in needs}
        parts = dict.fromkeys(plan.atoms, (0, 1))
        program = self.unrolled.program(plan, parts, by_key)
        program, slots = opened(program)
        measured = _Measured(program, plan, self.unrolled, by_key)
        measured.all()
        return Stencil(
            program,
            tuple(slots),
            tuple(measured.quantities),
            tuple(measured.reads),
            tuple(measured.norms),
            run,
            shared,
        )


def opened(program: Program) -> tuple[Program, list[Slot]]:
    """The program with a parameter for each angle that is not a number."""
    slots: list[Slot] = []
    instrs = []
    for at, instr in enumerate(program.instrs):
        angles: list[Expr] = []
        for angle in instr.angles:
            terms = polynomial(angle)
            if all(not leaves for _, leaves in terms):
                angles.append(float(sum(c for c, _ in terms)))
                continue
            angles.append(Leaf("param", ANGLE, len(slots)))
            slots.append(Slot(instr.name, at, terms))
        instrs.append(instr._replace(angles=tuple(angles)) if angles else instr)
    names = replace(program.names, shapes={ANGLE: (len(slots),)})
    return replace(program, instrs=instrs, names=names, phase=0.0, again={}), slots


def polynomial(expr: Expr) -> Terms:
    """An angle as the sum of products that it was written as."""
    match expr:
        case float():
            return ((expr, ()),) if expr else ()
        case Leaf():
            return ((1.0, (expr,)),)
        case Fn(fn="add", args=(a, b)):
            return (*polynomial(a), *polynomial(b))
        case Fn(fn="sub", args=(a, b)):
            return (*polynomial(a), *((-c, f) for c, f in polynomial(b)))
        case Fn(fn="neg", args=(a,)):
            return tuple((-c, f) for c, f in polynomial(a))
        case Fn(fn="mul", args=(a, b)):
            return tuple((c * d, (*f, *g)) for c, f in polynomial(a) for d, g in polynomial(b))
    raise AssertionError(expr)


@dataclass
class _Measured:
    """The quantities of a circuit."""

    program: Program
    plan: CircuitPlan
    unrolled: Unrolled
    needs: Mapping[tuple[Ref, str, int], Needed]
    quantities: list[Quantity] = field(default_factory=list)
    reads: list[tuple[Read, int] | None] = field(default_factory=list)
    norms: list[int | None] = field(default_factory=list)
    _weights: dict[tuple[str, ...], int] = field(default_factory=dict)

    def all(self) -> None:
        self.written: dict[int, int] = {}
        for i, instr in enumerate(self.program.instrs):
            self.written.update(dict.fromkeys(instr.clbits, i))
        self.clbits = dict(self.program.cregs)
        for register, entry in self.program.metadata["outputs"].items():
            key = (entry["run"], entry["cell_output"], entry["step"])
            self._output(register, key, tuple(entry["postselections"]))

    def _output(self, register: str, key: tuple[Ref, str, int], posts: tuple[str, ...]) -> None:
        run, _, t = key
        need = self.needs[key]
        (ref,) = need.ops
        op = need.ops[ref]
        read = (run, t, ref)
        bit = {slot: i for i, slot in enumerate(need.slots)}
        chosen = {basis for time, basis in self.plan.chosen(key)}
        match op:
            case Expect():
                at = self.unrolled.along.runs[run].lines.at[t, ref]
                for k, product in enumerate(products(op)):
                    held: Basis = tuple((at[w], letter) for w, letter in product)
                    if held in chosen:
                        bits = tuple(bit[slot] for slot, _ in held)
                        self._add(read, k, register, bits, True, 0, posts)
            case Prob(value=value):
                ((_, basis),) = {
                    (0.0, b) for products_ in need.coefficients.values() for _, b in products_
                }
                bits = tuple(bit[slot] for slot, _ in basis)
                wanted = range(components(op)) if value is None else (value,)
                for k, outcome in enumerate(wanted):
                    self._add(read, k, register, bits, False, outcome, posts)
            case Postselect():
                own = self._own(posts, t)
                expected = own if own in self.program.expected else ""
                value = self.program.metadata["postselections"][own]["value"]
                bits = tuple(range(len(need.slots)))
                self._add(read, 0, register, bits, False, value, posts, expected)
            case _:
                raise AssertionError(op)

    def _own(self, posts: tuple[str, ...], t: int) -> str:
        """The register of the postselection that comes after `posts`."""
        names: list[str] = list(self.program.metadata["postselections"])
        return names[len(posts)]

    def _add(
        self,
        read: Read,
        component: int,
        register: str,
        bits: tuple[int, ...],
        sign: bool,
        value: int,
        posts: tuple[str, ...],
        expected: str = "",
    ) -> None:
        at = max(
            (self.written[self.clbits[r][b]] for r, b in self._bits(register, bits, posts)),
            default=-1,
        )
        norm = self._weight(posts)
        self.quantities.append(Quantity(register, bits, sign, value, posts, at, expected))
        self.reads.append((read, component))
        self.norms.append(norm)

    def _bits(self, register: str, bits: tuple[int, ...], posts: tuple[str, ...]) -> Any:
        yield from ((register, b) for b in bits)
        for post in posts:
            yield from ((post, b) for b in range(len(self.clbits[post])))

    def _weight(self, posts: tuple[str, ...]) -> int | None:
        if not posts:
            return None
        if posts not in self._weights:
            at = max(self.written[self.clbits[r][b]] for r, b in self._bits("", (), posts))
            self._weights[posts] = len(self.quantities)
            self.quantities.append(Quantity("", (), True, 0, posts, at))
            self.reads.append(None)
            self.norms.append(None)
        return self._weights[posts]
