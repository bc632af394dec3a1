"""A model at other hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping

from ..diagnostics.source import Source
from ..runtime.model import Model
from ..sema import load_text_program
from ..sema.closed import RunCell
from ..syntax import parse
from ..syntax.tree import CellItem, ModelItem, Number


def remade(model: Model, **hyper: object) -> Model:
    """The model with some hyperparameters changed. Raises CompileError for impossible values."""
    program = model.program
    changed = {**program.hyper, **hyper}
    made = load_text_program(program.text, "<model>", program.entry, changed, program.imports)
    return Model(made, model.folder, "float64", model.externs)


def whole_numbers(model: Model) -> dict[str, int]:
    """The entry's `int` hyperparameters with their values here, as far as these are plain."""
    program = model.program
    tree, _ = parse(Source("<model>", program.text))
    assert tree is not None  # it compiled
    found = {}
    for item in tree.items:
        if isinstance(item, CellItem | ModelItem) and item.name.text == program.entry:
            for p in item.params:
                value = program.hyper.get(p.name.text)
                if value is None and isinstance(p.default, Number):
                    value = p.default.value  # a whole number is an `int`
                if p.type.name.text == "int" and isinstance(value, int):
                    found[p.name.text] = value
    return found


def qubits(model: Model) -> int:
    """Qubits of a step, all cells together."""
    runs = (op for op in model.closed.ops if isinstance(op, RunCell))
    return sum(len(r.wires) for op in runs for r in op.cell.registers)


def trained(model: Model) -> int:
    """How many trained numbers there are."""
    total = 0
    for spec in model.closed.params:
        count = 1
        for n in spec.shape:
            count *= n
        total += count * spec.trained
    return total


def sizes(model: Model, values: Mapping[str, int]) -> tuple[int, int]:
    """Qubits and trained parameters at other hyperparameters."""
    other = remade(model, **values)
    return qubits(other), trained(other)
