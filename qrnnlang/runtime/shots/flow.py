"""Which read-outs have to be measured, and which before which.

A value depends on read-outs through the classical operations, through carried reals and through
other cells. A circuit can run once every angle in it is known: its level is the number of rounds of
measurements that come before it. Without ensemble feedback all levels are 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from ...ir.operands import values_read
from ...passes import Stamp
from ...sema.closed import (
    BitCarry,
    CarryIn,
    CellOutput,
    ClosedModel,
    Expect,
    Input,
    LossFn,
    Op,
    Param,
    Postselect,
    Prob,
    QubitCarry,
    RealCarry,
    Ref,
    RunCell,
    SeqFn,
)
from ...targets.along import Along, arguments, sources
from ...targets.template import Template

#: A read-out: run, step, operation.
Read: TypeAlias = tuple[Ref, int, Ref]


def carries(template: Template) -> bool:
    """Whether a step needs the steps before it on the device."""
    return any(
        isinstance(c, BitCarry) or (isinstance(c, QubitCarry) and c.wires)
        for c in template.graph.carries
    )


@dataclass(frozen=True, eq=False)
class Flow:
    """The dependencies of a model over some steps; `asked`: the values at the model's level."""

    model: ClosedModel
    along: Along
    asked: tuple[Ref, ...]
    lengths: Mapping[Ref, int | None]
    _levels: dict[tuple[Ref, int, Ref], int] = field(default_factory=dict)
    _model: dict[Ref, list[int]] = field(default_factory=dict)

    @cached_property
    def levels(self) -> dict[Read, int]:
        """Every read-out that what is asked depends on, with the level of its circuit."""
        found = self._rounds()
        return {read: found[read] for read in sorted(self._demand())}

    @property
    def feedback(self) -> bool:
        """Whether some angle depends on what is measured."""
        return any(self.levels.values())

    # --- rounds -----------------------------------------------------------------------------------

    def _rounds(self) -> dict[Read, int]:
        found: dict[Read, int] = {}
        for ref, op in enumerate(self.model.ops):
            if ref not in self.lengths:
                continue
            n = self.lengths[ref]
            match op:
                case RunCell():
                    self._run_levels(ref, op, found)
                case CellOutput(run=run, name=name):
                    source = self._source(run, name)
                    self._model[ref] = [self._level(run, t, source) for t in range(n or 1)]
                case SeqFn():
                    self._model[ref] = self._over_time(op, n)
                case LossFn():
                    pass
                case _:
                    args = [a for a in arguments(op) if a in self._model]
                    self._model[ref] = [
                        max((self._at(a, t) for a in args), default=0) for t in range(n or 1)
                    ]
        return found

    def _over_time(self, op: SeqFn, n: int | None) -> list[int]:
        before = self._model[op.arg]
        times = range(n or 1)
        return [max(before[s] for s in sources(op, {t}, len(before))) for t in times]

    def _at(self, ref: Ref, t: int) -> int:
        levels = self._model[ref]
        return levels[t] if self.lengths[ref] is not None else levels[0]

    def _level(self, run: Ref, t: int, ref: Ref) -> int:
        return self._levels.get((run, t, ref), 0)

    def _source(self, run: Ref, name: str) -> Ref:
        op = self.model.ops[run]
        assert isinstance(op, RunCell)
        return next(o.ref for o in op.cell.outputs if o.name == name)

    def _run_levels(self, ref: Ref, op: RunCell, found: dict[Read, int]) -> None:
        run = self.along.runs.get(ref)
        template = self.along.template(ref)
        steps = self.lengths[ref] or 1
        angles = angle_values(template)
        ports = {p.name: a for p, a in zip(op.cell.inputs, op.args, strict=True)}
        reals = {c.name: c.out for c in template.graph.carries if isinstance(c, RealCarry)}
        ahead = 0
        for t in range(steps):
            if not carries(template):
                ahead = 0
            for r, inner in template.graph.operations():
                ahead = max((ahead, *(self._level(ref, t, v) for v in angles.get(r, ()))))
                level = max((self._level(ref, t, v) for v in values_read(inner)), default=0)
                match inner:
                    case Input(name=name):
                        level = self._at(ports[name], t)
                    case CarryIn(name=name):
                        level = self._level(ref, t - 1, reals[name]) if t else 0
                    case Expect() | Prob() | Postselect():
                        if run is not None:
                            found[ref, t, r] = ahead
                            level = max(level, ahead + 1)
                if level:
                    self._levels[ref, t, r] = level

    # --- demand -----------------------------------------------------------------------------------

    def _demand(self) -> set[Read]:
        reads: set[Read] = set()
        seen: set[tuple[Ref, int | None, Ref]] = set()
        whole: dict[Ref, int] = {}
        stack: list[tuple[Ref, int | None, Ref]] = []

        def ask(node: tuple[Ref, int | None, Ref]) -> None:
            if node not in seen:
                seen.add(node)
                stack.append(node)

        for asked in self.asked:
            for when in self._times(asked):
                ask((-1, when, asked))
        while stack:
            run, t, ref = stack.pop()
            if run < 0:
                for node in self._behind(ref, t):
                    ask(node)
                continue
            assert t is not None
            inner = self.along.template(run).graph.op(ref)
            for node in self._inside(run, t, ref, inner):
                ask(node)
            if isinstance(inner, Expect | Prob | Postselect):
                reads.add((run, t, ref))
                for at, v in self._angles_before(run, t, ref, whole):
                    ask((run, at, v))
        return reads

    def _times(self, ref: Ref) -> Iterable[int | None]:
        n = self.lengths[ref]
        return (None,) if n is None else range(n)

    def _behind(self, ref: Ref, t: int | None) -> Iterator[tuple[Ref, int | None, Ref]]:
        """What a value of the model is computed from, at one step."""
        op = self.model.ops[ref]
        match op:
            case CellOutput(run=run, name=name):
                yield run, t or 0, self._source(run, name)
            case SeqFn(arg=arg):
                for s in sources(op, {t or 0}, self.lengths[arg] or 1):
                    yield -1, s, arg
            case LossFn(args=args):
                for a in args:
                    for when in self._times(a):
                        yield -1, when, a
            case RunCell():
                pass
            case _:
                for a in arguments(op):
                    yield -1, None if self.lengths[a] is None else t, a

    def _inside(
        self, run: Ref, t: int, ref: Ref, inner: Op
    ) -> Iterator[tuple[Ref, int | None, Ref]]:
        op = self.model.ops[run]
        assert isinstance(op, RunCell)
        match inner:
            case Input(name=name):
                arg = next(
                    a for p, a in zip(op.cell.inputs, op.args, strict=True) if p.name == name
                )
                yield -1, None if self.lengths[arg] is None else t, arg
            case CarryIn(name=name):
                carried = self.along.template(run).graph.carries
                out = next(c.out for c in carried if isinstance(c, RealCarry) and c.name == name)
                if t:
                    yield run, t - 1, out
            case _:
                for v in values_read(inner):
                    yield run, t, v

    def _angles_before(
        self, run: Ref, t: int, ref: Ref, whole: dict[Ref, int]
    ) -> Iterator[tuple[int, Ref]]:
        """The values that the circuit up to a read-out takes; `whole`: steps given before."""
        template = self.along.template(run)
        angles = angle_values(template)
        if carries(template):
            for s in range(whole.get(run, 0), t):
                yield from ((s, v) for refs in angles.values() for v in refs)
            whole[run] = max(whole.get(run, 0), t)
        yield from ((t, v) for r, refs in angles.items() if r <= ref for v in refs)

    # --- what the trained parameters move ---------------------------------------------------------

    @cached_property
    def moving(self) -> frozenset[tuple[Ref, Ref, bool]]:
        """The values of cells that depend on a trained parameter or on a read-out."""
        trained = {p.name for p in self.model.params if p.trained}
        moved: set[tuple[Ref, Ref, bool]] = set()
        above: set[Ref] = set()
        before = -1
        while before != len(moved) + len(above):
            before = len(moved) + len(above)
            for ref, op in enumerate(self.model.ops):
                match op:
                    case Param(name=name):
                        if name in trained:
                            above.add(ref)
                    case RunCell():
                        self._moved_in(ref, op, trained, above, moved)
                    case CellOutput(run=run, name=name):
                        if (run, self._source(run, name), False) in moved:
                            above.add(ref)
                    case _ if any(a in above for a in arguments(op)):
                        above.add(ref)
        return frozenset(moved)

    def _moved_in(
        self,
        run: Ref,
        op: RunCell,
        trained: set[str],
        above: set[Ref],
        moved: set[tuple[Ref, Ref, bool]],
    ) -> None:
        ports = {p.name: a for p, a in zip(op.cell.inputs, op.args, strict=True)}
        for ref, inner in enumerate(op.cell.init):
            own = isinstance(inner, Param) and inner.name in trained
            if own or any((run, v, True) in moved for v in values_read(inner)):
                moved.add((run, ref, True))
        reals = {c.name: c for c in op.cell.carries if isinstance(c, RealCarry)}
        for ref, inner in enumerate(op.cell.ops):
            match inner:
                case Param(name=name):
                    own = name in trained
                case Input(name=name):
                    own = ports[name] in above
                case CarryIn(name=name):
                    c = reals[name]
                    own = (run, c.initial, True) in moved or (run, c.out, False) in moved
                case Expect() | Prob() | Postselect():
                    own = True
                case _:
                    own = any((run, v, False) in moved for v in values_read(inner))
            if own:
                moved.add((run, ref, False))


def angle_values(template: Template) -> dict[Ref, frozenset[Ref]]:
    """The values that the quantum operations of a step take, by operation."""
    found: dict[Ref, set[Ref]] = {}
    for ref, item in template.line:
        if isinstance(item, Stamp):
            refs = {
                f.ref for a in item.angles for _, fs in a for f in fs if not isinstance(f, float)
            }
        elif isinstance(item, Expect | Prob):
            continue
        else:
            refs = set(values_read(item))
        if refs:
            found.setdefault(ref, set()).update(refs)
    return {ref: frozenset(refs) for ref, refs in found.items()}


def flow(model: ClosedModel, along: Along) -> Flow:
    """The dependencies of a model's outputs, its loss and its metrics."""
    asked = [o.ref for o in model.outputs]
    asked += [] if model.loss is None else [model.loss]
    asked += [ref for _, ref in model.metrics]
    return Flow(model, along, tuple(asked), along.lengths_of(asked))
