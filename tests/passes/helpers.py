"""Steps for the passes: cells from source, and random lines in which much can be joined."""

from __future__ import annotations

from math import pi

import numpy as np

from qrnnlang.ir.graph import build
from qrnnlang.passes import PASSES, Settings, Stamp, Step, finished, optimised
from qrnnlang.passes.line import cost
from qrnnlang.passes.verify import Verifier
from qrnnlang.sema import load_text
from qrnnlang.sema.closed import ClosedCell, Gate, RunCell
from qrnnlang.targets.template import template
from tests.engine.soup import Soup

KINDS = ("gate", "gate", "gate", "gate", "gate", "gate", "reset", "measure", "read", "postselect")


def step_of(body: str, head: str = "", steps: bool = False) -> Step:
    """The step of a cell with carried `m[3]`, fresh `e[2]`, input `x[2]`, parameters `w[8]`."""
    source = f"""qrnn 1.0;
    cell C {{
        input x: real[2];
        carry m: qubit[3];
        fresh e: qubit[2];
        param w: angle[8];
        {head}
        {body}
    }}"""
    return step_of_cell(cell_of_text(source))


def cell_of_text(source: str) -> ClosedCell:
    (op,) = (op for op in load_text(source).ops if isinstance(op, RunCell))
    return op.cell


def step_of_cell(cell: ClosedCell) -> Step:
    return template(build(cell)).step


def after(name: str, step: Step) -> Step:
    """The step after a pass, checked: the channel stays, and a second time changes nothing."""
    found = PASSES[name](step, {})
    check = Verifier()
    check(name, step, found, 0.0)
    assert check.unchecked == 0
    assert PASSES[name](found, {}).line == found.line
    return found


def gates(step: Step) -> list[str]:
    """The names of the gates of a line, with `c` for every extra control."""
    return ["c" * len(i.ctrl) + i.name for _, i in step.line if isinstance(i, Stamp)]


def cx(step: Step) -> int:
    return cost(step.line)


def whole(step: Step, level: int, watch: tuple = ()) -> Step:
    settings = Settings(level, watch)
    return finished(optimised(step, settings), settings)


class Dense(Soup):
    """A soup whose gates often come back: the same, undone, or about another angle."""

    def _gate(self) -> None:
        before = [op for op in self.ops if isinstance(op, Gate) and op.wires]
        if before and self.rng.random() < 0.5:
            op = before[-int(self.rng.integers(1, min(5, len(before)) + 1))]
            params = tuple(self._scalar() if self.rng.random() < 0.5 else p for p in op.params)
            self.add(Gate(op.name, params, op.wires, op.ctrl, op.when))
            return
        super()._gate()

    def _scalar(self):
        special = (pi / 2, pi, -pi / 2, 0.0, 2 * pi, pi / 4)
        return special[self.rng.integers(6)] if self.rng.random() < 0.4 else self.scalar()


def dense(seed: int, length: int = 30, feedback: bool | None = None) -> ClosedCell:
    rng = np.random.default_rng(seed)
    carried = int(rng.integers(1, 3))
    fed = bool(seed % 2) if feedback is None else feedback
    static = 0.5 if fed else 1.0
    return Dense(
        rng,
        kinds=KINDS,
        carried=carried,
        fresh=3 - carried,
        length=length,
        feedback=fed,
        static=static,
    ).build()
