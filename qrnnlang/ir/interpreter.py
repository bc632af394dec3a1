"""The oracle: a cell run step by step, gate by gate, on exact density operators.

It is written to be obviously right, not fast. Every other way to run a program is checked
against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from ..sema.closed import (
    BitCarry,
    Call,
    CarryIn,
    Const,
    Elem,
    Expect,
    Extern,
    Gather,
    Input,
    Op,
    Param,
    Prob,
    RealCarry,
    Ref,
    Scalar,
)
from .classical import Array, Externs, array, check_input, computed
from .density import Density
from .gates import Matrix
from .graph import CellGraph
from .members import Family, Member, holds, regrouped
from .quantum import act, reading
from .trouble import Trouble, data_error, inputs_behind

Params: TypeAlias = Mapping[str, Any]
Operations: TypeAlias = Sequence[tuple[Ref, Op]]


@dataclass(frozen=True, eq=False)
class State:
    """What one step hands to the next.

    `wires` and `bits` are the carried wires and bits, register by register, as a step finds them.
    """

    family: Family
    reals: Mapping[str, Array]
    wires: tuple[int, ...] = ()
    bits: tuple[int, ...] = ()

    @property
    def density(self) -> Matrix:
        """The operator on the carried wires, 2^h × 2^h, the first wire least significant."""
        zero = np.zeros((2 ** len(self.wires),) * 2, dtype=np.complex128)
        return sum((m.density.reduced(self.wires) for m in self.family), zero)

    @property
    def bit_weights(self) -> dict[tuple[int, ...], float]:
        """The probability of each value of the carried bits, in the order of `bits`."""
        return {self._values(m): m.density.trace() for m in self.family}

    @property
    def densities(self) -> dict[tuple[int, ...], Matrix]:
        """The unnormalised operator that belongs to each value of the carried bits."""
        return {self._values(m): m.density.reduced(self.wires) for m in self.family}

    def _values(self, member: Member) -> tuple[int, ...]:
        return tuple(int(member.bits[b]) for b in self.bits)


def run_cell(
    graph: CellGraph,
    params: Params,
    inputs: Mapping[str, Any],
    state: State | None = None,
    steps: int | None = None,
    externs: Externs | None = None,
    sample: int | None = None,
) -> tuple[dict[str, Array], State]:
    """Runs a cell along one sequence.

    `inputs` are arrays of shape (T, *shape), `params` arrays by full name. Without inputs `steps`
    says how many steps to run. Returns the outputs, each of shape (T, *shape), and the state after
    the last step. `sample` is only for messages. Raises DataError for values outside a domain,
    ValueError for arrays that are missing or of the wrong shape.
    """
    after = initial_state(graph, params, externs, sample) if state is None else state
    rows: list[dict[str, Array]] = []
    for outputs, left in run_steps(graph, params, inputs, after, steps, externs, sample):
        rows.append(outputs)
        after = left
    stacked = {
        o.name: np.array([row[o.name] for row in rows]).reshape(len(rows), *o.shape)
        for o in graph.outputs
    }
    return stacked, after


def run_steps(
    graph: CellGraph,
    params: Params,
    inputs: Mapping[str, Any],
    state: State | None = None,
    steps: int | None = None,
    externs: Externs | None = None,
    sample: int | None = None,
) -> Iterator[tuple[dict[str, Array], State]]:
    """As `run_cell`, giving each step's outputs and the state after it."""
    sequences = {p.name: np.asarray(_given(inputs, p.name, "input")) for p in graph.inputs}
    count = _step_count(sequences, steps)
    state = initial_state(graph, params, externs, sample) if state is None else state
    operations = tuple(graph.operations())
    for t in range(count):
        values = {p.name: array(sequences[p.name][t], p.shape, p.name) for p in graph.inputs}
        run = _Run(params, values, state.reals, externs or {}, state.family, sample=sample, step=t)
        run.perform(operations)
        outputs = {o.name: array(run.values[o.ref], o.shape, o.name) for o in graph.outputs}
        state = _carried_on(graph, run)
        yield outputs, state


