"""Short ways to elaborate a text and look at what came out."""

from __future__ import annotations

from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedCell, Gate, Op, RunCell

VERSION = "qrnn 1.0;\n"


def cell(text: str, entry: str | None = None, **hyper: object) -> ClosedCell:
    """The closed cell of a text whose entry is a cell."""
    model = load_text(VERSION + text, entry=entry, hyper=hyper)
    (run,) = (op for op in model.ops if isinstance(op, RunCell))
    return run.cell


def ops(text: str, kind: type, **hyper: object) -> list[Op]:
    """The operations of one kind, in order."""
    return [op for op in cell(text, **hyper).ops if isinstance(op, kind)]


def gates(body: str, qubits: int = 4) -> list[tuple[str, str, tuple[int, ...]]]:
    """Name, extra controls and wires of the gates that a body applies to `q: qubit[n]`."""
    text = f"cell A {{ fresh q: qubit[{qubits}]; {body} output y = expect(Z(q)); }}"
    return [(g.name, g.ctrl, g.wires) for g in ops(text, Gate)]
