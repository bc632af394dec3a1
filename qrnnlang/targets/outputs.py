"""What an output of a cell needs measured: its read-outs, split into products of Paulis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from ..sema.closed import Elem, Expect, Op, Postselect, Prob, Ref, Scalar, Shape, Wire
from .classical import Value, entry
from .errors import STEPWISE, target_error
from .lines import NEVER, Line, Lines, Time
from .symbols import Affine, Expr, NotAffine, Read, add, affine, leaves, mul
from .template import Template

#: Run, name of the cell's output, step.
Key: TypeAlias = tuple[int, str, int]
#: Where a bit comes from: a line, or entry i of the bits of a `prob` or a postselection.
Slot: TypeAlias = "Line | tuple[str, Ref, int]"
#: What must be measured together for one product; the letter of a bit is empty.
Basis: TypeAlias = tuple[tuple[Slot, str], ...]


class Atom(NamedTuple):
    """One product of Paulis, or one joint readout, that the output `key` needs.

    It lies at `time` and can be measured in a circuit that ends before `deadline`; `posts`
    postselections lie before it.
    """

    key: Key
    time: Time
    basis: Basis
    deadline: Time
    posts: int


@dataclass(frozen=True, eq=False)
class Needed:
    """An output at one step.

    `products[read]`: what the read-out is, as Σ coefficient × product of ±1. `slots`: what its
    register's bits hold, in order of appearance in the program. `kind`: the same object for
    outputs that need the same at other steps; see `kinds`.
    """

    key: Key
    shape: Shape
    entries: tuple[Expr, ...]
    reads: tuple[Read, ...]
    ops: Mapping[Ref, Op]
    coefficients: Mapping[Read, tuple[tuple[Expr, Basis], ...]]
    atoms: tuple[Atom, ...]
    slots: tuple[Slot, ...]
    kind: object | None = None

    @cached_property
    def affine(self) -> tuple[Affine, ...] | None:
        """The entries as affine functions of the read-outs; None if one is not."""
        try:
            return tuple(affine(e) for e in self.entries)
        except NotAffine:
            return None

    @cached_property
    def selection(self) -> tuple[int, ...] | None:
        """The outcomes whose probabilities the entries are, if that is all they are."""
        if self.affine is None or len({r.ref for r in self.reads}) != 1:
            return None
        op = self.ops[self.reads[0].ref]
        if isinstance(op, Expect):
            return None
        found: list[int] = []
        for a in self.affine:
            if a.constant != 0.0 or list(a.terms.values()) != [1.0]:
                return None
            (read,) = a.terms
            found.append(outcome(op, read, self.coefficients))
        return tuple(found)


def outcome(op: Op, read: Read, coefficients: Mapping[Read, tuple[tuple[Expr, Basis], ...]]) -> int:
    """The integer whose probability a read-out is."""
    match op:
        case Prob(value=None):
            return read.component
        case Prob(value=int(wanted)):
            return wanted
        case _:
            ((value, _),) = coefficients[read]
            assert isinstance(value, float)
            return int(value)


def needed(
    template: Template, lines: Lines, key: Key, value: Value, values: Mapping[Ref, Value]
) -> Needed:
    """What the output `key` with the entries `value` needs; `values` are its step's.

    Raises:
        CompileError: E0604 where it depends on what another step or another cell measured.
    """
    run, name, t = key
    entries = tuple(entry(value, i) for i in range(value.size))
    found = {x for e in entries for x in leaves(e) if isinstance(x, Read)}
    for read in found:
        if (read.run, read.step) != (run, t):
            raise target_error(
                "E0604",
                f"the output `{name}` at step {t} needs what was measured at step {read.step}",
                template.origin(read.ref) if read.run == run else None,
                "read here, then carried on as a number",
                notes=("a circuit carries qubits and bits on, not expectation values",),
                help=STEPWISE,
            )
    reads = tuple(sorted(found, key=lambda r: (r.ref, r.component)))
    coefficients: dict[Read, tuple[tuple[Expr, Basis], ...]] = {}
    atoms: dict[tuple[Time, Basis], Atom] = {}
    for read in reads:
        time = (t, read.ref)
        at = lines.at[time]
        op = template.graph.op(read.ref)
        coefficients[read] = tuple(_products(op, read, at, values))
        for _, basis in coefficients[read]:
            held = [slot for slot, _ in basis if isinstance(slot, int)]
            deadline = min((lines.deadline(line, time) for line in held), default=NEVER)
            if basis:
                atoms[time, basis] = Atom(key, time, basis, deadline, lines.posts[time])
    slots = dict.fromkeys(slot for atom in atoms.values() for slot, _ in atom.basis)
    return Needed(
        key,
        tuple(value.shape),
        entries,
        reads,
        {r.ref: template.graph.op(r.ref) for r in reads},
        coefficients,
        tuple(atoms.values()),
        tuple(slots),
    )


def scalar(values: Mapping[Ref, Value], s: Scalar) -> Expr:
    """A scalar operand in the values of a step."""
    return entry(values[s.ref], s.index) if isinstance(s, Elem) else float(s)


def _products(
    op: Op, read: Read, at: Mapping[Wire, Line], values: Mapping[Ref, Value]
) -> list[tuple[Expr, Basis]]:
    """The summands of a read-out. For a probability: its outcome, and everything it reads."""
    match op:
        case Expect(observables=observables):
            return [
                (scalar(values, term.coefficient), tuple((at[w], p) for w, p in term.paulis))
                for term in observables[read.component]
            ]
        case Prob(wires=wires, bits=bits, value=value):
            k = float(read.component if value is None else value)
            return [
                (
                    k,
                    (
                        *((at[w], "Z") for w in wires),
                        *((("bit", read.ref, i), "") for i in range(len(bits))),
                    ),
                )
            ]
        case Postselect(values=expected, when=when):
            chosen = 0.0
            for i, v in enumerate(expected):
                bit = scalar(values, v)
                # A value that is not known yet is reported where the circuit is written.
                chosen += 2.0**i * bit if when is None and isinstance(bit, float) else 0.0
            return [(chosen, tuple((("post", read.ref, i), "") for i in range(len(expected))))]
    raise AssertionError(op)


def signs(op: Op, products: tuple[tuple[Expr, Basis], ...]) -> list[tuple[Expr, Basis]]:
    """A read-out as Σ coefficient × product of ±1; the probability of k is Π (1 ± z)/2."""
    if isinstance(op, Expect):
        return list(products)
    ((k, basis),) = products
    assert isinstance(k, float)
    terms: list[tuple[float, Basis]] = [(1.0, ())]
    for i, slot in enumerate(basis):
        sign = -1.0 if int(k) >> i & 1 else 1.0
        terms = [
            term for c, held in terms for term in ((c / 2, held), (sign * c / 2, (*held, slot)))
        ]
    return list(terms)


def scaled_terms(
    entry_: Affine,
    need: Needed,
    chosen: frozenset[tuple[Time, Basis]] | None,
    constant: bool = True,
) -> list[tuple[Expr, tuple[int, ...]]]:
    """An entry as Σ coefficient × product of bits.

    `chosen`: only what these atoms give; `constant`: with the part that needs no bit at all.
    """
    bit = {slot: i for i, slot in enumerate(need.slots)}
    total: dict[tuple[int, ...], Expr] = {}
    for read, factor in entry_.terms.items():
        for c, basis in need.coefficients[read]:
            missing = (
                not constant
                if not basis
                else chosen is not None and ((read.step, read.ref), basis) not in chosen
            )
            if missing:
                continue
            for sign, held in signs(need.ops[read.ref], ((c, basis),)):
                bits = tuple(sorted(bit[slot] for slot, _ in held))
                total[bits] = add(total.get(bits, 0.0), mul(factor, sign))
    if constant:
        total[()] = add(total.get((), 0.0), entry_.constant)
    return [(c, bits) for bits, c in total.items() if c != 0.0]
