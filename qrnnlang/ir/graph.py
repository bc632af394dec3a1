"""The cell graph: one time step as a directed acyclic graph of operations.

A node is the number of an operation; its `op` attribute holds it, `origin` where it comes from. Two
more nodes, `CARRY_IN` and `CARRY_OUT`, make the recurrence explicit: what leaves through the one
enters through the other at the next step. An edge says in `via` why the order matters: a value, a
wire, a bit, or the norm of the state (a postselection changes what every later read finds).
Graphs are values: passes build new ones with `with_operations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import networkx as nx

from ..sema.closed import (
    BitCarry,
    Carry,
    CarryIn,
    ClosedCell,
    Discard,
    Expect,
    Op,
    Origin,
    Output,
    ParamSpec,
    Port,
    Postselect,
    Prob,
    QubitCarry,
    RealCarry,
    Ref,
    RegisterInfo,
)
from .operands import bits_in, bits_read, bits_written, values_read, wires_of

CARRY_IN = "carry-in"
CARRY_OUT = "carry-out"


@dataclass(frozen=True)
class CellGraph:
    """A cell as a graph, with its boundary. `init` runs once, before the first step."""

    name: str
    inputs: tuple[Port, ...]
    params: tuple[ParamSpec, ...]
    outputs: tuple[Output, ...]
    carries: tuple[Carry, ...]
    registers: tuple[RegisterInfo, ...]
    dag: nx.DiGraph[Ref | str]
    init: tuple[Op, ...] = ()
    doc: str = ""

    def operations(self) -> Iterator[tuple[Ref, Op]]:
        """The operations in program order, which is a topological order of the graph."""
        for node in sorted(n for n in self.dag if isinstance(n, int)):
            yield node, self.dag.nodes[node]["op"]

    def op(self, ref: Ref) -> Op:
        found: Op = self.dag.nodes[ref]["op"]
        return found

    def origin(self, ref: Ref) -> Origin:
        found: Origin = self.dag.nodes[ref]["origin"]
        return found

    @property
    def carried_wires(self) -> tuple[int, ...]:
        """The wires that enter with the recurrence, register by register."""
        return tuple(w for c in self.carries if isinstance(c, QubitCarry) for w in c.wires)

    @property
    def carried_wires_out(self) -> tuple[int, ...]:
        """The wires the same registers leave on, in the same order."""
        return tuple(w for c in self.carries if isinstance(c, QubitCarry) for w in c.out)

    def with_operations(
        self,
        operations: Iterable[tuple[Ref, Op, Origin]],
        outputs: tuple[Output, ...] | None = None,
        carries: tuple[Carry, ...] | None = None,
    ) -> CellGraph:
        """The same cell with other operations; numbers must grow in program order."""
        outputs = self.outputs if outputs is None else outputs
        carries = self.carries if carries is None else carries
        return replace(
            self, outputs=outputs, carries=carries, dag=_dag(operations, outputs, carries)
        )


def build(cell: ClosedCell) -> CellGraph:
    """The graph of a closed cell; operation numbers are the positions in `cell.ops`."""
    numbered = zip(range(len(cell.ops)), cell.ops, cell.origins, strict=True)
    return CellGraph(
        name=cell.name,
        inputs=cell.inputs,
        params=cell.params,
        outputs=cell.outputs,
        carries=cell.carries,
        registers=cell.registers,
        dag=_dag(numbered, cell.outputs, cell.carries),
        init=cell.init,
        doc=cell.doc,
    )


def _dag(
    operations: Iterable[tuple[Ref, Op, Origin]],
    outputs: tuple[Output, ...],
    carries: tuple[Carry, ...],
) -> nx.DiGraph[Ref | str]:
    dag: nx.DiGraph[Ref | str] = nx.DiGraph()
    dag.add_node(CARRY_IN)
    last_on_wire: dict[int, Ref | str] = {}
    last_on_bit: dict[int, Ref | str] = {}
    for carry in carries:
        match carry:
            case QubitCarry(wires=wires):
                last_on_wire.update(dict.fromkeys(wires, CARRY_IN))
            case BitCarry(bits=bits):
                last_on_bit.update(dict.fromkeys(bits, CARRY_IN))
    last_norm: Ref | None = None
    reads_since_norm: list[Ref] = []

    def link(before: Ref | str | None, after: Ref | str, via: tuple[str, object]) -> None:
        if before is None:
            return
        if dag.has_edge(before, after):
            dag.edges[before, after]["via"] += (via,)
        else:
            dag.add_edge(before, after, via=(via,))

    for ref, op, origin in operations:
        dag.add_node(ref, op=op, origin=origin)
        if isinstance(op, CarryIn):
            link(CARRY_IN, ref, ("value", op.name))
        for value in values_read(op):
            link(value, ref, ("value", value))
        for bit in bits_read(op):
            link(last_on_bit.get(bit), ref, ("bit", bit))
        for bit in bits_written(op):
            last_on_bit[bit] = ref
        for wire in wires_of(op):
            link(last_on_wire.get(wire), ref, ("wire", wire))
            last_on_wire[wire] = ref
        if isinstance(op, Postselect):
            for read in reads_since_norm:
                link(read, ref, ("norm", None))
            if not reads_since_norm:
                link(last_norm, ref, ("norm", None))
            last_norm, reads_since_norm = ref, []
        elif isinstance(op, Expect | Prob | Discard):
            link(last_norm, ref, ("norm", None))
            reads_since_norm.append(ref)

    dag.add_node(CARRY_OUT)
    for carry in carries:
        match carry:
            case QubitCarry(out=out):
                for wire in out:
                    link(last_on_wire.get(wire), CARRY_OUT, ("wire", wire))
            case RealCarry(name=name, out=ref):
                link(ref, CARRY_OUT, ("value", name))
            case BitCarry(out=exprs):
                for bit in dict.fromkeys(b for e in exprs for b in bits_in(e)):
                    link(last_on_bit.get(bit), CARRY_OUT, ("bit", bit))
    if any(isinstance(c, QubitCarry | BitCarry) for c in carries):
        # A postselection changes what is carried on even where its own wires are let go.
        link(last_norm, CARRY_OUT, ("norm", None))
    return dag
