"""A model on a noisy device: its gates in those of the device, each followed by its noise.

After every gate of the device its qubits are depolarised, together, and relax for as long as the
gate lasts: amplitude damping by T1 and dephasing by T2, each on its own. Reads are wrong as often
as the device's. What is not a gate is without noise: idle qubits, resets, `prepare` and `apply`,
the change of basis before a read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from ...ir.graph import CellGraph, build
from ...ir.rewrite import rewritten
from ...passes.as_graph import as_graph
from ...passes.line import Item, Polynomial, Stamp, Step, constant, number, scaled, total
from ...sema.closed import (
    BitExpr,
    Channel,
    ClosedCell,
    ClosedModel,
    Op,
    Origin,
    Output,
    RealCarry,
    RunCell,
    Wire,
)
from ..qiskit_circuit import _GATES
from ..template import template
from .readout import Readout
from .typical import Typical


def noisy_model(model: ClosedModel, device: Typical) -> ClosedModel:
    """The model with every cell on the device.

    Raises:
        CompileError: E0605 for an `evolve` without `steps` whose terms do not commute.
    """
    made = _Noisy(device)
    ops = tuple(
        replace(op, cell=made.cell(op.cell)) if isinstance(op, RunCell) else op for op in model.ops
    )
    return replace(model, ops=ops)


@dataclass
class _Noisy:
    device: Typical
    _cells: dict[int, tuple[ClosedCell, ClosedCell]] = field(default_factory=dict)
    _passes: dict[int, Any] = field(default_factory=dict)

    def cell(self, cell: ClosedCell) -> ClosedCell:
        if id(cell) not in self._cells:
            self._cells[id(cell)] = (cell, self._made(cell))
        return self._cells[id(cell)][1]

    def _made(self, cell: ClosedCell) -> ClosedCell:
        graph = build(cell)
        given = template(graph, keep_noise=True)
        step = as_graph(Step(graph, tuple(self._line(given.line)), graph.carries))
        # The line before the first step, as if it were a step whose outputs are the carried reals.
        reals = [c for c in graph.carries if isinstance(c, RealCarry)]
        rows = ((r, op, Origin(None)) for r, op in enumerate(graph.init))
        outputs = tuple(Output(c.name, c.shape, c.initial) for c in reals)
        begin = graph.with_operations(rows, outputs, ())
        start = as_graph(Step(begin, tuple(self._line(given.init)), ()))
        initial = {o.name: o.ref for o in start.outputs}
        ops = _ops(step)
        found = replace(
            cell,
            ops=ops,
            origins=(Origin(None),) * len(ops),
            outputs=step.outputs,
            carries=tuple(
                replace(c, initial=initial[c.name]) if isinstance(c, RealCarry) else c
                for c in step.carries
            ),
            init=_ops(start),
        )
        if not self.device.reads_1 and not self.device.reads_0:
            return found
        return rewritten(found, Readout(self.device.reads_1, self.device.reads_0))

    # --- gates ------------------------------------------------------------------------------------

    def _line(self, line: Sequence[Item]) -> Iterator[Item]:
        """Runs of gates under one condition, translated as one circuit."""

        def kind(item: Item) -> tuple[bool, BitExpr | None]:
            stamp = item[1]
            return isinstance(stamp, Stamp), stamp.when if isinstance(stamp, Stamp) else None

        for (gates, when), run in groupby(line, kind):
            items = list(run)
            if not gates:
                yield from items
                continue
            ref = items[-1][0]
            stamps = [s for _, s in items if isinstance(s, Stamp) and s.wires]
            for stamp in self._native(stamps, when):
                yield ref, stamp
                yield from ((ref, channel) for channel in self._noise(stamp))

    def _native(self, stamps: Sequence[Stamp], when: BitExpr | None) -> list[Stamp]:
        from qiskit import QuantumCircuit
        from qiskit.circuit import Parameter
        from qiskit.circuit.library import MCXGate

        from ..devices.lower import linear

        if not stamps:
            return []
        wires = list(dict.fromkeys(w for s in stamps for w in s.wires))
        at = {w: i for i, w in enumerate(wires)}
        # A circuit of one qubit would have no pairs to speak of; see `Typical.target`.
        circuit = QuantumCircuit(max(len(wires), 2))
        angles: list[Polynomial] = []
        slots: dict[str, tuple[int, int]] = {}

        def value(angle: Polynomial) -> Any:
            known = constant(angle)
            if known is not None:
                return known
            if angle not in angles:
                slots[f"a{len(angles)}"] = (len(angles), 0)
                angles.append(angle)
            return Parameter_[angles.index(angle)]

        class _Parameters(dict[int, Any]):
            def __missing__(self, k: int) -> Any:
                self[k] = Parameter(f"a{k}")
                return self[k]

        Parameter_ = _Parameters()
        for s in stamps:
            values = [value(a) for a in s.angles]
            gate = MCXGate(len(s.wires) - 1) if s.name == "mcx" else _GATES[s.name](*values)
            circuit.append(gate, [at[w] for w in s.wires])
        circuit = self._translated(circuit)
        found = []
        for item in circuit.data:
            op = item.operation
            where = tuple(wires[circuit.find_bit(q).index] for q in item.qubits)
            turned = []
            for p in op.params:
                offset, terms = linear(p, slots)
                turned.append(total(number(offset), *(scaled(c, angles[k]) for c, k, _ in terms)))
            found.append(Stamp(op.name, where, tuple(turned), when))
        return found

    def _translated(self, circuit: Any) -> Any:
        from qiskit.transpiler import generate_preset_pass_manager

        n = circuit.num_qubits
        if n not in self._passes:
            whole = generate_preset_pass_manager(
                1, target=self.device.target(n), seed_transpiler=0, layout_method="trivial"
            )
            self._passes[n] = [whole.translation, whole.optimization]
        for part in self._passes[n]:
            circuit = part.run(circuit)
        return circuit

    def _noise(self, gate: Stamp) -> Iterator[Op]:
        device, name = self.device, gate.name
        rates: list[tuple[str, float, list[tuple[Wire, ...]]]] = [
            ("depolarizing", device.depolarizing(name), [gate.wires]),
            ("amplitude_damping", device.damping(name), [(w,) for w in gate.wires]),
            ("phase_damping", device.dephasing(name), [(w,) for w in gate.wires]),
        ]
        for channel, rate, places in rates:
            if rate > 0.0:
                for where in places:
                    yield Channel(channel, (rate,), where, gate.when)


def _ops(graph: CellGraph) -> tuple[Op, ...]:
    return tuple(op for _, op in graph.operations())
