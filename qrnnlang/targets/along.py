"""A model's line along time: which runs have qubits, their values, and what the outputs need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..ir.graph import build
from ..sema.closed import (
    Call,
    CellOutput,
    ClosedModel,
    Const,
    Elem,
    Expect,
    Extern,
    Gather,
    Input,
    LossFn,
    ModelOp,
    Param,
    Prob,
    Ref,
    RunCell,
    SeqFn,
)
from .binding import Binding, CellValues
from .classical import Value, apply, array, entry
from .errors import target_error
from .lines import Lines, trace
from .outputs import Key
from .symbols import add, mul
from .template import Template, template

#: Operations of one circuit, all steps together.
MAX_CIRCUIT = 2_000_000


@dataclass(frozen=True)
class Run:
    """One application of a cell. `values[t]`: its values at step t; `prepared`: those of `init`.

    `known`: entries that are bound and the same at every step.
    """

    index: int
    op: RunCell
    template: Template
    steps: int
    prepared: Mapping[Ref, Value]
    values: Sequence[Mapping[Ref, Value]]
    known: Mapping[Elem, float]

    @cached_property
    def lines(self) -> Lines:
        return trace(self.template, self.steps)


@dataclass
class Along:
    """A model over the steps of its binding. Only what feeds a cell with qubits is evaluated.

    `everything`: what feeds the model's outputs too.

    Raises:
        CompileError: E0601 for a model without qubits, E0709 for too many steps, E0605 and E0606
            from `template`.
    """

    model: ClosedModel
    binding: Binding
    drop_noise: bool = False
    everything: bool = False
    runs: dict[int, Run] = field(default_factory=dict)
    _templates: dict[int, Template] = field(default_factory=dict)
    _values: dict[Ref, list[Value]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.quantum:
            raise target_error(
                "E0601",
                f"`{self.model.name}` has no qubits, so there is no circuit",
                help="run it with `model(params, x)`",
            )
        self._check_length()
        for ref in self.needed(outputs=self.everything):
            if not self.binding.open or isinstance(self.model.ops[ref], RunCell):
                self._values[ref] = self._evaluate(ref)

    def _check_length(self) -> None:
        """E0709, before anything is done for every step. A loop counts what it reads."""
        total = 0
        for ref in self.quantum:
            made = self.template(ref)
            reads = sum(isinstance(item, Expect | Prob) for _, item in made.line)
            each = 1 + reads if self.binding.rolled else len(made.line) + len(made.classical)
            total += (self.lengths[ref] or 1) * each
        if total > MAX_CIRCUIT:
            raise target_error(
                "E0709",
                f"{self.binding.steps:,} steps make a circuit of {total:,} operations",
                notes=(f"a circuit has at most {MAX_CIRCUIT:,}",),
                help="fewer steps"
                + ("" if self.binding.rolled else ", or a loop over them: `--rolled`"),
            )

    def value(self, ref: Ref) -> list[Value]:
        """A value, one array for each step; one array for what is constant in time."""
        return self._values[ref]

    def template(self, ref: Ref) -> Template:
        """The template of the cell that the operation `ref` runs."""
        if ref not in self._templates:
            op = self.model.ops[ref]
            assert isinstance(op, RunCell)
            self._templates[ref] = template(build(op.cell), self.drop_noise)
        return self._templates[ref]

    @cached_property
    def quantum(self) -> list[Ref]:
        """The runs of cells with qubits."""
        runs = [r for r, op in enumerate(self.model.ops) if isinstance(op, RunCell)]
        return [r for r in runs if self.template(r).quantum]

    def needed(self, *, outputs: bool) -> list[Ref]:
        """What feeds the circuits, and the outputs if wanted. A loss is not part of either."""
        refs = [o.ref for o in self.model.outputs] if outputs else []
        return sorted(ancestors(self.model.ops, self.quantum + refs))

    @cached_property
    def lengths(self) -> dict[Ref, int | None]:
        """How many steps each value has (of a circuit or output); None: constant in time."""
        return self.lengths_of([o.ref for o in self.model.outputs])

    def lengths_of(self, refs: Sequence[Ref]) -> dict[Ref, int | None]:
        """The same for everything that feeds a circuit or `refs`."""
        found: dict[Ref, int | None] = {}
        for ref in sorted(ancestors(self.model.ops, [*self.quantum, *refs])):
            found[ref] = self._length(ref, self.model.ops[ref], found)
        return found

    def _length(self, ref: Ref, op: ModelOp, before: Mapping[Ref, int | None]) -> int | None:
        everywhere = self.binding.steps if self.model.types[ref].seq else None
        match op:
            case SeqFn(fn="last" | "first" | "skip" as fn, arg=arg, k=int(k)):
                there = before[arg] or 0
                if k > there or (fn == "skip" and k == there):
                    raise ValueError(f"`{fn}(…, {k})` needs more than the {there} steps there are")
                return there - k if fn == "skip" else k
            case SeqFn(fn="reverse", arg=arg) | CellOutput(run=arg):
                return before[arg]
            case SeqFn() | LossFn() | Const() | Param():
                return None
            case Input():
                return everywhere
            case RunCell(args=args):
                return next((n for a in args if (n := before[a]) is not None), everywhere)
            case _:
                return next((n for a in arguments(op) if (n := before[a]) is not None), None)

    def _at(self, ref: Ref, t: int) -> Value:
        values = self._values[ref]
        return values[t] if self.lengths[ref] is not None else values[0]

    def _evaluate(self, ref: Ref) -> list[Value]:
        op, n = self.model.ops[ref], self.lengths[ref]
        times = range(1 if n is None else n)
        match op:
            case Input(name=name, shape=shape):
                return [self.binding.input(name, shape, None if n is None else t) for t in times]
            case Param(name=name, shape=shape):
                return [self.binding.param(name, shape)]
            case SeqFn():
                return _seq(op, self._values[op.arg])
            case RunCell():
                return self._run(ref, op, len(times))
            case CellOutput(run=run, name=name):
                cell = self.model.ops[run]
                assert isinstance(cell, RunCell)
                source = next(o.ref for o in cell.cell.outputs if o.name == name)
                return [self.runs[run].values[t][source] for t in times]
            case Const() | Gather() | Call() | Extern():
                rows = ([self._at(a, t) for a in arguments(op)] for t in times)
                return [apply(op, row, self.binding.externs) for row in rows]
        raise AssertionError(op)

    def _run(self, ref: Ref, op: RunCell, steps: int) -> list[Value]:
        cell = CellValues(self.binding, self.template(ref), ref)
        prepared, carried = cell.initial()
        values = []
        ports = zip(op.cell.inputs, op.args, strict=True)
        args = [] if self.binding.open else [(p.name, a) for p, a in ports]
        for t in range(steps):
            inputs = {name: self._at(a, t) for name, a in args}
            now, carried = cell.step(t, inputs, carried)
            values.append(now)
        known = cell.known()
        self.runs[ref] = Run(ref, op, self.template(ref), steps, prepared, values, known)
        return []

    def demand(self) -> set[Key]:
        """Which outputs of which runs at which steps the model's outputs are computed from."""
        want: list[set[int]] = [set() for _ in self.model.ops]
        for output in self.model.outputs:
            want[output.ref] |= set(range(self.lengths[output.ref] or 1))
        keys: set[Key] = set()
        for ref in reversed(range(len(self.model.ops))):
            op, steps = self.model.ops[ref], want[ref]
            if not steps:
                continue
            match op:
                case CellOutput(run=run, name=name):
                    keys |= {(run, name, t) for t in steps}
                    want[run] |= steps
                case SeqFn(arg=arg):
                    self._pass_on(want, arg, sources(op, steps, self.lengths[arg] or 1))
                case RunCell(args=args, cell=cell):
                    reach = set(range(max(steps) + 1)) if cell.carries else steps
                    for arg in args:
                        self._pass_on(want, arg, reach)
                case _:
                    for arg in arguments(op):
                        self._pass_on(want, arg, steps)
        return keys

    def _pass_on(self, want: list[set[int]], arg: Ref, steps: set[int]) -> None:
        want[arg] |= {0} if self.lengths[arg] is None else steps

    @cached_property
    def register_names(self) -> dict[tuple[int, str], str]:
        """What an output is called: as in the model if that passes it on, else as in the cell."""
        names: dict[tuple[int, str], str] = {}
        for output in self.model.outputs:
            ref = output.ref
            while isinstance(op := self.model.ops[ref], SeqFn) and op.fn != "mean":
                ref = op.arg
            if isinstance(op, CellOutput):
                names.setdefault((op.run, op.name), output.name)
        for ref, run in self.runs.items():
            for o in run.op.cell.outputs:
                taken = set(names.values())
                name = o.name if o.name not in taken else f"{run.op.instance}_{o.name}"
                names.setdefault((ref, o.name), name)
        return names


