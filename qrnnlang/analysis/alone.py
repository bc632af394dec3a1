"""A cell of a model by itself: the sequence model that applies it to its inputs."""

from __future__ import annotations

from dataclasses import replace

from ..sema.closed import (
    BitCarry,
    CellOutput,
    ClosedModel,
    Input,
    ModelOp,
    ModelOutput,
    Port,
    QubitCarry,
    RealCarry,
    RunCell,
    ValueType,
)
from .finding import NotDefined


def alone(run: RunCell) -> ClosedModel:
    """The model that has the cell's inputs, as sequences, and its outputs; no loss.

    A cell without inputs gets one that it does not read, `steps`: something has to say how many
    steps and sequences there are.
    """
    cell = run.cell
    ports = tuple(replace(p, seq=True) for p in cell.inputs) or (Port("steps", ()),)
    ops: list[ModelOp] = [Input(p.name, p.shape, p.labels) for p in ports]
    types = [ValueType(p.shape, True, True) for p in ports]
    ops.append(RunCell(run.instance, cell, tuple(range(len(cell.inputs)))))
    types.append(ValueType((), True, True))
    outputs = []
    for output in cell.outputs:
        outputs.append(ModelOutput(output.name, output.shape, True, len(ops)))
        ops.append(CellOutput(len(ports), output.name))
        types.append(ValueType(output.shape, True, True))
    return ClosedModel(
        cell.name, ports, (), cell.params, tuple(ops), tuple(types), tuple(outputs), doc=cell.doc
    )


def chosen(model: ClosedModel, name: str | None = None) -> int:
    """Which operation of a model applies the cell to study: the one called `name`, or the only one

    that carries something, or the only one. Raises ValueError where that is not clear, NotDefined
    for a model without cells.
    """
    runs = {i: op for i, op in enumerate(model.ops) if isinstance(op, RunCell)}
    if not runs:
        raise NotDefined(f"`{model.name}` applies no cell")
    if name is not None:
        named = [i for i, op in runs.items() if name in (op.instance, op.cell.name)]
        if named:
            return named[0]
        known = ", ".join(f"`{op.instance or op.cell.name}`" for op in runs.values())
        raise ValueError(f"`{model.name}` has no cell `{name}`; it has {known}")
    carrying = [i for i, op in runs.items() if op.cell.carries]
    if len(carrying) == 1 or len(runs) == 1:
        return (carrying or list(runs))[0]
    known = ", ".join(f"`{runs[i].instance}`" for i in carrying or runs)
    raise ValueError(f"`{model.name}` has several cells: say which, of {known}")


def size_of_state(run: RunCell) -> tuple[int, int, int]:
    """Carried qubits, bits and reals."""
    qubits = bits = reals = 0
    for carry in run.cell.carries:
        match carry:
            case QubitCarry(wires=wires):
                qubits += len(wires)
            case BitCarry(bits=held):
                bits += len(held)
            case RealCarry(shape=shape):
                count = 1
                for n in shape:
                    count *= n
                reals += count
    return qubits, bits, reals
