"""The state of planning: slots, the product of independent parts, and what is still pending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..sema.closed import Elem, Ref, Scalar, Wire
from . import steps as p
from .memory import require
from .pairs import Pair

if TYPE_CHECKING:
    from .mixing import Acting

Form: TypeAlias = Literal["zero", "product", "identity", "ket", "density"]


@dataclass(frozen=True, slots=True)
class Part:
    """Wires that may be entangled with each other and with no others.

    `zero`: untouched fresh wires; `product`: fresh wires in one-qubit kets of their own
    (`starts`); `identity`: untouched carried wires, in the order of their base; `ket` and
    `density`: what the slot holds (see `steps`). Row order: most significant wire first. For a
    density `wires` are those of the rows, the columns follow in the same order.
    """

    form: Form
    wires: tuple[Wire, ...]
    slot: p.Slot | None = None
    env: int = 1
    wide: int = 1
    base: p.Slot | None = None
    weight: p.Slot | None = None
    starts: tuple[p.Start, ...] = ()

    @property
    def held(self) -> p.Slot:
        """The slot of a ket or density."""
        assert self.slot is not None
        return self.slot

    @property
    def rows(self) -> int:
        return int(2 ** len(self.wires))


@dataclass
class Builder:
    """Steps so far, and the state as a product of parts. Functions of the planner change it."""

    input_level: Callable[[str], p.Level]
    samples: int
    rows_per_gate: int = 8  # see `applying.fused`
    steps: list[p.Step] = field(default_factory=list)
    level: list[p.Level] = field(default_factory=list)
    values: dict[Ref, p.Slot] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    pending: list[Acting] = field(default_factory=list)
    death: dict[Wire, float] = field(default_factory=dict)
    now: int = 0
    weights: list[p.Slot] = field(default_factory=list)
    entries: int = 0
    weighted: dict[tuple[p.Slot, p.Slot], p.Slot] = field(default_factory=dict)
    exponentials: dict[tuple[Any, ...], p.Slot] = field(default_factory=dict)

    def slot(self, level: p.Level) -> p.Slot:
        self.level.append(level)
        return len(self.level) - 1

    def emit(self, step: p.Step, least: p.Level = p.STATIC) -> p.Slot:
        """A step, given a slot at the level of what it reads, and at `least` that."""
        out = self.slot(max([least, *(self.level[s] for s in p.reads(step))]))
        self.steps.append(replace(step, out=out))
        return out

    def certain(self, slot: p.Slot, shape: tuple[int, ...] | None) -> p.Slot:
        """A value, or a base for `shape` None, that is NaN after an impossible postselection,

        whether or not it reads what was postselected.
        """
        made = {step.out: step for step in self.steps}
        waiting, seen = [slot], set[p.Slot]()
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                waiting += p.reads(made[here]) if here in made else ()
        others = tuple(w for w in self.weights if w not in seen)
        return self.emit(p.Certain(p.NEW, slot, shape, others)) if others else slot

    def number(self, scalar: Scalar) -> p.Number:
        if isinstance(scalar, Elem):
            return p.Entry(self.values[scalar.ref], scalar.index)
        return scalar

    def level_of(self, pair: Pair) -> p.Level:
        elems = pair.angle.elems if pair.angle else ()
        return max((self.level[self.values[e.ref]] for e in elems), default=p.STATIC)

    def part_level(self, part: Part) -> p.Level:
        """The level of the slot itself: of what acts on it, not of the base it acts on."""
        if part.slot is not None:
            return self.level[part.slot]
        return max((self.level[start.starts] for start in part.starts), default=p.STATIC)

    def reserve(self, entries: int, qubits: int) -> None:
        """Refuses a state of so many complex entries for one sequence; see `memory`."""
        self.entries = max(self.entries, entries)
        require(16 * entries, f"the state of {qubits} entangled qubits")

    # --- parts -------------------------------------------------------------------------------

    def holding(self, wires: Iterable[Wire]) -> list[Part]:
        wanted = set(wires)
        return [part for part in self.parts if wanted & set(part.wires)]

    def swap(self, old: Sequence[Part], *new: Part) -> None:
        self.parts = [part for part in self.parts if all(part is not o for o in old)] + list(new)

    def alive(self, wire: Wire) -> bool:
        """Whether something still to come (or still pending) touches the wire."""
        return self.death.get(wire, -1) >= self.now or any(
            wire in gate.wires for gate in self.pending
        )

    def permuted(self, part: Part, lead: Sequence[Wire], env: Sequence[Wire] = ()) -> Part:
        """A ket with its wires in another order: `lead`, others, then `env` traced out."""
        middle = [w for w in part.wires if w not in lead and w not in env]
        target = (*lead, *middle, *env)
        kept = target[: len(target) - len(env)]
        if target == part.wires and not env:
            return part
        order = tuple(part.wires.index(w) for w in target)
        old = part.held
        slot = self.emit(p.Permute(p.NEW, old, order, len(env)))
        if part.base is not None and (old, part.base) in self.weighted:
            w = self.weighted[old, part.base]
            moved = self.emit(p.Permute(p.NEW, w, order, len(env)))
            self.weighted[slot, part.base] = moved
        return replace(part, wires=kept, slot=slot, env=part.env * 2 ** len(env))

    def retired(self, part: Part) -> Part:
        """The part without the wires that nothing touches any more."""
        gone = [w for w in part.wires if not self.alive(w)]
        if not gone:
            return part
        left = tuple(w for w in part.wires if w not in gone)
        match part.form:
            case "zero":
                return replace(part, wires=left)
            case "product":
                kept = zip(part.wires, part.starts, strict=True)
                return replace(part, wires=left, starts=tuple(u for w, u in kept if w in left))
            case "identity":
                # What is left is smaller as a density than with the environment of what went.
                return self.traced(self.as_density(part), gone)
            case "ket":
                return self.permuted(part, left, gone)
            case "density":
                return self.traced(part, gone)

    def traced(self, part: Part, gone: Sequence[Wire]) -> Part:
        n, old = len(part.wires), part.held
        rows = tuple(part.wires.index(w) for w in gone)
        columns = tuple(r + n for r in rows)
        slot = self.emit(p.TraceOut(p.NEW, old, 2 * n, rows, columns))
        return replace(part, wires=tuple(w for w in part.wires if w not in gone), slot=slot)

    def as_ket(self, part: Part) -> Part:
        n = len(part.wires)
        self.reserve(part.rows * (part.rows if part.form == "identity" else 1), n)
        match part.form:
            case "zero":
                return replace(part, form="ket", slot=self.emit(p.Zeros(p.NEW, n)))
            case "product":
                starts = part.starts
                slot = self.emit(p.Product(p.NEW, starts))
                return replace(part, form="ket", slot=slot, starts=())
            case "identity":
                return replace(part, form="ket", slot=self.emit(p.Identity(p.NEW, n)))
            case _:
                return part

    def as_density(self, part: Part) -> Part:
        if part.form == "density":
            return part
        self.reserve(part.rows**2, len(part.wires))
        if part.form == "identity":
            base = part.base
            assert base is not None
            slot = self.emit(p.BaseDensity(p.NEW, base))
        else:
            part = self.as_ket(part)
            ket, weighted = part.held, self.weighted_slot(part)
            slot = self.emit(p.Density(p.NEW, ket, weighted))
        return Part("density", part.wires, slot, weight=part.weight)

    def weighted_slot(self, part: Part) -> p.Slot | None:
        """V·base, computed once for all that reads it; None where the part has no base."""
        if part.base is None or part.form != "ket":
            return None
        ket, base = part.held, part.base
        if (ket, base) not in self.weighted:
            self.weighted[ket, base] = self.emit(p.Weighted(p.NEW, ket, base))
        return self.weighted[ket, base]

    def readable(self, part: Part) -> Part:
        """The part in a form that reads understand; the state is not changed by this."""
        if part.form == "identity":
            return self.as_density(part)
        return self.as_ket(part)

    def joined(self, parts: Sequence[Part]) -> Part:
        """Several parts as one, in place; all densities or all kets."""
        if len(parts) == 1:
            return parts[0]
        mixed = any(part.form == "density" for part in parts)
        parts = sorted(parts, key=lambda part: (self.part_level(part), part.rows))
        ready = [self.as_density(x) if mixed else self.as_ket(x) for x in self.pooled(parts)]
        whole = self.product(ready) if len(ready) > 1 else ready[0]
        self.swap(parts, whole)
        return whole

    def pooled(self, parts: Sequence[Part]) -> list[Part]:
        """All untouched fresh wires as one part, all products of a level too, before the others."""
        found: dict[tuple[str, p.Level], Part] = {}
        others = []
        for part in parts:
            if part.form not in ("zero", "product"):
                others.append(part)
                continue
            key = (part.form, self.part_level(part))
            before = found.get(key, Part(part.form, ()))
            found[key] = replace(
                before, wires=before.wires + part.wires, starts=before.starts + part.starts
            )
        return [*found.values(), *others]

    def product(self, parts: Sequence[Part]) -> Part:
        slots = tuple(part.held for part in parts)
        wires = tuple(w for part in parts for w in part.wires)
        env, wide = 1, 1
        for part in parts:
            env, wide = env * part.env, wide * part.wide
        rows = 2 ** len(wires)
        self.reserve(rows**2 if parts[0].form == "density" else rows * env * wide, len(wires))
        slot = self.emit(p.Merge(p.NEW, slots))
        weights = tuple(part.weight for part in parts if part.weight is not None)
        weight = self.weight_product(weights)
        if parts[0].form == "density":
            slot = self._rows_first(slot, [len(part.wires) for part in parts])
            return Part("density", wires, slot, weight=weight)
        bases = tuple(part.base for part in parts if part.base is not None)
        base = bases[0] if len(bases) == 1 else None
        if len(bases) > 1:
            base = self.emit(p.MergeBases(p.NEW, bases))
        return Part("ket", wires, slot, env, wide, base, weight)

    def _rows_first(self, slot: p.Slot, sizes: Sequence[int]) -> p.Slot:
        """The product of densities has rows and columns in turn: bring all rows to the front."""
        rows: list[int] = []
        columns: list[int] = []
        at = 0
        for n in sizes:
            rows += range(at, at + n)
            columns += range(at + n, at + 2 * n)
            at += 2 * n
        order = tuple(rows + columns)
        return self.emit(p.Permute(p.NEW, slot, order))

    def weight_product(self, weights: tuple[p.Slot, ...]) -> p.Slot | None:
        if len(weights) < 2:
            return weights[0] if weights else None
        return self.emit(p.WeightProduct(p.NEW, weights))