def arguments(op: ModelOp) -> tuple[Ref, ...]:
    """What a model's operation is computed from."""
    match op:
        case Gather(sources=refs) | Call(args=refs) | Extern(args=refs) | LossFn(args=refs):
            return refs
        case RunCell(args=refs):
            return refs
        case CellOutput(run=ref) | SeqFn(arg=ref):
            return (ref,)
        case _:
            return ()


def ancestors(ops: Sequence[ModelOp], refs: Sequence[Ref]) -> set[Ref]:
    """The operations that some are computed from, themselves included."""
    found: set[Ref] = set()
    stack = list(refs)
    while stack:
        ref = stack.pop()
        if ref not in found:
            found.add(ref)
            stack += arguments(ops[ref])
    return found


def _seq(op: SeqFn, values: list[Value]) -> list[Value]:
    match op.fn, op.k:
        case "last", None:
            return values[-1:]
        case "first", None:
            return values[:1]
        case "last", int(k):
            return values[-k:]
        case "first", int(k):
            return values[:k]
        case "skip", k:
            return values[k or 0 :]
        case "reverse", _:
            return values[::-1]
        case "mean", _:
            size = range(values[0].size)
            sums = []
            for i in size:
                total = entry(values[0], i)
                for v in values[1:]:
                    total = add(total, entry(v, i))
                sums.append(mul(1.0 / len(values), total))
            return [array(sums, values[0].shape)]
    raise AssertionError(op)


def sources(op: SeqFn, steps: set[int], length: int) -> set[int]:
    """Which steps of the argument the given steps of a sequence function are made from."""
    match op.fn, op.k:
        case "last", k:
            return {length - (k or 1) + t for t in steps}
        case "first", _:
            return steps
        case "skip", k:
            return {t + (k or 0) for t in steps}
        case "reverse", _:
            return {length - 1 - t for t in steps}
        case _:
            return set(range(length))