def initial_state(
    graph: CellGraph, params: Params, externs: Externs | None = None, sample: int | None = None
) -> State:
    """The state before the first step: qubits in |0…0⟩ and prepared by `init`, bits 0."""
    wires = graph.carried_wires
    bits = _carried_bits(graph)
    start = Member(dict.fromkeys(bits, False), Density().with_zeros(wires))
    run = _Run(params, {}, {}, externs or {}, (start,), sample=sample)
    run.perform(tuple(enumerate(graph.init)))
    reals = {
        c.name: array(run.values[c.initial], c.shape, c.name)
        for c in graph.carries
        if isinstance(c, RealCarry)
    }
    return State(run.family, reals, wires, bits)


@dataclass
class _Run:
    """One pass over a line of operations: what it reads, and the state as it changes."""

    params: Params
    inputs: Mapping[str, Array]
    reals: Mapping[str, Array]
    externs: Externs
    family: Family
    values: dict[Ref, Array] = field(default_factory=dict)
    sample: int | None = None
    step: int | None = None

    def perform(self, operations: Operations) -> None:
        line = dict(operations)
        for ref, op in operations:
            try:
                value = self._value(op)
            except Trouble as trouble:
                inputs = inputs_behind(line.__getitem__, ref)
                raise data_error(str(trouble), inputs, self.sample, self.step) from None
            if value is not None:
                self.values[ref] = value

    def _value(self, op: Op) -> Array | None:
        match op:
            case Const(values=values, shape=shape):
                return np.array(values, dtype=np.float64).reshape(shape)
            case Input(name=name, shape=shape, labels=labels):
                return check_input(array(self.inputs[name], shape, name), name, labels)
            case Param(name=name, shape=shape):
                return array(self._param(name), shape, name)
            case CarryIn(name=name, shape=shape):
                return array(self.reals[name], shape, name)
            case Gather() | Call() | Extern():
                return computed(op, [self.values[r] for r in _arguments(op)], self.externs)
            case Expect() | Prob():
                return reading(op, self.family, self._scalar)
            case _:
                self.family, value = act(
                    op, self.family, self._scalar, self.values.__getitem__, self._param
                )
                return value

    def _scalar(self, scalar: Scalar) -> float:
        if isinstance(scalar, Elem):
            return float(self.values[scalar.ref].ravel()[scalar.index])
        return float(scalar)

    def _param(self, name: str) -> Array:
        return np.asarray(_given(self.params, name, "parameter"), dtype=np.float64)


def _arguments(op: Gather | Call | Extern) -> Iterable[Ref]:
    return op.sources if isinstance(op, Gather) else op.args


def _carried_on(graph: CellGraph, run: _Run) -> State:
    """The state that the next step finds, its wires and bits under the names they enter by."""
    wires, out = graph.carried_wires, graph.carried_wires_out
    left = {w for m in run.family for w in m.density.wires}
    if left != set(out):
        raise ValueError(f"wires {sorted(left ^ set(out))} are neither carried on nor discarded")
    exprs = {
        bit: expr
        for c in graph.carries
        if isinstance(c, BitCarry)
        for bit, expr in zip(c.bits, c.out, strict=True)
    }
    family = regrouped(run.family, lambda m: {b: holds(e, m.bits) for b, e in exprs.items()}, out)
    names = dict(zip(out, wires, strict=True))
    family = tuple(Member(m.bits, m.density.renamed(names)) for m in family)
    reals = {
        c.name: array(run.values[c.out], c.shape, c.name)
        for c in graph.carries
        if isinstance(c, RealCarry)
    }
    return State(family, reals, wires, _carried_bits(graph))


def _carried_bits(graph: CellGraph) -> tuple[int, ...]:
    return tuple(b for c in graph.carries if isinstance(c, BitCarry) for b in c.bits)


def _step_count(sequences: Mapping[str, Array], steps: int | None) -> int:
    lengths = {name: len(s) for name, s in sequences.items()}
    if steps is None:
        if not lengths:
            raise ValueError("a cell without inputs needs a number of steps")
        steps = next(iter(lengths.values()))
    for name, length in lengths.items():
        if length != steps:
            raise ValueError(f"input `{name}` has {length} steps, expected {steps}")
    return steps


def _given(arrays: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in arrays:
        raise ValueError(f"the {what} `{name}` is missing: given are {', '.join(arrays) or 'none'}")
    return arrays[name]
